"""Environments that are added while the service runs: virtual environments, those that are made of a
requirements.txt, and whole roots."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

from scripts import archive, trained, wheel
from service import GATE, IMAGE, ROOT, running, wait_until

SETTINGS = """
[environments.of-settings]
python = "/usr/bin/python3"

[[images]]
match = "*/later:*"
environment = "later"

[[images]]
match = "*/shell:*"
environment = "shell"

[[images]]
match = "*/python:*"
environment = "python"

[[images]]
match = "*/busybox:*"
environment = "busybox"
"""
UV = ROOT / "build/uv/bin/uv"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("environments"), SETTINGS) as service:
        yield service


@pytest.fixture
def venv(tmp_path):
    """One with a torch of a version that no image has."""
    prefix = tmp_path / "venv"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", prefix], check=True)
    packages, = prefix.glob("lib/python3.*/site-packages")
    (packages / "torch").mkdir()
    (packages / "torch/version.py").write_text("__version__ = '1.10.7'\n")
    return prefix


def names(service):
    return [e["Name"] for e in json.loads(service.run("envs", "--json").stdout)["Environments"]]


def add(service, *words, **more):
    done = service.run("envs", "add", *words, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def removed(service, name):
    """Once jobs that used it have told their end."""
    wait_until(lambda: service.run("envs", "remove", name).returncode == 0, f"{name} was removed")


def image(name):
    return f"example.com/{name}:1"


def request_for(service, name, script):
    request = service.request(script)
    request["AlgorithmSpecification"]["TrainingImage"] = image(name)
    return request


def run(service, name, script):
    request = request_for(service, name, script)
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    return service.lines(job["TrainingJobName"])


def test_an_environment_is_known_at_once_and_for_good(service, venv):  # SEMANTICS E12
    why = service.run("envs", "why", image("later"))
    assert why.returncode == 4 and "add it: trainyard envs add later --python VENV" in why.stdout, why
    said = add(service, "later", "--python", venv)
    assert said.startswith("later is added: Python 3") and f"({venv}/bin/python3), torch 1.10.7" in said
    assert names(service) == ["of-settings", "later", "system Python"]
    assert run(service, "later", "python3 -c 'import sys; print(sys.prefix)'") == [str(venv)]
    closest = service.run("envs", "why", IMAGE).stdout
    assert "here runs torch 1.10.7" in closest and "(later)" in closest
    service.stop()
    service.start()
    assert names(service) == ["of-settings", "later", "system Python"]
    removed(service, "later")
    assert names(service) == ["of-settings", "system Python"] and venv.exists()
    assert service.run("envs", "why", image("later")).returncode == 4


def test_an_interpreter_will_do_by_a_relative_path(service, venv):  # SEMANTICS E12
    said = add(service, "later", "--python", "bin/python", "--json", cwd=venv)
    assert json.loads(said)["Python"] == f"{venv}/bin/python"
    removed(service, "later")


@pytest.mark.release_alone
@pytest.mark.parametrize("words, code, says", [
    (["of-settings", "--python", "/usr"], 4, "the settings have one of that name"),
    (["system Python", "--python", "/usr"], 2, "is no name for an environment"),
    (["-x", "--python", "/usr"], 2, ""),
    (["x/y", "--python", "/usr"], 2, "is no name for an environment"),
    (["x", "--python", "/no/such"], 4, "there is no interpreter at /no/such"),
    (["x", "--python", "/no/such/bin/python3"], 4, "open /no/such: No such file or directory"),
    (["x", "--python", "/etc"], 4, "there is no interpreter at /etc/bin/python3"),
    (["x", "--python", "/etc/passwd"], 4, ""),
    (["x", "--root", "/"], 4, "jobs would see all of /"),
    (["x", "--root", "/etc"], 4, "neither bin nor usr is in it"),
    (["x", "--root", "/usr/bin/env"], 4, "Not a directory"),
    (["x", "--requirements", "/no/such"], 4, "/no/such is no file that can be read"),
    (["x"], 2, "--python"), (["x", "--python", "/usr", "--root", "/usr"], 2, "--python")])
def test_what_cannot_be_added_changes_nothing(service, words, code, says):  # SEMANTICS E12, X3
    done = service.run("envs", "add", *words)
    assert done.returncode == code and says in done.stderr and done.stdout == "", done
    assert names(service) == ["of-settings", "system Python"]


def test_a_name_is_given_once(service, venv):  # SEMANTICS E12
    add(service, "later", "--python", "/usr")
    for words in (["--python", venv], ["--requirements", "/dev/null"]):
        done = service.run("envs", "add", "later", *words)
        assert done.returncode == 4 and "remove it first (trainyard envs remove later)" in done.stderr
    assert run(service, "later", "python3 -c 'import sys; print(sys.prefix)'") == ["/usr"]
    for name, says in (("latter", "did you mean 'later'?"), ("of-settings", "it is of the settings")):
        done = service.run("envs", "remove", name)
        assert done.returncode == 4 and says in done.stderr, done
    removed(service, "later")
    assert "none was added" in service.run("envs", "remove", "later").stderr


def test_the_settings_win_over_what_was_added(service, venv, tmp_path):  # SEMANTICS E12
    add(service, "later", "--python", venv)
    file = pathlib.Path(service.options[-1])
    service.stop()
    file.write_text(SETTINGS + '[environments.later]\npython = "/usr/bin/python3"\n')
    try:
        service.start()
        assert names(service) == ["later", "of-settings", "system Python"]
        assert run(service, "later", "python3 -c 'import sys; print(sys.prefix)'") == ["/usr"]
    finally:
        service.stop()
        file.write_text(SETTINGS)
        service.start()
    assert run(service, "later", "python3 -c 'import sys; print(sys.prefix)'") == [str(venv)]
    removed(service, "later")


def test_a_path_that_is_only_named_is_not_opened(service):  # SEMANTICS E7, E12
    """Whoever has a key, a job say, can ask; the directory comes from a client of this machine alone."""
    more = {"TRAINYARD_DATA": "/no/such"}
    script = """
