"""What a script's requirements.txt brings: installed beside the environment, once, for all jobs."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import zipfile

import pytest

from scripts import archive, trained, wheel
from service import ROOT, SANITIZED, running, wait_until

UV = ROOT / "build/uv/bin/uv"
pytestmark = pytest.mark.usefixtures("no_job_stays")


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """A service whose packages come from a directory of wheels."""
    wheels = tmp_path_factory.mktemp("wheels")
    wheels.chmod(0o755)
    settings = f'[python]\nfind_links = "{wheels}"\noffline = true\n'
    wheel(wheels, "ty_one", "1.0", {"ty_one.py": "NAME = 'one 1.0'\n"})
    wheel(wheels, "ty_one", "2.0", {"ty_one.py": "NAME = 'one 2.0'\n"})
    wheel(wheels, "ty_two", "1.0", {"ty_two.py": "import ty_one\nNAME = 'two over ' + ty_one.NAME\n",
                                    "ty_tool.py": "def main():\n    print('a tool')\n"},
          requires=["ty_one<2", "typing_extensions"], scripts="ty-tool = ty_tool:main")
    wheel(wheels, "typing_extensions", "999.0", {"typing_extensions.py": "MINE = True\n"})
    with running(tmp_path_factory.mktemp("offline"), settings) as service:
        service.wheels = wheels
        yield service


def run(service, script, requirements, *more_files, **more):
    """The job that brings these files, and its lines but the toolkit's own."""
    name = hashlib.sha256((script + requirements).encode()).hexdigest()[:10]
    files = [("train.py", script.encode()), ("requirements.txt", requirements.encode()), *more_files]
    job = trained(service, f"src/{name}-{time.monotonic_ns()}.tar.gz", archive(*files), **more)
    return job, service.lines(job["TrainingJobName"])


def layers(service):
    return sorted((service.data / "scratch/packages").iterdir())


def test_requirements_are_installed_once_and_used_again(offline):  # SEMANTICS T19, T20
    script = "import subprocess, ty_two\nprint(ty_two.NAME)\nsubprocess.run(['ty-tool'], check=True)\n"
    before = layers(offline)
    job, lines = run(offline, script, "ty_two\n")
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert "two over one 1.0" in lines and "a tool" in lines
    assert any("Would install" in line for line in lines), lines  # pip is seen at work
    (layer,) = set(layers(offline)) - set(before)
    assert any(f"is installed, for this job and later ones (layer {layer.name})" in line
               for line in lines)
    job, lines = run(offline, script + "# another script\n", "ty_two\n")
    assert job["TrainingJobStatus"] == "Completed" and "two over one 1.0" in lines
    assert any(f"installed for it before is used again (layer {layer.name})" in line for line in lines)
    assert not any("install ty" in line or "Processing" in line for line in lines), lines
    assert set(layers(offline)) - set(before) == {layer}


@pytest.mark.release_alone
def test_what_the_environment_has_is_not_installed_again(offline):  # SEMANTICS T19
    """typing_extensions is there with torch: only what is asked for in another version is brought."""
    script = ("import typing_extensions, ty_two\n"
              "print('mine' if hasattr(typing_extensions, 'MINE') else 'the environment\\'s')\n")
    job, lines = run(offline, script, "ty_two\n")
    assert job["TrainingJobStatus"] == "Completed" and "the environment's" in lines
    job, lines = run(offline, script, "ty_two\ntyping_extensions==999.0\n")
    assert job["TrainingJobStatus"] == "Completed" and "mine" in lines
    job, lines = run(offline, script.replace(", ty_two", ""), "# none\n")
    assert "the environment's" in lines


def is_not_installed(service, requirements, says, installer, begins=""):
    """A job fails that asks for these, by the installer's words, and leaves nothing to others."""
    before = layers(service)
    job, lines = run(service, "print('ran')\n", requirements)
    assert job["TrainingJobStatus"] == "Failed" and "ran" not in lines
    reason = job["FailureReason"]
    assert reason.startswith(f"AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage \"{begins}")
    assert says in reason and reason.endswith(
        f'Command "{installer} install -r requirements.txt", exit code: 1'), reason
    assert layers(service) == before


