"""Defects as edits of the source, each in a program of its own: do the tests of this directory see
them?"""

import dataclasses
import os
import shlex
import subprocess

from killing import Killing, PowerCuts
from service import BUILD, ROOT


@dataclasses.dataclass(frozen=True)
class Edit:
    file: str
    old: str
    new: str


@dataclasses.dataclass(frozen=True)
class Defect:
    name: str
    edits: tuple
    how: type  # what is done to a service that has it
    seen: str  # a pattern of what is said then


NO_FSYNC = Defect("no fsync", (
    Edit("src/service/objects/blobs.cpp", "    TRY(files_.sync(file.fd(), file.path()));\n", ""),),
    PowerCuts, "other bytes|is not what was put|its model|it has 0 bytes")

NO_DIRECTORY_FSYNC = Defect("no directory fsync", (
    Edit("src/service/objects/blobs.cpp", "  TRY(files_.sync_directory(to.parent_path()));\n", ""),),
    PowerCuts, "gone|is not what was put|SlowDown")

# What is owed is forgotten when it is begun, not when it is done.
LOST_EFFECT = Defect("a lost effect", (
    Edit("src/service/engine/effects.cpp", "bool Engine::run_one(const store::EffectRow& effect) {\n",
         "bool Engine::run_one(const store::EffectRow& effect) {\n"
         "  (void)control_.submit_and_wait([&](store::Txn& txn) -> Result<> {\n"
         "    return store::settle_effect(txn, effect.id);\n  });\n"),),
    Killing, "every job had ended|control group|instances|its agent was never killed")

# An agent neither looks whether another lives or began nor is it looked for.
NO_FENCE = Defect("no fence", (
    Edit("src/service/fleet/local.cpp", """  if (TRY(adopt(spec.Id))) return {};
  if (TRY(has_told(spec.Id))) {
    if (gone_) gone_(spec.Id);
    return {};
  }
""", ""),
    Edit("src/agent/agent.cpp", """  os::FileLock lock = TRY(os::FileLock::take(paths.lock()));
  TRY(lock.write(wire::encode_lock({::getpid(), os::boot_id()})));
""", """  auto lock = os::FileLock::take(paths.lock());
  if (lock) TRY(lock->write(wire::encode_lock({::getpid(), os::boot_id()})));
"""),
    Edit("src/agent/agent.cpp", "  if (!reports.all().empty())\n", "  if (false)\n")),
    Killing, "its script ran 2 times|it failed, but its agent was never killed|never ended")

# The answer is sent before the commit.
EARLY_ACKNOWLEDGEMENT = Defect("an early acknowledgement", (
    Edit("src/service/api/front_door.cpp",
         """  auto work = [body, write = std::move(write->write)](store::Txn& txn) -> Result<> {
    *body = TRY(write(txn));
""", """  auto work = [body, exchange, protocol = request.protocol, id = request.id,
               write = std::move(write->write)](store::Txn& txn) -> Result<> {
    *body = TRY(write(txn));
    exchange->reply(answer(protocol, Result<std::string>(*body), exchange->head(), id));
    ::usleep(5000);
"""),
    Edit("src/service/api/front_door.cpp", "    exchange->reply(answer(protocol, std::move(outcome), "
         "exchange->head(), id));\n  });\n",
         "    if (!done)\n      exchange->reply(answer(protocol, std::move(outcome), "
         "exchange->head(), id));\n  });\n"),
    Edit("src/service/api/front_door.cpp", "#include <",
         "#include <unistd.h>\n#include <")),
    Killing, "is gone|tag .* is|but it is Completed|Requested resource not found")

ALL = (NO_FSYNC, NO_DIRECTORY_FSYNC, LOST_EFFECT, NO_FENCE, EARLY_ACKNOWLEDGEMENT)


def build(defect, directory):
    """The program with this defect: the edited sources compiled as the build compiles them, and put
    before the libraries that have them without."""
    commands = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", "trainyard"],
                              capture_output=True, text=True, check=True).stdout.splitlines()
    objects = [compile_edited(file, defect, commands, directory)
               for file in dict.fromkeys(edit.file for edit in defect.edits)]
    program = directory / "trainyard"
    link = commands[-1].replace("-o trainyard ", f"-o {program} {shlex.join(objects)} ")
    subprocess.run(link, shell=True, cwd=BUILD, check=True)
    os.symlink(BUILD / "trainyard-train", directory / "trainyard-train")
    return program


def compile_edited(file, defect, commands, directory):
    text = (ROOT / file).read_text()
    for edit in defect.edits:
        if edit.file == file:
            assert edit.old in text, f"{file} has changed: {defect.name} needs another edit"
            text = text.replace(edit.old, edit.new, 1 if edit.old.startswith("#") else -1)
    # At a place that stays the same: ccache knows it again.
    source = BUILD / "defects" / defect.name.replace(" ", "-") / file.replace("/", "-")
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text)
    words = shlex.split(next(c for c in commands if c.endswith(f" -c {ROOT / file}")))
    output = words.index("-o")
    made = str(directory / source.with_suffix(".o").name)
    words[output + 1], words[-1] = made, str(source)
    for option in ("-MD",):
        words.remove(option)
    for option in ("-MT", "-MF"):
        at = words.index(option)
        del words[at:at + 2]
    subprocess.run(words, cwd=BUILD, check=True)
    return made
