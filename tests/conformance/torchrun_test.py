"""A script that torchrun starts, by the estimator's distribution={"torch_distributed": {"enabled": True}}: with
the machine's torch, two processes over gloo."""

import pytest

from scripts import archive
from service import IMAGE

SCRIPT = b"""
import os, sys
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
total = torch.tensor([dist.get_rank() + 1])
dist.all_reduce(total)
said = [os.environ[n] for n in ("RANK", "LOCAL_RANK", "WORLD_SIZE")]
sys.stdout.write(f"rank {dist.get_rank()} of {dist.get_world_size()} total {int(total)} {said} {sys.argv[1:]}\\n")
if dist.get_rank() == 0:
    open("/opt/ml/model/weights", "w").write(str(int(total)))
"""
FAILING = SCRIPT + b"""
if dist.get_rank() == 1:
    raise ValueError("rank 1 does not like it")
import signal
signal.pause()
"""
# The torchrun of Debian's torch 1.13 takes none of its own defaults under Python 3.11, where flags that are 0
# or made of several are not among those that a class lists. What it prints is the same, but for a prefix.
AROUND_DEBIAN = {"PET_REDIRECTS": "2", "PET_TEE": "2"}


def trained(service, key, script):
    service.put(key, archive(("train.py", script)))
    request = service.request(Environment=AROUND_DEBIAN, HyperParameters={
        "sagemaker_submit_directory": f'"s3://{service.bucket}/{key}"', "sagemaker_program": '"train.py"',
        "sagemaker_torch_distributed_enabled": "true", "sagemaker_mpi_num_of_processes_per_host": "2",
        "sagemaker_region": '"us-east-1"', "sagemaker_instance_type": '"ml.m5.large"', "lr": "0.5"})
    request["AlgorithmSpecification"] = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"], 120)
    return job, service.lines(job["TrainingJobName"])


@pytest.mark.release_alone
def test_processes_of_torchrun_find_each_other(service):  # SEMANTICS T9
    job, lines = trained(service, "torchrun/good.tar.gz", SCRIPT)
    assert job["TrainingJobStatus"] == "Completed", lines[-20:]
    said = sorted(line for line in lines if line.startswith("rank "))
    assert said == [f"rank {n} of 2 total 3 ['{n}', '{n}', '2'] ['--lr', '0.5']" for n in (0, 1)], said
    assert job["ModelArtifacts"]["S3ModelArtifacts"]


@pytest.mark.release_alone
def test_one_process_that_fails_fails_the_job(service):  # SEMANTICS T9, J29
    job, lines = trained(service, "torchrun/bad.tar.gz", FAILING)
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage"), reason
    assert "ValueError: rank 1 does not like it" in reason and reason.endswith(", exit code: 1"), reason