@pytest.mark.parametrize("requirements, says", [
    ("ty_missing==3.1\n", "No matching distribution found for ty_missing==3.1"),
    *[pytest.param(*case, marks=pytest.mark.release_alone) for case in (
        ("ty_one==9\n", "No matching distribution found for ty_one==9"),
        ("ty_two\nty_one==2.0\n", "ty-two 1.0 depends on ty_one<2"),
        ("ty_one==1.0 --hash=sha256:" + "0" * 64 + "\n", "ty_one"),
        ("ty one\n", "ty one"))]])
def test_what_cannot_be_installed_is_named(offline, requirements, says):  # SEMANTICS T21
    is_not_installed(offline, requirements, says, "/usr/bin/python3 -m pip")


@pytest.mark.release_alone
def test_files_of_the_code_are_installed_for_the_job_alone(offline, tmp_path):  # SEMANTICS T20
    own = wheel(tmp_path, "ty_own", "1.0", {"ty_own.py": "NAME = 'own'\n"})
    before = layers(offline)
    job, lines = run(offline, "import ty_own, ty_one\nprint(ty_own.NAME, ty_one.NAME)\n",
                     f"./{own.name}\n-r more.txt\n", (own.name, own.read_bytes()),
                     ("more.txt", b"ty_one==1.0\n"))
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert "own one 1.0" in lines and layers(offline) == before
    assert any("is installed for this job alone: it names files of its own" in line for line in lines)


@pytest.mark.release_alone
@pytest.mark.parametrize("program, files, named", [
    ("ty_app.py", ["ty_app.py"], "py_modules=['ty_app']"),
    ("ty_pkg.train", ["ty_pkg/__init__.py", "ty_pkg/train.py"], "packages=['ty_pkg']")])
def test_a_package_is_installed_with_its_requirements(offline, program, files, named):  # SEMANTICS T20
    setup = f"from setuptools import setup\nsetup(name='ty-app', version='1', {named})\n".encode()
    *others, last = files
    job = trained(offline, f"src/package-{program}.tar.gz", archive(
        ("setup.py", setup), *((name, b"") for name in others),
        (last, b"import ty_one, sys\nprint(__name__, __spec__.name, ty_one.NAME, sys.argv[1:])\n"),
        ("requirements.txt", b"ty_one==1.0\n")), program=program,
        Environment={"PIP_NO_BUILD_ISOLATION": "1"})
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    module = program.removesuffix(".py")
    assert f"__main__ {module} one 1.0 ['--lr', '0.5']" in offline.lines(job["TrainingJobName"])


HOSTILE = """
import os, pathlib, socket
for path in (os.environ["PYTHONPATH"].split(":")[1] + "/ty_one.py", "/opt/trainyard/packages/x"):
    try:
        open(path, "w")
    except OSError as error:
        print(error.strerror)
for text in (b"", b"\\0" * 1000, b"ty_one==1.0\\0LD_PRELOAD=/x", b"x" * 60000):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/opt/trainyard/packages.sock")
    s.send(text)
    print(s.recv(1000).split(b"\\0")[0].decode())
with open("/tmp/mine", "w") as file:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/opt/trainyard/packages.sock")
    socket.send_fds(s, [b"ty_one==1.0 # for a file\\0"], [file.fileno()])
    print(s.recv(1000).split(b"\\0")[0].decode(), os.path.getsize("/tmp/mine"))
"""


def test_a_job_cannot_touch_what_others_use(offline):  # SEMANTICS T20
    before = layers(offline)
    job, lines = run(offline, HOSTILE, "ty_one==1.0\n")
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert lines.count("Read-only file system") == 2
    assert [line for line in lines if line in ("", "own", "ready", "failed")][-4:] == [
        "", "own", "own", "own"]
    assert "own 0" in lines  # what pip says goes into a pipe and nowhere else
    assert len(layers(offline)) <= len(before) + 1


@pytest.mark.release_alone
def test_variables_of_the_job_and_of_the_file_reach_pip(offline, tmp_path):  # SEMANTICS T22
    """An index of the job's own, with a name in its address that the file does not show."""
    job, lines = run(offline, "print('ran')\n", "--index-url http://${TY_USER}@127.0.0.1:1/simple\nty_none\n",
                     Environment={"TY_USER": "someone", "PIP_NO_INDEX": "0", "PIP_RETRIES": "0"})
    assert job["TrainingJobStatus"] == "Failed" and "ran" not in lines
    assert any("127.0.0.1" in line and "1/simple" in line for line in lines), lines


