"""A script that Open MPI starts, by the estimator's distribution={"mpi": {"enabled": True}}."""

from scripts import archive
from service import IMAGE

SCRIPT = b"""
import sys
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.Get_rank() + 1)
sys.stdout.write(f"rank {world.Get_rank()} of {world.Get_size()} total {total}\\n")  # at once
if world.Get_rank() == 0:
    open("/opt/ml/model/weights", "w").write(str(total))
"""
FAILING = SCRIPT + b"""
if world.Get_rank() == 1:
    raise ValueError("rank 1 does not like it")
world.recv(source=1)
"""


def trained(service, key, script):
    service.put(key, archive(("train.py", script)))
    request = service.request(HyperParameters={
        "sagemaker_submit_directory": f'"s3://{service.bucket}/{key}"', "sagemaker_program": '"train.py"',
        "sagemaker_mpi_enabled": "true", "sagemaker_mpi_num_of_processes_per_host": "2",
        "sagemaker_mpi_custom_mpi_options": '"--oversubscribe"', "sagemaker_region": '"us-east-1"',
        "sagemaker_instance_type": '"ml.m5.large"'})
    request["AlgorithmSpecification"] = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    service.client("sagemaker").create_training_job(**request)
    return service.wait(request["TrainingJobName"])


def test_processes_of_mpi_find_each_other(service):  # SEMANTICS T9
    job = trained(service, "mpi/good.tar.gz", SCRIPT)
    lines = service.lines(job["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", lines[-20:]
    said = sorted(line.split(">:", 1)[-1] for line in lines if "rank " in line and " total " in line
                  and "write" not in line)
    assert said == ["rank 0 of 2 total 3", "rank 1 of 2 total 3"], said
    assert job["ModelArtifacts"]["S3ModelArtifacts"]


def test_one_process_that_fails_ends_all_of_them(service):  # SEMANTICS T9
    job = trained(service, "mpi/bad.tar.gz", FAILING)
    assert job["TrainingJobStatus"] == "Failed"
    assert "rank 1 does not like it" in job["FailureReason"], job["FailureReason"]
