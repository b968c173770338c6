"""The same kind of job by each client: SDK v2, boto3, AWS CLI v1, curl; and what all of them see."""

import json
import pathlib
import subprocess
import sys
import tarfile

import pytest

from service import IMAGE, ROOT, python

pytestmark = pytest.mark.release_alone

AWS = pathlib.Path(sys.executable).parent / "aws"


def model_of(service, job, tmp_path):
    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    key = uri.removeprefix(f"s3://{service.bucket}/")
    service.client("s3").download_file(service.bucket, key, str(tmp_path / "model.tar.gz"))
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}


SCRIPT = "cat /opt/ml/input/data/training/* && echo made > /opt/ml/model/m"


def test_the_seeds_script_trains_a_model_that_reads_digits(service):
    # SEMANTICS A16, J2, J22, J24, J42
    done = python(service, ROOT / "examples/digits/launch.py", "digits-by-sdk")
    assert done.returncode == 0, done.stdout + done.stderr
    accuracy = float(done.stdout.rsplit("accuracy", 1)[1])
    assert accuracy >= 0.95
    assert "epoch 6/6" in done.stdout  # its lines were streamed
    job = service.describe("digits-by-sdk")
    assert job["TrainingJobStatus"] == "Completed"
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]] == [
        "Starting", "Starting", "Downloading", "Training", "Uploading", "Completed"]


def test_boto3(service, tmp_path):  # SEMANTICS A18, O1
    service.put("boto3/a", b"from boto3\n")
    job = service.job(SCRIPT, InputDataConfig=[service.channel(f"s3://{service.bucket}/boto3/")])
    assert job["TrainingJobStatus"] == "Completed", job
    assert service.lines(job["TrainingJobName"]) == ["from boto3"]
    assert model_of(service, job, tmp_path) == {"m": b"made\n"}


def aws(service, *arguments):
    done = subprocess.run([AWS, *map(str, arguments)], env=service.environment,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_aws_cli(service, tmp_path):  # SEMANTICS A18, L1
    (tmp_path / "a").write_text("from the CLI\n")
    aws(service, "s3", "cp", tmp_path / "a", f"s3://{service.bucket}/cli/a")
    request = service.request(SCRIPT, TrainingJobName="by-cli",
                              InputDataConfig=[service.channel(f"s3://{service.bucket}/cli/")])
    (tmp_path / "job.json").write_text(json.dumps(request))
    answer = json.loads(aws(service, "sagemaker", "create-training-job", "--cli-input-json",
                            f"file://{tmp_path}/job.json"))
    assert answer["TrainingJobArn"].endswith(":training-job/by-cli")
    aws(service, "sagemaker", "wait", "training-job-completed-or-stopped",
        "--training-job-name", "by-cli")
    job = json.loads(aws(service, "sagemaker", "describe-training-job", "--training-job-name",
                         "by-cli"))
    assert job["TrainingJobStatus"] == "Completed"
    aws(service, "s3", "cp", job["ModelArtifacts"]["S3ModelArtifacts"], tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        assert archive.extractfile("m").read() == b"made\n"
    stream = json.loads(aws(service, "logs", "describe-log-streams", "--log-group-name",
                            "/aws/sagemaker/TrainingJobs", "--log-stream-name-prefix", "by-cli"))
    events = json.loads(aws(service, "logs", "get-log-events", "--log-group-name",
                            "/aws/sagemaker/TrainingJobs", "--log-stream-name",
                            stream["logStreams"][0]["logStreamName"]))
    assert "from the CLI" in [e["message"] for e in events["events"]]


def curl(service, api, *arguments, body=None):
    command = ["curl", "-sS", "--fail-with-body", "--aws-sigv4",
               f"aws:amz:{service.region}:{api}", "--user",
               f"{service.access_key}:{service.secret_key}", *map(str, arguments)]
    done = subprocess.run(command, input=body, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def curl_json(service, operation, request):
    out = curl(service, "sagemaker", service.url + "/", "-H", f"X-Amz-Target: SageMaker.{operation}",
               "-H", "Content-Type: application/x-amz-json-1.1", "--data-binary", "@-",
               body=json.dumps(request))
    return json.loads(out) if out else {}


def test_curl(service):  # SEMANTICS A18
    curl(service, "s3", "-X", "PUT", f"{service.url}/{service.bucket}/curl/a",
         "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--data-binary", "from curl\n")
    request = service.request(SCRIPT, TrainingJobName="by-curl",
                              InputDataConfig=[service.channel(f"s3://{service.bucket}/curl/")])
    arn = curl_json(service, "CreateTrainingJob", request)["TrainingJobArn"]
    assert arn.endswith("/by-curl")
    service.wait("by-curl")
    job = curl_json(service, "DescribeTrainingJob", {"TrainingJobName": "by-curl"})
    assert job["TrainingJobStatus"] == "Completed"
    assert service.lines("by-curl") == ["from curl"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_sts_and_iam_know_who_asks(service, region):  # SEMANTICS A11
    who = service.client("sts", region).get_caller_identity()
    assert who["Account"] == service.account
    role = service.client("iam", "us-east-1").get_role(RoleName="AnyName")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{service.account}:role/AnyName"