@pytest.mark.release_alone
def test_packages_of_another_index_are_another_layer(offline):  # SEMANTICS T20, T22
    script, file = "import ty_one\nprint(ty_one.NAME)\n", "ty_one==1.0\n# the same from two indexes\n"
    used = []
    for address in ("http://127.0.0.1:1/simple", "http://127.0.0.1:2/simple", "http://127.0.0.1:1/simple"):
        job, lines = run(offline, script, file, Environment={"PIP_INDEX_URL": address})
        assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
        used += [re.search(r"(again|later ones) \(layer (\w+)\)", line).groups() for line in lines
                 if "(layer " in line]
    (first, layer), (second, other), (third, same) = used
    assert (first, second, third) == ("later ones", "later ones", "again")
    assert layer == same and layer != other


@pytest.mark.release_alone
def test_the_index_of_the_settings_is_asked(tmp_path):  # SEMANTICS T22
    """It refuses, which pip says with its address; a request's own takes its place."""
    settings = '[python]\nindex_url = "http://127.0.0.1:3/of-settings"\n'
    no_patience = {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}
    with running(tmp_path, settings) as service:
        for own, asked in (({}, "3/of-settings"), ({"PIP_INDEX_URL": "http://127.0.0.1:4/own"}, "4/own")):
            job, lines = run(service, "print('ran')\n", "ty_none\n", Environment={**no_patience, **own})
            assert job["TrainingJobStatus"] == "Failed" and "ran" not in lines
            told = {re.search(r"127\.0\.0\.1:(\S+?)/?(,|\s|$)", line)[1] for line in lines
                    if line.startswith("Looking in indexes")}
            assert told == {asked}, lines


@pytest.mark.release_alone
def test_an_isolated_job_uses_what_is_there(offline):  # SEMANTICS T20
    script = "import ty_one\nprint(ty_one.NAME)\n"
    run(offline, script, "ty_one==2.0\n")
    job, lines = run(offline, script, "ty_one==2.0\n", EnableNetworkIsolation=True)
    assert job["TrainingJobStatus"] == "Completed" and "one 2.0" in lines


SLOW = "import os\nos.mkfifo('/tmp/never')\nopen('/tmp/never').read()\n"


def test_a_stop_ends_an_installation(offline):  # SEMANTICS T20, J11
    wheels = offline.wheels
    with zipfile.ZipFile(wheels / "ty_slow-1.0.zip", "w") as out:
        out.writestr("ty_slow-1.0/setup.py", SLOW)
        out.writestr("ty_slow-1.0/PKG-INFO", "Metadata-Version: 2.1\nName: ty_slow\nVersion: 1.0\n")
    (wheels / "ty_slow-1.0.zip").chmod(0o644)
    files = [("train.py", b"print('ran')\n"), ("requirements.txt", b"ty_slow\n")]
    offline.put("src/slow.tar.gz", archive(*files))
    request = offline.request(Environment={"PIP_NO_BUILD_ISOLATION": "1"}, HyperParameters={
        "sagemaker_submit_directory": json.dumps(f"s3://{offline.bucket}/src/slow.tar.gz"),
        "sagemaker_program": '"train.py"'})
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        del request["AlgorithmSpecification"][member]
    offline.client("sagemaker").create_training_job(**request)
    name = request["TrainingJobName"]
    wait_until(lambda: any("ty_slow" in line for line in offline.lines(name)), "pip was at work")
    offline.client("sagemaker").stop_training_job(TrainingJobName=name)
    assert offline.wait(name, 30)["TrainingJobStatus"] == "Stopped"
    assert "ran" not in offline.lines(name)
    wait_until(lambda: not offline.leftovers(), "nothing was left")
    (wheels / "ty_slow-1.0.zip").unlink()


@pytest.mark.release_alone
def test_used_again_it_takes_no_time(offline):  # SEMANTICS T20
    """From the toolkit's first line to the script's: budget 100 ms, here with room for a busy machine."""
    run(offline, "print('x')\n", "ty_two\nty_one\n")
    job, lines = run(offline, "import time\nprint('at', time.time())\n", "ty_two\nty_one\n")
    logs = offline.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs",
                                    logStreamNamePrefix=job["TrainingJobName"])["events"]
    asked = next(e["timestamp"] for e in events if "Installing dependencies" in e["message"])
    told = next(e["timestamp"] for e in events if "used again" in e["message"])
    assert told - asked < (2000 if SANITIZED else 500)


