"""What runtime.hpp and sandbox.hpp promise of a sandbox, shown on the real kernel: each case of the
program sandbox_contract, once by an agent that is root and once by an ordinary user's."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TRAINYARD_BUILD", ROOT / "build/release"))
PROGRAM = BUILD / "sandbox_contract"
LONGEST_S = 180  # of one case
# For everybody, as udev makes it.
WITH_FUSE = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none "$1" && mknod -m 666 "$1/fuse" c 10 229 && '
             'mount --bind "$1/fuse" /dev/fuse && shift && exec "$@"', "sh"]

WHO = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
JOBS_USER = pwd.getpwnam("trainyard") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def cases():
    out = subprocess.run([PROGRAM, "--list-test-cases", "--no-colors"], capture_output=True,
                         text=True, check=True).stdout
    return [line for line in out.splitlines() if line and not line.startswith(("[doctest]", "===="))]


@pytest.fixture(scope="module")
def program():
    """A copy that an ordinary user can run, wherever the build directory is."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="sandbox-contract-"))
    place.chmod(0o755)
    yield shutil.copy(PROGRAM, place)
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def devices(tmp_path_factory):
    return tmp_path_factory.mktemp("devices")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", cases())
def test_contract(who, case, program, devices):  # SEMANTICS X25
    place = tempfile.mkdtemp(prefix="sandbox-contract-")
    command = [program, "--test-case=" + case.replace(",", "\\,"), "--no-colors"]
    if who == "ordinary" and os.geteuid() == 0:
        os.chown(place, JOBS_USER.pw_uid, JOBS_USER.pw_gid)
        command = ["setpriv", "--reuid", str(JOBS_USER.pw_uid), "--regid", str(JOBS_USER.pw_gid),
                   "--clear-groups", "--", *command]
    if os.geteuid() == 0 and os.path.exists("/dev/fuse"):
        command = [*WITH_FUSE, devices, *command]
    environment = {"PATH": os.environ["PATH"], "TMPDIR": place,
                   "TRAINYARD_JOB_UID": str(JOBS_USER.pw_uid),
                   "TRAINYARD_JOB_GID": str(JOBS_USER.pw_gid)}
    try:
        done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=LONGEST_S)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "test cases: 1 | 1 passed | 0 failed" in " ".join(done.stdout.split()), done.stdout
        assert os.listdir(place) == [], "the case left something behind"
    finally:
        shutil.rmtree(place)
