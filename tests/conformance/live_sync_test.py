"""What a job writes is in the store while it runs: checkpoints, TensorBoard's files, intermediate output."""

import json
import os
import signal

import pytest

from service import GATE, running, wait_until
from sources_test import refused



@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A service whose jobs copy every second."""
    with running(tmp_path_factory.mktemp("quick"), "sync_seconds = 1\n") as service:
        yield service


def keys(service, prefix):
    found = service.client("s3").list_objects_v2(Bucket=service.bucket, Prefix=prefix)
    return {x["Key"][len(prefix):]: x["Size"] for x in found.get("Contents", [])}


def test_checkpoints_are_stored_while_the_script_runs(quick):  # SEMANTICS O11
    prefix = "live/"
    quick.put(prefix + "old", b"old")
    script = ("cd /opt/ml/checkpoints; cat old; echo 1 > a; mkdir -p deep/er; echo 22 > deep/er/b; "
              f"{GATE}; echo 333 > c; echo more >> a")
    name = quick.create(script, CheckpointConfig={"S3Uri": f"s3://{quick.bucket}/{prefix}"})
    wait_until(lambda: keys(quick, prefix) == {"old": 3, "a": 2, "deep/er/b": 3}, "both were stored")
    quick.open_gate(name)
    assert quick.wait(name)["TrainingJobStatus"] == "Completed"
    assert keys(quick, prefix) == {"old": 3, "a": 7, "deep/er/b": 3, "c": 4}


def test_what_changes_later_is_stored_again(quick):  # SEMANTICS O11
    prefix = "grows/"
    script = (f"cd /opt/ml/checkpoints; mkdir sub; echo 1 > sub/log; echo 1 > part.tmp; {GATE}; "
              "echo 2 >> sub/log; mv part.tmp whole; cd ../output; mkfifo 2.gate; read _ < 2.gate")
    name = quick.create(script, CheckpointConfig={"S3Uri": f"s3://{quick.bucket}/{prefix}"})
    wait_until(lambda: keys(quick, prefix) == {"sub/log": 2, "part.tmp": 2}, "the first were stored")
    quick.open_gate(name)
    wait_until(lambda: keys(quick, prefix) == {"sub/log": 4, "part.tmp": 2, "whole": 2},
               "the second were stored")
    quick.open_gate("2")
    quick.wait(name)


def test_what_was_stored_outlives_a_killed_agent(quick):  # SEMANTICS O11
    prefix = "killed/"
    name = quick.create(f"cd /opt/ml/checkpoints; [ -e a ] && echo there || echo 1 > a; {GATE}",
                        CheckpointConfig={"S3Uri": f"s3://{quick.bucket}/{prefix}"})
    wait_until(lambda: keys(quick, prefix) == {"a": 2}, "it was stored")


    lock, = quick.data.glob("scratch/instances/*/lock")
    os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
    wait_until(lambda: quick.lines(name) == ["there"], "it was run again")
    assert keys(quick, prefix) == {"a": 2}
    quick.open_gate(name)
    assert quick.wait(name)["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize("path", [None, "/opt/ml/output/tensorboard/run", "/opt/ml/output/board/", "/tmp/board"])
def test_tensorboards_files_are_stored_while_the_script_runs(quick, path):  # SEMANTICS O16
    inside = path or "/opt/ml/output/tensorboard"
    again = "rm -r $D; mkdir $D; " if inside.startswith("/opt") else ""
    script = f"set -e; D={inside}; {again}mkdir $D/x; echo 1 > $D/x/events; {GATE}; echo 2 >> $D/x/events"
    config = {"S3OutputPath": f"s3://{quick.bucket}/board/", **({"LocalPath": path} if path else {})}
    name = quick.create(script, TensorBoardOutputConfig=config)
    prefix = f"board/{name}/tensorboard-output/"
    wait_until(lambda: keys(quick, prefix) == {"x/events": 2}, "it was stored")
    quick.open_gate(name)
    assert quick.wait(name)["TrainingJobStatus"] == "Completed"
    assert keys(quick, prefix) == {"x/events": 4}
    assert not any("TensorBoard" in line for line in quick.lines(name, notices=True))


def test_intermediate_output_is_stored_while_the_script_runs(quick):  # SEMANTICS T16
    name = quick.create(f"echo 1 > /opt/ml/output/intermediate/a; {GATE}", HyperParameters={
        "sagemaker_s3_output": json.dumps(f"s3://{quick.bucket}/mid")})
    wait_until(lambda: keys(quick, f"mid/{name}/output/intermediate/") == {"a": 2}, "it was stored")
    quick.open_gate(name)
    assert quick.wait(name)["TrainingJobStatus"] == "Completed"


def test_a_bucket_that_is_not_there_for_tensorboard_is_refused(quick):  # SEMANTICS O16
    said = refused(quick, quick.channel(quick.put("x")),
                   TensorBoardOutputConfig={"S3OutputPath": "s3://no-such-bucket/x"})
    assert "TensorBoardOutputConfig.S3OutputPath" in said and "does not exist" in said


@pytest.mark.parametrize("uri, says", [
    ("s3://no-such-bucket/x", ("could not", "no-such-bucket")),
    ("s3://My_Bucket/x", ("cannot", "My_Bucket/x")),
    ("s3://bucket/" + "x" * 1025, ("cannot", "longer than 1024 bytes"))], ids=["missing", "misnamed", "long"])
def test_intermediate_output_that_cannot_be_stored_is_told_and_fails_nothing(quick, uri, says):  # SEMANTICS T16
    script = "echo 1 > /opt/ml/output/intermediate/a"
    job = quick.job(script, HyperParameters={"sagemaker_s3_output": uri})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = quick.lines(job["TrainingJobName"], notices=True)
    front = f"/opt/ml/output/intermediate {says[0]} be copied: "
    assert any(front in line and says[1] in line for line in lines), lines