import botocore.auth, botocore.awsrequest, botocore.credentials, os, sys, urllib.error, urllib.request
key = botocore.credentials.Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
request = botocore.awsrequest.AWSRequest("POST", os.environ["AWS_ENDPOINT_URL"] + "/", data=sys.argv[1],
    headers={"X-Amz-Target": "Trainyard.AddEnvironment", "Content-Type": "application/x-amz-json-1.1"})
botocore.auth.SigV4Auth(key, "sagemaker", "us-east-1").add_auth(request)
try:
    urllib.request.urlopen(urllib.request.Request(request.url, sys.argv[1].encode(), dict(request.headers)))
except urllib.error.HTTPError as error:
    print(error.read().decode())
"""
    for wish in ({"Name": "x", "Python": "/usr/bin/python3"}, {"Name": "x", "Root": True}):
        said = subprocess.run([sys.executable, "-c", script, json.dumps(wish)], check=True, text=True,
                              env={**service.environment, **more}, capture_output=True).stdout
        assert "no directory was handed over" in said, said
    assert "x" not in names(service)


# ---- of a requirements.txt -----------------------------------------------------------------------

@pytest.fixture(params=[pytest.param("pip", marks=pytest.mark.release_alone), "uv"])
def installer(request, tmp_path):
    """A user's variables, with or without uv on the path; no index but a directory of wheels."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "ty_one", "1.0", {"ty_one.py": "NAME = 'one 1.0'\n"})
    path = "/usr/bin:/bin"
    if request.param == "uv":
        assert UV.exists(), "uv is not installed: ./setup makes build/uv"
        path = f"{UV.parent}:{path}"
    return {"PATH": path, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "VIRTUAL_ENV": ""}


@pytest.fixture
def is_uv(installer):
    return str(UV.parent) in installer["PATH"]


def made(service):
    return sorted((service.data / "environments").iterdir())


