"""What a job is told of itself: the files of /opt/ml/input/config and the platform's variables; and source that
comes by a channel."""

import json

from scripts import archive
from service import IMAGE

TELL = ("cd /opt/ml/input/config; for f in *.json; do printf '%s ' ${f%.json}; tr -d '\\n' < $f; echo; done; "
        "env | sed 's/=/ /'; echo \"metrics $(stat -c %F $SAGEMAKER_METRICS_DIRECTORY)\"")


def told(service, **more):
    """What a job says that it was told, what it was asked to be, and its description."""
    request = service.request(TELL, **more)
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return dict(line.split(" ", 1) for line in service.lines(request["TrainingJobName"])), request, job


def test_a_job_is_told_what_was_asked(service):  # SEMANTICS D10, D11
    service.put("told/train/a", b"1\n")
    channels = [{**service.channel(f"s3://{service.bucket}/told/train/", "train"), "ContentType": "text/csv"},
                service.channel(f"s3://{service.bucket}/told/train/a", "val-2")]
    checkpoints = {"S3Uri": f"s3://{service.bucket}/told/checkpoints", "LocalPath": "/opt/ml/other"}
    asked = {"lr": "0.10", "text": '"a \\"b\\" \\u00e9"', "\u00e9": "x"}
    said, request, job = told(service, InputDataConfig=channels, CheckpointConfig=checkpoints,
                              HyperParameters=asked)
    assert json.loads(said["hyperparameters"]) == asked
    plain = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    assert json.loads(said["inputdataconfig"]) == {"train": {**plain, "ContentType": "text/csv"}, "val-2": plain}
    assert json.loads(said["resourceconfig"]) == {
        "current_host": "algo-1", "current_instance_type": "ml.m5.large", "hosts": ["algo-1"],
        "current_group_name": "homogeneousCluster", "network_interface_name": "lo",
        "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large",
                             "hosts": ["algo-1"]}]}
    assert json.loads(said["trainingjobconfig"]) == request
    assert json.loads(said["checkpointconfig"]) == checkpoints
    assert said["TRAINING_JOB_NAME"] == request["TrainingJobName"]
    assert said["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert said["AWS_REGION"] == said["AWS_DEFAULT_REGION"] == service.region
    assert said["SAGEMAKER_METRICS_DIRECTORY"] == "/opt/ml/output/metrics/sagemaker"
    assert said["metrics"] == "directory"


def test_nothing_is_told_of_what_was_not_asked(service):  # SEMANTICS D10
    request = service.request("cd /opt/ml/input/config && echo *; cat hyperparameters.json inputdataconfig.json")
    service.client("sagemaker").create_training_job(**request)
    service.wait(request["TrainingJobName"])
    files, *texts = service.lines(request["TrainingJobName"])
    assert files.split() == ["hyperparameters.json", "init-config.json", "inputdataconfig.json",
                             "metric-definition-regex.json", "resourceconfig.json", "trainingjobconfig.json",
                             "upstreamoutputdataconfig.json"]
    assert "".join(texts).replace(" ", "") == "{}{}"


def test_source_comes_by_a_channel_under_network_isolation(service):  # SEMANTICS X14, T1
    """As the SDK sends it with enable_network_isolation: where S3 cannot be asked, a channel `code` has it."""
    script = b"import lib, os, sys\nprint(lib.NAME, sys.argv[1:], os.getcwd(), os.environ['SM_CHANNELS'])\n"
    service.put("isolated/sourcedir.tar.gz", archive(("train.py", script), ("lib.py", b"NAME = 'by a channel'\n")))
    request = service.request(
        EnableNetworkIsolation=True,
        InputDataConfig=[service.channel(f"s3://{service.bucket}/isolated/sourcedir.tar.gz", "code")],
        HyperParameters={"sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
                         "sagemaker_program": '"train.py"', "lr": "0.5"})
    request["AlgorithmSpecification"] = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    said = service.lines(request["TrainingJobName"])
    assert "by a channel ['--lr', '0.5'] /opt/ml/code [\"code\"]" in said, said
