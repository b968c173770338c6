"""What settings change: strict refusals, sizes of instances, the grace of a stop, a log's limit."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import pytest

import service as services
from refusals import refusal
from service import IMAGE, wait_until

SMALL = "[machine]\ncpus = 1\nmemory = \"512MiB\"\n"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
VPC = {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
OTHER_ROLE = "arn:aws:iam::123456789012:role/service-role/Other"


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    with services.running(tmp_path_factory.mktemp("strict"), "strict = true\n") as running:
        yield running


def changed(service, change):
    """A request with some members set, those of structures beside what is there."""
    request = service.request()
    for member, value in change.items():
        request[member] = request[member] | value if isinstance(request.get(member), dict) else value
    return request


UNKNOWN = [
    ({"RoleArn": OTHER_ROLE},
     f"Could not assume role {OTHER_ROLE}. Please ensure that the role exists and allows principal "
     "'sagemaker.amazonaws.com' to assume the role."),
    ({"RoleArn": "arn:aws:iam::999999999999:role/TrainyardRole"},
     "Could not assume role arn:aws:iam::999999999999:role/TrainyardRole. Please ensure that the "
     "role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."),
    ({"VpcConfig": VPC}, "The subnet ID 'subnet-0123456789abcdef0' does not exist"),
    ({"OutputDataConfig": {"KmsKeyId": KEY}}, f"Key '{KEY}' does not exist"),
    ({"ResourceConfig": {"VolumeKmsKeyId": KEY}}, f"Key '{KEY}' does not exist"),
    ({"EnableManagedSpotTraining": True,
      "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 599}},
     "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
     "MaxRuntimeInSeconds"),
]


@pytest.mark.parametrize("change, words", UNKNOWN)
def test_strict_knows_only_its_own(strict, change, words):  # SEMANTICS A13, A21, J25
    request = changed(strict, change)
    assert refusal(strict, strict.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400, words)


@pytest.mark.parametrize("change", [change for change, _ in UNKNOWN])
def test_without_strict_what_is_well_formed_is_accepted(service, change):  # SEMANTICS A13, J24
    request = changed(service, change)
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_strict_runs_what_the_service_would(strict):  # SEMANTICS A21
    job = strict.job(EnableManagedSpotTraining=True, StoppingCondition={
        "MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
        OutputDataConfig={"S3OutputPath": f"s3://{strict.bucket}/out", "KmsKeyId": ""})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_strict_has_one_role(strict):  # SEMANTICS A11
    iam = strict.client("iam")
    assert iam.get_role(RoleName="TrainyardRole")["Role"]["Arn"] == strict.role
    code, status, words = refusal(strict, iam.get_role, RoleName="Other")
    assert (code, status) == ("NoSuchEntity", 404)
    assert words == "The role with name Other cannot be found."


# ---- sizes ---------------------------------------------------------------------------------------

def test_what_the_machine_lacks_is_scaled_down_and_said(tmp_path):  # SEMANTICS J39
    with services.running(tmp_path, SMALL) as service:
        job = service.job("nproc", ResourceConfig={
            "InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1})
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        said = service.lines(job["TrainingJobName"], notices=True)
        assert ("[trainyard] ml.p4d.24xlarge is 96 cores, 1152 GiB, 8 GPUs; this machine gives "
                "it 1 cores, 0.5 GiB, 0 GPUs") in said


def test_strict_instances_fail_what_the_machine_lacks(tmp_path):  # SEMANTICS J39
    with services.running(tmp_path, "strict_instances = true\n" + SMALL) as service:
        job = service.job("exit 0")
        assert job["TrainingJobStatus"] == "Failed"
        assert job["FailureReason"] == (
            "CapacityError: Unable to provision requested ML compute capacity. Please retry using a "
            "different ML instance type.")
        assert service.lines(job["TrainingJobName"]) == []


def test_a_type_means_here_what_the_settings_say(tmp_path):  # SEMANTICS J39
    fits = SMALL + "[instances.\"ml.m5.large\"]\ncpus = 1\nmemory = \"512MiB\"\n"
    with services.running(tmp_path, "strict_instances = true\n" + fits) as service:
        assert service.job("exit 0")["TrainingJobStatus"] == "Completed"


# ---- ends ----------------------------------------------------------------------------------------

DEAF = "trap '' TERM; echo up; while :; do sleep 0.1; done"


def test_a_script_that_ignores_sigterm_is_killed_when_the_grace_is_over(tmp_path):  # SEMANTICS J12
    with services.running(tmp_path, "stop_grace_seconds = 1\n") as service:
        stopped = service.create(DEAF)
        wait_until(lambda: "up" in service.lines(stopped), "it ignored SIGTERM")
        service.client("sagemaker").stop_training_job(TrainingJobName=stopped)
        asked = time.monotonic()
        job = service.wait(stopped, 30)
        assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
        assert 0.9 < time.monotonic() - asked < 20
        job = service.job(DEAF, StoppingCondition={"MaxRuntimeInSeconds": 1})
        assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == (
            "Stopped", "MaxRuntimeExceeded")
        wait_until(lambda: service.leftovers() == [], "nothing of them was left")


def test_what_is_written_past_a_logs_limit_is_not_kept_and_that_is_said(tmp_path):  # SEMANTICS L18
    with services.running(tmp_path, "log_limit = \"1MiB\"\n") as service:
        job = service.job("yes 'one of many lines' | head -c 3000000; echo end")
        assert job["TrainingJobStatus"] == "Completed"
        log, = service.data.glob("blobs/logs/*/raw.log")
        assert log.stat().st_size < 1 << 20 | 1 << 16
        said = service.lines(job["TrainingJobName"], notices=True)
        assert any("bytes were dropped (setting log_limit)" in line for line in said[-5:])


def test_shared_memory_is_half_of_the_jobs(tmp_path):  # SEMANTICS X11
    with services.running(tmp_path, "[instances.\"ml.m5.large\"]\nmemory = \"256MiB\"\n") as service:
        job = service.job("df -B1 --output=size /dev/shm | tail -n 1")
        assert [int(line) for line in service.lines(job["TrainingJobName"])] == [128 << 20]


# ---- environments --------------------------------------------------------------------------------

CLIENT = """
import boto3, json, sys
boto3.client("sagemaker").create_training_job(**json.loads(sys.argv[1]))
"""


@pytest.fixture
def venv():
    """A Python environment that any user may see, with a torch of a version that no image has."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        prefix = pathlib.Path(directory) / "venv"
        pathlib.Path(directory).chmod(0o755)
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", prefix], check=True)
        packages, = prefix.glob("lib/python3.*/site-packages")
        (packages / "torch").mkdir()
        (packages / "torch/version.py").write_text("__version__ = '1.10.9'\n")
        yield prefix


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_callers_environment_is_handed_over(service, venv, variable, tmp_path):  # SEMANTICS E7
    """It runs the jobs of that command, and of no other; a path that is only named is not opened."""
    request = service.request("python3 -c 'import sys; print(sys.prefix)'")
    done = service.run("run", "--", sys.executable, "-c", CLIENT, json.dumps(request),
                       env={variable: str(venv)})
    assert done.returncode == 0, done.stderr
    service.wait(request["TrainingJobName"])
    first = service.lines(request["TrainingJobName"], notices=True)[0]
    assert "here runs torch 1.10.9" in first and f"(the caller's own {venv})" in first
    assert str(venv) in service.lines(request["TrainingJobName"])
    other = service.create(Environment={variable: str(venv)})
    service.wait(other)
    assert str(venv) not in service.lines(other, notices=True)[0]


