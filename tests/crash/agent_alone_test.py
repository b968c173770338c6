"""An agent runs one instance from its spec file with no service at all, once, and leaves nothing but
the instance's directory and its log."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import pathlib

import pytest

from service import GATE, TRAINYARD, wait_until

SCRIPT = "echo hello; cat /opt/ml/input/config/hyperparameters.json; echo made > /opt/ml/model/m; "


def spec_of(service):
    """The spec of a real instance, as the service wrote it."""
    name = service.create(GATE, HyperParameters={"depth": "3"})
    file = wait_until(lambda: next(service.data.glob("scratch/instances/*/lock"), None),
                      "its agent began").parent / "spec.json"
    spec = json.loads(file.read_text())
    service.open_gate(name)
    service.wait(name)
    return spec


@pytest.fixture
def alone(own_service):
    """Makes an instance of a script in a directory of its own; the service is gone."""
    spec = spec_of(own_service)
    own_service.stop()
    directories = []

    def make(script):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-alone-"))
        directories.append(directory)
        directory.chmod(0o711)
        instance = directory / "one.1.0"
        instance.mkdir()
        instance.chmod(0o711)
        (instance / "spec.json").write_text(json.dumps({
            **spec, "Id": instance.name, "Report": "none", "Service": "", "AgentSocket": "",
            "Token": "", "LogDirectory": str(directory / "log"), "Channels": [],
            "Arguments": [script]}))
        return instance

    yield make
    for directory in directories:
        shutil.rmtree(directory)


def run(instance):
    """The agent's exit code and what it said; it has no more of an environment than a fleet gives."""
    done = subprocess.run([TRAINYARD, "agent", "--spec", instance / "spec.json"], timeout=120,
                          env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    return done.returncode, done.stderr


def own_lines(instance):
    text = (instance.parent / "log/raw.log").read_text()
    return [line for line in text.splitlines() if not line.startswith("[trainyard]")]


def test_an_agent_runs_a_spec_file_with_no_service(alone):  # SEMANTICS C9, X1
    instance = alone(SCRIPT + "exit 0")
    assert run(instance) == (0, "")
    ended = json.loads((instance / "exit.json").read_text())
    assert (ended["ExitCode"], ended["Signal"], ended["Failure"]) == (0, 0, "")
    lines = own_lines(instance)
    assert lines[0] == "hello" and json.loads("".join(lines[1:])) == {"depth": "3"}
    assert (instance / "ml/model/m").read_text() == "made\n"  # stays where it is
    made_by = (instance / "ml/model/m").stat().st_uid
    assert made_by == (pwd.getpwnam("trainyard").pw_uid if os.geteuid() == 0 else os.geteuid())


def test_its_end_is_in_the_exit_record(alone):  # SEMANTICS C9
    instance = alone("echo broken >&2; exit 7")
    assert run(instance)[0] == 0  # the agent did its work: the script failed
    ended = json.loads((instance / "exit.json").read_text())
    assert ended["ExitCode"] == 7 and "exit code: 7" in ended["Failure"].lower(), ended
    assert own_lines(instance) == ["broken"]


def test_a_spec_runs_once(alone):  # SEMANTICS C8
    instance = alone("echo ran")
    assert run(instance)[0] == 0
    code, said = run(instance)
    assert code != 0 and "an agent before this one began it" in said, said
    assert own_lines(instance) == ["ran"]


def test_the_reaper_leaves_nothing_of_it_but_the_log(alone):  # SEMANTICS C9
    instance = alone("echo ran")
    assert run(instance)[0] == 0
    subprocess.run([TRAINYARD, "agent", "--reap", instance], check=True, timeout=60)
    assert [path.name for path in instance.parent.iterdir()] == ["log"]
    assert own_lines(instance) == ["ran"]
