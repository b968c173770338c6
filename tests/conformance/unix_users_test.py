"""A user of the service who is one of the machine: whose their jobs' files on file systems are."""

import os
import pathlib
import pwd
import subprocess
import tempfile

import pytest

from people import add
from service import TRAINYARD, Service, ending, running

GAMES, DAEMON = pwd.getpwnam("games"), pwd.getpwnam("daemon")
FILE_SYSTEM = "fs-0123456789abcdef0"


def settings(directory):
    return (f"[instances.\"ml.m5.large\"]\ncpus = 0.2\nmemory = \"512MiB\"\n"
            f"[file_systems.{FILE_SYSTEM}]\npath = \"{directory}\"\n[users.kim]\nunix = \"games\"\n")


def channel(access="rw", path="/"):
    return {"ChannelName": "shared", "DataSource": {"FileSystemDataSource": {
        "FileSystemId": FILE_SYSTEM, "FileSystemType": "EFS", "FileSystemAccessMode": access,
        "DirectoryPath": path}}}


def put(path, owner, mode, text="text\n"):
    path.write_text(text)
    os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(mode)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A file system with a home of games', which nobody else may look into, and what others have there."""
    root = tmp_path_factory.mktemp("fs")
    root.chmod(0o755)
    home, everybodys, daemons = root / "home", root / "everybody", root / "daemon"
    for directory in (home, everybodys, daemons):
        directory.mkdir()
    home.chmod(0o700)
    os.chown(home, GAMES.pw_uid, GAMES.pw_gid)
    everybodys.chmod(0o1777)
    put(home / "private", GAMES, 0o600)
    put(daemons / "private", DAEMON, 0o600)
    put(daemons / "jobs", pwd.getpwnam("trainyard"), 0o600)
    return root


@pytest.fixture(scope="module")
def service(tmp_path_factory, shared):
    with running(tmp_path_factory.mktemp("unix"), settings(shared)) as service:
        yield service


@pytest.fixture(scope="module")
def kim(service):
    return add(service, "kim")


def told(service, owner, script, **more):
    job = owner.job(f"cd /opt/ml/input/data/shared; ({script}) 2>&1; echo done", InputDataConfig=[channel(**more)])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return service.lines(job["TrainingJobName"])


def owner_of(path):
    stat = path.stat()
    return stat.st_uid, stat.st_gid


def test_what_a_job_makes_on_a_file_system_is_its_users(service, kim, shared):  # SEMANTICS J64
    lines = told(service, kim, "cat home/private; echo made > home/made; mkdir -p everybody/dir/in; "
                               "echo x > everybody/dir/in/x; stat -c %u home/private home/made; id -u")
    assert lines == ["text", "0", "0", "0", "done"]  # inside they are its own
    for made in ("home/made", "everybody/dir", "everybody/dir/in", "everybody/dir/in/x"):
        assert owner_of(shared / made) == (GAMES.pw_uid, GAMES.pw_gid), made
    assert (shared / "home/made").read_text() == "made\n"


def test_what_is_anothers_stays_anothers(service, kim, shared):  # SEMANTICS J64
    lines = told(service, kim, "for f in daemon/private daemon/jobs; do cat $f || echo closed; done; "
                               "touch new daemon/new || echo closed; rm -f daemon/jobs; ls daemon")
    assert lines.count("closed") == 3 and lines[-3:] == ["jobs", "private", "done"], lines
    assert not (shared / "new").exists()


def test_a_directory_below_and_read_only(service, kim, shared):  # SEMANTICS J64
    lines = told(service, kim, "cat private; touch x", access="ro", path="/home")
    assert lines[0] == "text" and "Read-only file system" in lines[1]


def test_other_users_jobs_are_who_they_were(service, shared):  # SEMANTICS J64
    lines = told(service, add(service, "lee"), "cat home/private || echo closed; echo x > everybody/lees")
    assert "closed" in lines
    assert owner_of(shared / "everybody/lees")[0] == pwd.getpwnam("trainyard").pw_uid


def test_a_file_system_that_cannot_is_told_of(tmp_path):  # SEMANTICS J64
    """One in memory, of the kind that has no ID-mapped mounts."""
    program, directory = tmp_path / "serve", tmp_path / "fs"
    directory.mkdir()
    program.write_text(f"#!/bin/sh\nexec unshare -m sh -c 'mount -t ramfs none {directory} && "
                       f"exec {TRAINYARD} \"$@\"' sh \"$@\"\n")
    program.chmod(0o755)
    file = tmp_path / "settings.toml"
    file.write_text(settings(directory))
    with ending(Service(tmp_path, "", "--settings", str(file), program=program)) as service:
        job = add(service, "kim").job("exit 0", InputDataConfig=[channel()])
        assert job["TrainingJobStatus"] == "Failed"
        assert (f"show channel 'shared' ({directory}) as user {GAMES.pw_uid}'s: its file system cannot show files as "
                "another user's (it has no ID-mapped mounts, as NFS has none). Put the directory on one that can, as "
                "ext4 and xfs, or take [users] of this user out of the service's settings") in job["FailureReason"]


def test_an_ordinary_users_service_gives_no_files_away():  # SEMANTICS J64
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        file = pathlib.Path(place) / "settings.toml"
        file.write_text("[users.kim]\nunix = \"games\"\n")
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", f"mount --bind {TRAINYARD.parent} /opt && exec setpriv --reuid=5 "
             f"--regid=60 --clear-groups /opt/trainyard serve --data {place}/data --settings {file}"],
            capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("trainyard: [users.kim] unix: only a service that root runs gives files to others; run it "
                           "as root, or take that out of the settings\n")
