"""What could not be stored, and `trainyard cp`."""

import os

import pytest

from disk_test import small_disk
from service import GATE, running, wait_until

pytestmark = pytest.mark.usefixtures("no_job_stays")


def too_large(service, script, **more):
    """A job whose model is longer than the volume that it asks for, and nothing on the disk."""
    output = {"S3OutputPath": f"s3://{service.bucket}/out", "CompressionType": "NONE"}
    return service.job("truncate -s 31G /opt/ml/model/holes; echo weights > /opt/ml/model/weights; " + script,
                       OutputDataConfig=output, **more)


def test_what_could_not_be_stored_is_kept(service, tmp_path):  # SEMANTICS O17
    job = too_large(service, "echo c > /opt/ml/checkpoints/1.pt",
                    CheckpointConfig={"S3Uri": f"s3://{service.bucket}/kept/"})
    assert job["TrainingJobStatus"] == "Failed"
    name = job["TrainingJobName"]
    assert f"trainyard cp {name}:/opt/ml/model ." in job["FailureReason"], job["FailureReason"]
    done = service.run("cp", f"{name}:/opt/ml/model", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model/weights").read_text() == "weights\n"
    assert os.stat(tmp_path / "model/holes").st_size == 31 << 30
    service.run("cp", f"{name}:/opt/ml/model/", str(tmp_path / "again"))
    assert (tmp_path / "again/weights").read_text() == "weights\n"
    service.run("cp", f"{name}:/opt/ml/checkpoints/1.pt", str(tmp_path / "one"))
    assert (tmp_path / "one").read_text() == "c\n"
    assert any(line.startswith("kept ") for line in service.run("disk").stdout.splitlines())


def test_files_of_a_job_that_runs(service, tmp_path):  # SEMANTICS O17
    name = service.create(f"echo now > /opt/ml/model/m; {GATE}")
    service.wait_for(name, "Training")
    wait_until(lambda: service.run("cp", f"{name}:/opt/ml/model/m", str(tmp_path / "m")).returncode == 0,
               "it was written")
    assert (tmp_path / "m").read_text() == "now\n"
    service.open_gate(name)
    service.wait(name)
    done = service.run("cp", f"{name}:/opt/ml/model", str(tmp_path / "later"))
    assert done.returncode == 4 and "model.tar.gz" in done.stderr, done.stderr


@pytest.mark.parametrize("path, says", [
    ("nobody:/opt/ml/model", "no job of that name"), ("opt/ml/model", "NAME:/opt/ml/model"),
    ("NAME:model", "NAME:/opt/ml/model"), ("NAME:/etc/passwd", "below /opt/ml"),
    ("NAME:/opt/ml/../../etc/passwd", "below /opt/ml"), ("NAME:/opt/ml/model/link/x", "not a directory"),
    ("NAME:/opt/ml/none", "there is no none"), ("NAME:/opt/ml/input/data/train", "a channel is no file")])
def test_what_cannot_be_copied(service, tmp_path, kept, path, says):  # SEMANTICS O17
    done = service.run("cp", path.replace("NAME", kept), str(tmp_path / "to"))
    assert done.returncode in (2, 4) and says in done.stderr.lower() + done.stderr, done.stderr
    assert not (tmp_path / "to").exists()


@pytest.fixture(scope="module")
def kept(service):
    return too_large(service, "ln -s /etc /opt/ml/model/link")["TrainingJobName"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_store_fails_the_job_and_keeps_its_files(tmp_path):  # SEMANTICS O17
    with small_disk(tmp_path / "disk") as disk, running(disk, "min_free_percent = 0\n") as service:
        job = service.job("head -c 40000000 /dev/urandom > /opt/ml/model/m")
        assert job["TrainingJobStatus"] == "Failed"
        assert "No space left" in job["FailureReason"], job["FailureReason"]
        name = job["TrainingJobName"]
        done = service.run("cp", f"{name}:/opt/ml/model/m", str(tmp_path / "m"))
        assert done.returncode == 0 and (tmp_path / "m").stat().st_size == 40_000_000, done.stderr
