"""An agent runs one instance from its spec file with no service at all, once, and leaves nothing but
the instance's directory and its log."""

import contextlib
import fcntl
import itertools
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
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

    def make(script, **more):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-alone-"))
        directories.append(directory)
        directory.chmod(0o711)
        instance = directory / "one.1.0"
        instance.mkdir()
        instance.chmod(0o711)
        (instance / "spec.json").write_text(json.dumps({
            **spec, "Id": instance.name, "Report": "none", "Service": "", "AgentSocket": "",
            "DoorSocket": "",
            "Token": "", "LogDirectory": str(directory / "log"), "Channels": [],
            "Arguments": [script], **more}))
        return instance

    yield make
    for directory in directories:
        shutil.rmtree(directory)


def run(instance, **more):
    """The agent's exit code and what it said; it has no more of an environment than a fleet gives."""
    done = subprocess.run([TRAINYARD, "agent", "--spec", instance / "spec.json"], timeout=120,
                          env={"PATH": os.environ["PATH"], **more}, capture_output=True, text=True)
    return done.returncode, done.stderr


def reports(instance):
    return [json.loads(line) for line in (instance / "report.log").read_text().splitlines()]


class OneCommand:
    """A service that has one command for its agent and fails whatever else is asked of it."""

    def __init__(self, path, command):
        self.command, self.heard = command, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=[peer], daemon=True).start()

    def answer(self, peer):
        with contextlib.suppress(BrokenPipeError), peer, peer.makefile("rwb") as stream:  # it ended
            head = b"".join(itertools.takewhile(lambda line: line not in (b"\r\n", b""), stream))
            if b"/-/agent" not in head:
                stream.write(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n")
                return
            stream.write(b"HTTP/1.1 101 Go\r\nUpgrade: trainyard-agent/1\r\n"
                         b"Connection: Upgrade\r\n\r\n")
            stream.flush()
            stream.readline()  # who it is
            self.say(stream, self.command)
            for line in stream:
                self.heard.append(json.loads(line))
                self.say(stream, "Ack", self.heard[-1]["Number"])

    @staticmethod
    def say(stream, kind, number=0):
        stream.write(json.dumps({"Kind": kind, "Number": number}).encode() + b"\n")
        stream.flush()


def commanded(alone, command):
    """An instance that is told the command while it restores its checkpoints, and its service."""
    instance = alone("echo ran")
    path = instance.parent / "agent.sock"
    spec = json.loads((instance / "spec.json").read_text())
    (instance / "spec.json").write_text(json.dumps({
        **spec, "Report": "service", "Service": "http://127.0.0.1:1", "AgentSocket": str(path),
        "DoorSocket": str(path), "Token": "t",
        "Checkpoint": {"LocalPath": "/opt/ml/checkpoints", "S3Uri": "s3://bucket/p"}}))
    return instance, OneCommand(path, command)


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


def test_a_second_reaper_waits_for_the_first_and_spares_what_came_after(alone):  # SEMANTICS C9
    instance = alone("echo ran")
    assert run(instance)[0] == 0
    with open(instance / "reaper", "w") as lock:  # as a reaper that still works
        fcntl.lockf(lock, fcntl.LOCK_EX)
        second = subprocess.Popen([TRAINYARD, "agent", "--reap", instance])
        try:
            wait_until(lambda: f"-> POSIX  ADVISORY  WRITE {second.pid} " in
                       pathlib.Path("/proc/locks").read_text(), "the second reaper waits")
            instance.rename(instance.parent / ".gone-1")
            (instance / "ml").mkdir(parents=True)
        finally:
            fcntl.lockf(lock, fcntl.LOCK_UN)
            assert second.wait(60) == 0
    assert (instance / "ml").is_dir()


def test_what_keeps_the_container_from_being_made_is_in_the_exit_record(alone):  # SEMANTICS C9
    instance = alone("echo ran", Checkpoint={"LocalPath": "/", "S3Uri": "s3://bucket/p"})
    code, said = run(instance)
    assert code != 0 and "sandbox's own" in said, said
    ended = json.loads((instance / "exit.json").read_text())
    assert ended["Failure"].startswith("ClientError: ") and "sandbox's own" in ended["Failure"]
    assert own_lines(instance) == []


def test_a_spec_that_cannot_be_read_is_the_agents_failure_with_its_reason(alone):  # SEMANTICS C9
    instance = alone("echo ran")
    (instance / "spec.json").write_text('{"V": 1}')
    code, said = run(instance)
    assert code != 0 and said
    ended = json.loads((instance / "exit.json").read_text())
    assert ended["Failure"].startswith("InternalServerError: the agent could not go on: "), ended
    assert [(r["Kind"], r["Failure"]) for r in reports(instance)] == [
        ("Exited", ended["Failure"]), ("Finished", ended["Failure"])]


FAILING_FSYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int fsync(int fd) {  /* EIO for the first report */
  char name[64], path[4096] = "";
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  if (readlink(name, path, sizeof path - 1) > 0 && strstr(path, "/report.log"))
    if (access("/proc/self/fd", F_OK) == 0) { static int n; if (!n++) return errno = EIO, -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) { return fsync(fd); }
"""


def test_an_agent_that_cannot_go_on_leaves_no_script_running_and_says_why(alone):
    # SEMANTICS J33, X24
    instance = alone("echo ran; exec sleep 98123")
    shim = instance.parent / "failing_fsync.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, "-xc", "-", "-ldl"], check=True, text=True,
                   input=FAILING_FSYNC)
    code, said = run(instance, LD_PRELOAD=str(shim))
    assert code != 0 and "report.log" in said, said
    failures = [(r["Kind"], r["Failure"]) for r in reports(instance)]
    reason = failures[0][1]
    assert reason.startswith("InternalServerError: the agent could not go on: "), reason
    assert failures == [("Exited", reason), ("Finished", reason)]
    assert f"[trainyard] {reason}\n" in (instance.parent / "log/raw.log").read_text()
    assert json.loads((instance / "exit.json").read_text())["Failure"] == reason
    assert not (instance / "scratch").exists()


@pytest.mark.parametrize("how", ["its script ends", "it is killed"])
def test_two_agents_have_a_gpu_one_after_the_other(alone, how):  # SEMANTICS X33
    first = alone("trap '' TERM; " + GATE)
    gpu = {"Gpus": [{"Uuid": "GPU-aa", "Index": 3, "Minor": 0}], "GpuLocks": str(first.parent / "gpu")}
    second = alone("echo ran", Id="two.1.0", **gpu)
    spec = json.loads((first / "spec.json").read_text())
    (first / "spec.json").write_text(json.dumps({**spec, **gpu}))
    agents = [subprocess.Popen([TRAINYARD, "agent", "--spec", first / "spec.json"], stderr=subprocess.PIPE)]
    try:
        gate = wait_until(lambda: next(first.glob("ml/output/*.gate"), None), "the first one's script runs")
        agents.append(subprocess.Popen([TRAINYARD, "agent", "--spec", second / "spec.json"],
                                       stderr=subprocess.PIPE, text=True))
        assert f"GPU 3 (GPU-aa) is still held by instance {first.name}" in agents[1].stderr.readline()
        assert own_lines(second) == []
        if how == "it is killed":
            agents[0].kill()
        else:
            gate.write_text("")
        assert agents[1].wait(60) == 0
        assert own_lines(second) == ["ran"]
    finally:
        for agent in agents:
            agent.kill()
            agent.wait()
            agent.stderr.close()


def test_an_agent_that_is_fenced_while_it_restores_starts_nothing(alone):  # SEMANTICS C8
    instance, service = commanded(alone, "Fenced")
    assert run(instance)[0] == 0
    assert reports(instance) == [] and own_lines(instance) == []
    assert [report for report in service.heard if report["Kind"] != "Heartbeat"] == []


def test_a_stop_while_it_restores_is_obeyed_at_once(alone):  # SEMANTICS J13
    instance, service = commanded(alone, "Stop")
    assert run(instance) == (0, "")
    assert [(r["Kind"], r["Cause"], r["Failure"]) for r in reports(instance)] == [
        ("Exited", "requested", ""), ("Finished", "", "")]
    assert [report["Kind"] for report in service.heard] == ["Exited", "Finished"]
    assert own_lines(instance) == []
