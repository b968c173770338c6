"""clang-tidy over the product's sources, as many at once as there are processors.

Most of its time goes into the system's headers, so the sources of a directory are looked at several
together, as if they were one file; where that shows a mistake, or that they do not go together (two give
one name to different things), by halves. What is found clean is looked at again only when one of its files, a header or
the checks have changed: the hashes stand beside ccache's, so that another clone need not look again."""

import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOGETHER = 16  # sources at most


def sources(build):
    """{source: the words that compile it} of src/, tests left out."""
    commands = json.loads((build / "compile_commands.json").read_text())
    return {command["file"]: command["command"].split() for command in commands
            if pathlib.Path(command["file"]).is_relative_to(ROOT / "src")
            and not command["file"].endswith("_test.cpp")}


def groups(names):
    for _, directory in itertools.groupby(sorted(names), os.path.dirname):
        directory = list(directory)
        yield from (directory[at:at + TOGETHER] for at in range(0, len(directory), TOGETHER))


def dependencies(build):
    """{object: [files it was made from]} as Ninja recorded them."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], text=True, capture_output=True,
                          check=True).stdout
    found, name = {}, ""
    for line in text.splitlines():
        if line.startswith("    "):
            found[name].append(line.strip())
        elif ": #deps" in line:
            name = line.split(":")[0]
            found[name] = []
    return found


def clean_directory():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(cache) / "trainyard/clang-tidy"


def state_of(files):
    """A hash of the project's files among these; system headers change with a new machine only."""
    total = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted({pathlib.Path(name) for name in files}):
        if path.is_relative_to(ROOT):
            total.update(bytes(path.relative_to(ROOT)) + b"\0" + path.read_bytes())
    return total.hexdigest()


def look_at(build, group, words):
    """The mistakes in these sources, or ""."""
    if len(group) == 1:
        return mistakes(build, group[0])
    with tempfile.TemporaryDirectory() as directory:
        together = pathlib.Path(directory) / "together.cpp"
        together.write_text("".join(f'#include "{name}"\n' for name in group))
        compiled = [*words[:words.index("-o")], "-Wno-everything", "-c", str(together)]
        (together.parent / "compile_commands.json").write_text(json.dumps(
            [{"directory": str(build), "file": str(together), "arguments": compiled}]))
        if not mistakes(directory, together):
            return ""
    half = len(group) // 2
    return look_at(build, group[:half], words) + look_at(build, group[half:], words)


def mistakes(directory, source):
    ran = subprocess.run(["clang-tidy-19", f"--config-file={ROOT}/.clang-tidy", "--quiet",
                          "-p", directory, source], text=True,
                         capture_output=True)
    return ran.stdout or f"clang-tidy-19 {source}: {ran.returncode}\n" if ran.returncode else ""


def main(build):
    clean = clean_directory()
    clean.mkdir(parents=True, exist_ok=True)
    made_from = dependencies(build)
    compiled = sources(build)

    def state(group):
        objects = [compiled[name][compiled[name].index("-o") + 1] for name in group]
        return state_of(itertools.chain(group, *(made_from.get(name, []) for name in objects)))

    todo = {tuple(group): clean / state(group) for group in groups(compiled)}
    todo = {group: mark for group, mark in todo.items() if not mark.exists()}
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = pool.map(lambda group: look_at(build, group, compiled[group[0]]), todo)
        for group, said in zip(todo, looks):
            if said:
                bad += 1
                print(said)
            else:
                todo[group].touch()
    print(f"{sum(map(len, todo))} files looked at, in {bad} of {len(todo)} groups are mistakes")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(ROOT / sys.argv[1]))