def test_the_environment_of_the_interpreter_is_handed_over(service, venv):  # SEMANTICS E7
    request = service.request()
    client = sys.executable, [sys.executable, "-c", CLIENT, json.dumps(request)]
    words = f"import os; os.execv(*{client!r})"
    done = service.run("run", "--", venv / "bin/python", "-c", words,
                       env={"VIRTUAL_ENV": "", "CONDA_PREFIX": ""})
    assert done.returncode == 0, done.stderr
    service.wait(request["TrainingJobName"])
    first = service.lines(request["TrainingJobName"], notices=True)[0]
    assert f"(the caller's own {venv})" in first and IMAGE.rsplit("/")[-1] in first


def test_a_cache_is_shared_by_all_jobs(tmp_path_factory):  # SEMANTICS E11
    directory = tmp_path_factory.mktemp("cache")
    directory.chmod(0o777)
    settings = f'[caches]\nHF_HOME = "{directory}"\n'
    with services.running(tmp_path_factory.mktemp("caching"), settings) as service:
        job = service.job("echo fetched > $HF_HOME/model")
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert (directory / "model").read_text() == "fetched\n"
        second = service.job("cat $HF_HOME/model")
        assert service.lines(second["TrainingJobName"]) == ["fetched"]
        own = service.job("echo $HF_HOME", Environment={"HF_HOME": "/tmp/mine"})
        assert service.lines(own["TrainingJobName"]) == ["/tmp/mine"]