def test_an_environment_is_made_of_requirements(service, installer, is_uv, tmp_path):  # SEMANTICS E13
    file = tmp_path / "requirements.txt"
    file.write_text("ty_one==1.0\n")
    said = add(service, "later", "--requirements", "requirements.txt", env=installer, cwd=tmp_path)
    directory, = made(service)
    assert re.fullmatch(r"later\.\w{6}", directory.name), directory
    assert (directory / "bin/pip").exists() != is_uv  # who made it
    assert said.splitlines()[-1].startswith("later is added: Python 3"), said
    assert run(service, "later", "python3 -c 'import ty_one; print(ty_one.NAME)'") == ["one 1.0"]
    waiting = request_for(service, "later", GATE)
    service.client("sagemaker").create_training_job(**waiting)
    name = waiting["TrainingJobName"]
    service.wait_for(name, "Training")
    done = service.run("envs", "remove", "later")
    assert done.returncode == 4 and f"the job {name}, which has not ended, uses it" in done.stderr
    assert directory.exists() and "later" in names(service)
    service.open_gate(name)
    service.wait(name)
    removed(service, "later")
    wait_until(lambda: made(service) == [], "its directory was gone")


CLIENT = """
import boto3, json, sys
boto3.client("sagemaker").create_training_job(**json.loads(sys.argv[1]))
"""


@pytest.mark.release_alone
def test_what_a_caller_works_in_stays_while_its_jobs_run(service, tmp_path):  # SEMANTICS E7, E12
    (tmp_path / "requirements.txt").write_text("")
    add(service, "later", "--requirements", tmp_path / "requirements.txt",
        env={"PATH": f"{UV.parent}:/usr/bin:/bin"})
    directory, = made(service)
    packages, = directory.glob("lib/python3.*/site-packages")
    (packages / "torch").mkdir()
    (packages / "torch/version.py").write_text("__version__ = '1.10.9'\n")
    request = service.request(GATE)
    done = service.run("run", "--", sys.executable, "-c", CLIENT, json.dumps(request),
                       env={"VIRTUAL_ENV": str(directory)})
    assert done.returncode == 0, done.stderr
    name = request["TrainingJobName"]
    service.wait_for(name, "Training")
    assert f"(the caller's own {directory})" in service.lines(name, notices=True)[0]
    done = service.run("envs", "remove", "later")
    assert done.returncode == 4 and f"the job {name}, which has not ended" in done.stderr, done
    service.open_gate(name)
    service.wait(name)
    removed(service, "later")
    wait_until(lambda: made(service) == [], "its directory was gone")


@pytest.mark.release_alone
def test_an_interrupted_installation_leaves_nothing(service, tmp_path):  # SEMANTICS E13
    """Ctrl-C reaches all of the terminal's processes: here pip, which waits for a package's setup.py."""
    package = tmp_path / "slow"
    package.mkdir()
    (package / "setup.py").write_text("import os\nos.mkfifo('at-work')\nopen('at-work').read()\n")
    (tmp_path / "requirements.txt").write_text(str(package) + "\n")
    command = [service.program, "envs", "add", "later", "--requirements", tmp_path / "requirements.txt"]
    variables = {**service.environment, "PATH": "/usr/bin:/bin", "PIP_NO_BUILD_ISOLATION": "0"}
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          start_new_session=True) as adding:
        wait_until(lambda: (package / "at-work").exists(), "pip was at work")
        assert len(made(service)) == 1
        os.killpg(adding.pid, signal.SIGINT)
        assert adding.wait(60) == 4
    assert made(service) == [] and "later" not in names(service)


def test_what_cannot_be_installed_leaves_nothing(service, installer, is_uv, tmp_path):  # SEMANTICS E13
    file = tmp_path / "requirements.txt"
    file.write_text("ty_missing==3.1\n")
    done = service.run("envs", "add", "later", "--requirements", file, env=installer)
    assert done.returncode == 4 and "missing" in done.stderr
    last = f"-r {file}{' --no-index' * is_uv} ended with 1; what it said is above"
    assert done.stderr.splitlines()[-1].endswith(last), done
    assert made(service) == [] and "later" not in names(service)


