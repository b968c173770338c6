"""A training container without a container: a base directory, a script, and `train` run in it.

The same tree, at the same path, is given to Trainyard's train and to the one of sagemaker-training, so that
what they do can be compared byte for byte.
"""
import atexit
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / "build/venv-toolkit"
ORIGINAL = VENV / "bin/train"
OURS = pathlib.Path(os.environ.get("TRAINYARD_TRAIN", ROOT / "build/release/trainyard-train"))
PYTORCH = "sagemaker_pytorch_container.training:main"

RESOURCES = {
    "current_host": "algo-1", "current_instance_type": "ml.m5.xlarge",
    "current_group_name": "homogeneousCluster", "hosts": ["algo-1"],
    "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.xlarge",
                         "hosts": ["algo-1"]}],
    "network_interface_name": "eth0",
}

# Writes what it sees where the test finds it.
DUMP = """
import json, os, sys
seen = {"argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ), "path0": sys.path[0]}
with open(os.path.join(os.environ["SM_OUTPUT_DIR"], "seen.json"), "w") as f:
    json.dump(seen, f)
"""


@functools.cache
def fake_torchrun():
    """A directory with the original's Python and, beside it, programs that show what they were given."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-torchrun-"))
    atexit.register(shutil.rmtree, directory)
    (directory / "python").symlink_to(python())
    for name in ("torchrun", "neuron_parallel_compile"):
        (directory / name).write_text(
            f"#!/usr/bin/python3\n{DUMP}\nif 'TORCHRUN_FAILS' in os.environ:\n"
            "    sys.exit('RuntimeError: a worker failed')\n")
        (directory / name).chmod(0o755)
    return directory


@dataclasses.dataclass
class Container:
    """What a job brings. A configuration given as text is written as it is."""
    hyperparameters: object = dataclasses.field(default_factory=dict)
    resources: object = dataclasses.field(default_factory=lambda: dict(RESOURCES))
    channels: object = dataclasses.field(default_factory=dict)
    files: dict = dataclasses.field(default_factory=lambda: {"train.py": DUMP})
    env: dict = dataclasses.field(default_factory=dict)
    program: object = "train.py"
    pytorch: bool = False
    output: bool = True
    prepare: object = None  # called with the base directory before the run


@dataclasses.dataclass
class Ended:
    code: int
    failure: object
    success: object
    seen: object
    stdout: str
    stderr: str


def _write_config(base, container):
    config = base / "input/config"
    config.mkdir(parents=True)
    hyperparameters = container.hyperparameters
    if isinstance(hyperparameters, dict) and container.program is not None:
        hyperparameters = {**hyperparameters, "sagemaker_program": container.program}
    for name, value in (("hyperparameters", hyperparameters), ("resourceconfig", container.resources),
                        ("inputdataconfig", container.channels)):
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            (config / f"{name}.json").write_text(text)


def build(base, container):
    shutil.rmtree(base, ignore_errors=True)
    _write_config(base, container)
    (base / "code").mkdir()
    if container.output:
        (base / "output").mkdir()
    for name, text in container.files.items():
        path = base / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if container.prepare:
        container.prepare(base)


def python():
    """The interpreter as the original's launcher names it: it shows in commands."""
    return ORIGINAL.read_text().splitlines()[0].removeprefix("#!")


def environment(base, container):
    env = {"PATH": f"{VENV}/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC",
           "SAGEMAKER_BASE_DIR": str(base), "SM_STUDIO_LOCAL_MODE": "true",
           "TRAINYARD_PYTHON": python(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1"}
    if container.pytorch:
        env["SAGEMAKER_TRAINING_MODULE"] = PYTORCH
    env.update(container.env)
    return env


def start(program, base, container, **popen):
    build(base, container)
    return launch(program, base, container, **popen)


def launch(program, base, container, **popen):
    """In a tree that is built."""
    return subprocess.Popen([program, "train"], env=environment(base, container), cwd="/",
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **popen)


def processes_in(base):
    """Those whose working directory is the job's code."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(base / "code"):
                found.append(int(pid))
        except OSError:
            pass  # it has ended, or is not ours to look at
    return found


def finish(process, base):
    try:
        stdout, stderr = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        for pid in [process.pid, *processes_in(base)]:
            os.kill(pid, signal.SIGKILL)
        process.communicate()
        raise
    return ended(base, process.returncode, stdout, stderr)


def ended(base, code, stdout, stderr):
    """What is there to see after a run."""
    seen = base / "output/seen.json"
    text = lambda p: p.read_text(errors="surrogateescape") if p.exists() else None  # noqa: E731
    return Ended(code, text(base / "output/failure"), text(base / "output/success"),
                 json.loads(seen.read_text()) if seen.exists() else None,
                 stdout.decode(errors="replace"), stderr.decode(errors="replace"))


def run(program, base, container):
    return finish(start(program, base, container), base)


class WarmOriginal:
    """The original, started once for many runs: see warm_train.py."""

    def __init__(self):
        program = pathlib.Path(__file__).with_name("warm_train.py")
        self.process = subprocess.Popen([python(), program, ORIGINAL], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def run(self, base, container):
        build(base, container)
        with tempfile.TemporaryDirectory() as directory:
            files = [pathlib.Path(directory, name) for name in ("stdout", "stderr")]
            print(json.dumps({"environment": environment(base, container), "stdout": str(files[0]),
                              "stderr": str(files[1])}), file=self.process.stdin, flush=True)
            if not select.select([self.process.stdout], [], [], 60)[0]:
                for pid in processes_in(base):
                    os.kill(pid, signal.SIGKILL)
                raise AssertionError("the original did not end within 60 s")
            return ended(base, int(self.process.stdout.readline()), *(file.read_bytes() for file in files))

    def end(self):
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