def test_a_module_of_the_image_that_is_not_here_is_named(offline):  # SEMANTICS E10
    job, lines = run(offline, "import fastai.vision\n", "")
    assert job["FailureReason"].endswith(
        "The service's image has the module fastai, the environment here (system Python) has not: add "
        "fastai to requirements.txt, or install it there, exit code: 1"), job["FailureReason"]


# ---- uv ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def with_uv(tmp_path_factory, offline):
    """The same wheels for a virtual environment that has uv, and typing_extensions, and no pip."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        prefix = pathlib.Path(directory) / "venv"
        pathlib.Path(directory).chmod(0o755)
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", prefix], check=True)
        assert UV.exists(), "uv is not installed: ./setup makes build/uv"
        shutil.copy(UV, prefix / "bin")
        packages, = prefix.glob("lib/python3.*/site-packages")
        with zipfile.ZipFile(wheel(tmp_path_factory.mktemp("one"), "typing_extensions", "4.4.0",
                                   {"typing_extensions.py": "MINE = False\n"})) as own:
            own.extractall(packages)
        settings = (f'[python]\nfind_links = "{offline.wheels}"\noffline = true\n'
                    f'[environments.uv]\npython = "{prefix}/bin/python3"\n'
                    '[[images]]\nmatch = "*"\nenvironment = "uv"\n')
        with running(tmp_path_factory.mktemp("uv"), settings) as service:
            service.uv = prefix / "bin/uv"
            yield service


@pytest.mark.release_alone
def test_uv_installs_where_the_environment_has_it(with_uv):  # SEMANTICS T23
    script = ("import subprocess, ty_two, typing_extensions\nprint(ty_two.NAME, typing_extensions.MINE)\n"
              "subprocess.run(['ty-tool'], check=True)\n")
    for says in ("is installed, for this job and later ones", "is used again"):
        job, lines = run(with_uv, script, "ty_two\n")
        assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
        assert "two over one 1.0 False" in lines and "a tool" in lines
        assert any(says in line for line in lines), lines
        by_uv = f"Packages are installed by uv ({with_uv.uv})."
        assert (by_uv in lines) == ("later ones" in says) and not any("Processing" in x for x in lines)
    (layer,) = layers(with_uv)
    assert not (layer / "typing_extensions.py").exists() and (layer / "ty_one.py").exists()
    job, lines = run(with_uv, script, "ty_two\ntyping_extensions==999.0\n")
    assert "two over one 1.0 True" in lines, job["FailureReason"]
    job, lines = run(with_uv, "print('ran')\n", "# none\n")
    assert "ran" in lines and any("is installed, for this job" in line for line in lines)


@pytest.mark.parametrize("requirements, says", [
    ("ty_missing==3.1\n", "ty-missing was not found"), ("ty_one==9\n", "no version of ty-one==9"),
    ("ty_two\nty_one==2.0\n", "ty-two depend on ty-one<2"), ("ty one\n", "ty one")])
def test_what_uv_cannot_install_is_named(with_uv, requirements, says):  # SEMANTICS T21, T23
    is_not_installed(with_uv, requirements, says, "uv pip", begins="error:")


@pytest.mark.release_alone
@pytest.mark.parametrize("requirements, variables, why", [
    ("--pre\nty_one==1.0\n", {}, "--pre in requirements.txt"),
    ("ty_one==1.0\n", {"PIP_ONLY_BINARY": ":all:"}, "a PIP_ variable that uv has no like for")])
def test_pip_installs_what_uv_would_take_in_another_way(with_uv, requirements, variables, why):  # SEMANTICS T23
    job, lines = run(with_uv, "import ty_one\nprint(ty_one.NAME)\n", requirements, Environment=variables)
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert "one 1.0" in lines and f"Packages are installed by pip and not by uv, for {why}." in lines


@pytest.mark.release_alone
def test_uv_asks_the_index_that_pip_would_ask(with_uv):  # SEMANTICS T22, T23
    job, lines = run(with_uv, "print('ran')\n", "ty_none\n", Environment={
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_NO_INDEX": "0", "PIP_RETRIES": "0"})
    assert job["TrainingJobStatus"] == "Failed" and "ran" not in lines
    assert any("127.0.0.1:1/simple/ty-none" in line for line in lines), lines


@pytest.mark.release_alone
def test_the_systems_own_python_is_pips(offline):  # SEMANTICS T23
    """uv does not see what Debian's packages bring: it would bring torch again."""
    job, lines = run(offline, "import ty_one\n", "ty_one==1.0  # by pip\n")
    assert any(line.startswith("Packages are installed by pip") for line in lines), lines