# ---- whole roots ---------------------------------------------------------------------------------

def copy_with_libraries(root, *programs):
    """Programs of this machine and what they are linked with, where they lie here."""
    files = {pathlib.Path(program) for program in programs}
    for program in programs:
        told = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        files |= {pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", told)}
    for file in files:
        to = root / file.relative_to("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, to)


@pytest.fixture
def shell_root(tmp_path):
    root = tmp_path / "shell-root"
    copy_with_libraries(root, "/bin/sh")
    (root / "etc").mkdir()
    (root / "etc/motd").write_text("hello\n")
    return root


@pytest.mark.release_alone
def test_a_root_of_nothing_but_a_shell_runs_scripts(service, shell_root):  # SEMANTICS E14
    said = add(service, "shell", "--root", shell_root)
    assert said == f"shell is added: {shell_root}, without Python\n"
    lines = run(service, "shell", "echo /usr/* /bin/*; read l < /etc/motd; echo $l; (: > /bin/x) || echo ro")
    assert lines[0] == "/usr/* /bin/sh" and lines[1] == "hello" and lines[-1] == "ro", lines
    source = archive(("train.sh", b"echo $SM_HP_LR $0 $PATH; echo /usr/*; echo of it > $SM_MODEL_DIR/model"))
    request = request_for(service, "shell", "")
    job = trained(service, "src/shell.tar.gz", source, "train.sh",
                  AlgorithmSpecification={"TrainingImage": image("shell"), "TrainingInputMode": "File",
                                          "ContainerEntrypoint": [], "ContainerArguments": []})
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    lines = service.lines(job["TrainingJobName"])
    assert "/usr/*" in lines and any(line.startswith("0.5 ./train.sh /opt/trainyard/bin:") for line in lines)
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/model.tar.gz")
    removed(service, "shell")
    assert shell_root.exists() and request


@pytest.fixture
def busybox_root(tmp_path):
    """As small images are: one static program under many names, no C library and no dynamic linker."""
    root = tmp_path / "busybox-root"
    (root / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    for name in ("sh", "env", "ls", "id", "grep", "printf"):
        (root / "bin" / name).symlink_to("busybox")
    return root


@pytest.mark.release_alone
def test_a_root_without_a_c_library_runs_scripts(service, busybox_root):  # SEMANTICS E14, T18
    add(service, "busybox", "--root", busybox_root)
    source = archive(("train.sh", b"#!/bin/sh\nls / | grep lib\nprintf '%s\\n' \"$0 $*\" \"$(id -u)\"\n"
                                  b"env | grep SM_HP_LR\necho of it > $SM_MODEL_DIR/model\n"))
    job = trained(service, "src/busybox.tar.gz", source, "train.sh",
                  AlgorithmSpecification={"TrainingImage": image("busybox"), "TrainingInputMode": "File",
                                          "ContainerEntrypoint": [], "ContainerArguments": []})
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    lines = service.lines(job["TrainingJobName"])
    assert lines[-4:-1] == ["./train.sh --lr 0.5", "0", "SM_HP_LR=0.5"] and "lib" not in lines, lines
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/model.tar.gz")
    removed(service, "busybox")


@pytest.mark.release_alone
def test_a_root_with_another_c_library_runs_scripts(service, busybox_root, tmp_path):  # SEMANTICS E14, T18
    """musl's, with a program that is linked with it and would not start with another."""
    (tmp_path / "said.c").write_text("#include <stdio.h>\n#include <stdlib.h>\n"
                                     "int main(void) { return puts(getenv(\"SM_MODEL_DIR\")) < 0; }\n")
    subprocess.run(["musl-gcc", "-o", busybox_root / "bin/said", tmp_path / "said.c"], check=True)
    loader = pathlib.Path("/lib/ld-musl-x86_64.so.1")
    (busybox_root / "lib").mkdir()
    shutil.copy(loader.resolve(), busybox_root / "lib" / loader.name)
    add(service, "busybox", "--root", busybox_root)
    source = archive(("train.sh", b"#!/bin/sh\nls /lib\nsaid && echo of it > $SM_MODEL_DIR/model\n"))
    job = trained(service, "src/musl.tar.gz", source, "train.sh",
                  AlgorithmSpecification={"TrainingImage": image("busybox"), "TrainingInputMode": "File",
                                          "ContainerEntrypoint": [], "ContainerArguments": []})
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert [loader.name, "/opt/ml/model"] == service.lines(job["TrainingJobName"])[-3:-1]
    removed(service, "busybox")


@pytest.mark.release_alone
def test_a_script_without_python_is_told_so(service, shell_root):  # SEMANTICS E14
    add(service, "shell", "--root", shell_root)
    job = trained(service, "src/no-python.tar.gz", archive(("train.py", b"print('ran')\n")),
                  AlgorithmSpecification={"TrainingImage": image("shell"), "TrainingInputMode": "File",
                                          "ContainerEntrypoint": [], "ContainerArguments": []})
    assert "has no python3 or python on PATH" in job["FailureReason"], job
    removed(service, "shell")


MODULES = """
import encodings.idna, json, os, sys, runpy
for module in list(sys.modules.values()):
    if getattr(module, "__file__", None):
        print(module.__file__)
"""


@pytest.fixture
def python_root(shell_root):
    """A root with an interpreter at /usr/local/bin, of which this machine has none, and a framework."""
    real = os.path.realpath("/usr/bin/python3")
    copy_with_libraries(shell_root, real)
    told = subprocess.run([real, "-Ic", MODULES], capture_output=True, text=True, check=True).stdout
    for file in map(pathlib.Path, told.split()):
        to = shell_root / file.relative_to("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, to)
    (shell_root / "usr/local/bin").mkdir(parents=True)
    (shell_root / "usr/local/bin/python3").symlink_to(real)  # absolute: within the root
    version = pathlib.Path(real).name
    packages = shell_root / f"usr/local/lib/{version}/dist-packages/torch"
    packages.mkdir(parents=True)
    (packages / "version.py").write_text("__version__ = '1.10.5'\n")
    (packages / "__init__.py").write_text("from .version import __version__\n")
    return shell_root


@pytest.mark.release_alone
def test_a_roots_own_python_runs_and_frameworks_are_found_in_it(service, python_root):  # SEMANTICS E14
    said = add(service, "python", "--root", python_root)
    assert f"({python_root}/usr/local/bin/python3), torch 1.10.5" in said, said
    assert "here runs torch 1.10.5" in service.run("envs", "why", IMAGE).stdout
    script = b"import os, sys, torch\nprint(sys.executable, torch.__version__, os.listdir('/usr/bin'))\n"
    job = trained(service, "src/root.tar.gz", archive(("train.py", script)))
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    real = pathlib.Path(os.path.realpath("/usr/bin/python3")).name
    assert f"/usr/local/bin/python3 1.10.5 ['{real}']" in service.lines(job["TrainingJobName"])
    removed(service, "python")


@pytest.mark.release_alone
def test_a_root_that_became_a_link_is_not_followed(service, shell_root, tmp_path):  # SEMANTICS E14
    add(service, "shell", "--root", shell_root)
    shell_root.rename(tmp_path / "aside")
    shell_root.symlink_to("/")
    request = request_for(service, "shell", "exit 0")
    service.client("sagemaker").create_training_job(**request)
    assert "not known here" in service.wait(request["TrainingJobName"])["FailureReason"]
    removed(service, "shell")


def test_the_services_own_directory_is_in_no_environment(service):  # SEMANTICS E12, E14
    around = service.data.parent
    (around / "bin").mkdir()
    (around / "bin/python3").symlink_to("/usr/bin/python3")
    for how in ("--root", "--python"):
        done = service.run("envs", "add", "x", how, around)
        assert done.returncode == 4 and "the service's own data directory is in" in done.stderr, done
