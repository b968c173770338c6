"""A disk that fills up."""

import contextlib
import os
import subprocess

import pytest

from service import running, wait_until


@contextlib.contextmanager
def small_disk(directory):
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_jobs_wait_for_room_and_say_so(tmp_path):  # SEMANTICS J45
    with small_disk(tmp_path / "disk") as disk, running(disk, "min_free_percent = 20\n") as service:
        assert service.job()["TrainingJobStatus"] == "Completed"
        (disk / "filler").write_bytes(bytes(56 << 20))
        names = [service.create() for _ in range(2)]
        for name in names:
            said = service.describe(name)
            assert said["SecondaryStatus"] == "Pending"
            words = said["SecondaryStatusTransitions"][-1]["StatusMessage"]
            assert words.startswith("The job waits for disk space: ") and str(disk) in words
            assert words.endswith("jobs begin where 20 % are (min_free_percent)"), words
        why = service.run("why", names[0]).stdout
        assert "waits for disk space" in why
        (disk / "filler").unlink()
        for name in names:
            assert service.wait(name)["TrainingJobStatus"] == "Completed"
        wait_until(lambda: not service.leftovers(), "nothing was left")
