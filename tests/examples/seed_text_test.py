"""What stands between the seed's two scripts, as written, and a job.

Each error is shown with the real SDK, and the working form beside the text holds the smallest cure of
each and nothing else. No service is needed: botocore checks parameters before it sends, and a canned
answer takes the place of each request.
"""

import difflib
import hashlib
import json
import os
import pathlib
import re
import time

import boto3
import jsonschema
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ParamValidationError

SEED = pathlib.Path(__file__).resolve().parents[2] / "examples/seed"
WRITTEN_SHA256 = {
    "train": "c6ccc9284f9f09a9810a6c10e6789f3d9ab21149ebc2625e623cfe9787f3b477",
    "debug": "1159daa733a4de9042b633b08c1562ca28407b94fb6c1ec5585ad75c2d894bb9",
}
ROLE = "arn:aws:iam::123456789012:role/TrainyardRole"
BUCKET = "sagemaker-us-east-1-123456789012"

# Each cure: which script, what it is, the lines as written and as they work.
CURES = {
    "class name": ("train", [(
        "from sagemaker.pytorch import Pytorch\n",
        "from sagemaker.pytorch import PyTorch\n",
    )]),
    "import of FileSystemInput": ("train", [(
        "import PyTorch\n",
        "import PyTorch\nfrom sagemaker.inputs import FileSystemInput\n",
    )]),
    "call of the class": ("train", [("estimator = Pytorch(", "estimator = PyTorch(")]),
    "job_name": ("train", [(
        "sagemaker.get_execution_role()\n",
        'sagemaker.get_execution_role()\njob_name = sagemaker.utils.name_from_base("seed")\n',
    )]),
    "checkpoint_s3_uri": ("train", [(
        'name_from_base("seed")\n',
        'name_from_base("seed")\ncheckpoint_s3_uri = '
        'f"s3://{sagemaker_session.default_bucket()}/checkpoints/{job_name}"\n',
    )]),
    "bucket": ("train", [(
        '"s3://my_bucket/my_', 'f"s3://{sagemaker_session.default_bucket()}/my_')]),
    "id on EFS": ("train", [("'fs-1'", "'fs-00000001'")]),
    "id on FSx": ("train", [("'fs-2'", "'fs-00000002'")]),
    "one data_path": ("train", [
        ("# EFS인 경우\ndata_path =", "# EFS인 경우\nefs_data_path ="),
        ("# FSx for Lustre인 경우\ndata_path =", "# FSx for Lustre인 경우\nfsx_data_path ="),
    ]),
    "import of sagemaker": ("debug", [("from sagemaker\n", "import sagemaker\n")]),
    "source_code_directory": ("debug", [(
        "import Path\n", 'import Path\nsource_code_directory = "code"\n')]),
    "result_bucket": ("debug", [(
        "설정\nsource_dir =",
        "설정\nresult_bucket = sagemaker_session.default_bucket()\nsource_dir =",
    )]),
}


def written(script):
    return (SEED / f"{script}_as_written.py").read_text(encoding="utf-8")


def working(script):
    return (SEED / f"{script}.py").read_text(encoding="utf-8")


def without(name):
    """The working script but for one cure."""
    script, changes = CURES[name]
    text = working(script)
    for before, after in changes:
        assert text.count(after) == 1, f"the cure {name} is not in {script}.py"
        text = text.replace(after, before)
    return text


class Aws:
    """Canned answers in place of every request; keeps what CreateTrainingJob was asked."""

    def __init__(self):
        self.created = []

    def answer(self, request, event_name, **_):
        operation = event_name.rsplit(".", 1)[-1]
        body = getattr(self, operation, None)(request)
        return AWSResponse(request.url, 200, {}, Body(body))

    def CreateTrainingJob(self, request):
        self.created.append(json.loads(request.body))
        return b'{"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/x"}'

    def DescribeTrainingJob(self, request):
        return json.dumps({
            "TrainingJobName": "x", "TrainingJobStatus": "Completed", "SecondaryStatus": "Completed",
            "LastModifiedTime": 1.0, "CreationTime": 1.0, "ResourceConfig": {"InstanceCount": 1},
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/m"}}).encode()

    def DescribeLogStreams(self, request):
        return b'{"logStreams": []}'

    def GetCallerIdentity(self, request):
        return (b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                b"<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
                b"</GetCallerIdentityResponse>")

    def ListBuckets(self, request):
        return (f"<ListAllMyBucketsResult><Buckets><Bucket><Name>{BUCKET}</Name>"
                "<CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets>"
                "</ListAllMyBucketsResult>").encode()

    def _empty(self, request):
        return b""

    HeadBucket = PutObject = _empty


class Body:
    """The stream that botocore reads an answer's body from."""

    def __init__(self, content):
        self.content = content

    def stream(self, **_):
        yield self.content


@pytest.fixture
def aws(monkeypatch, tmp_path):
    config = tmp_path / "sdk.yaml"
    config.write_text(
        "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
    }.items():
        monkeypatch.setenv(name, value)
    import sagemaker

    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two looks at a job
    # The SDK checks sdk.yaml against its schema each time that it looks for a value: seconds a script.
    monkeypatch.setattr(jsonschema, "validate", lambda *args, **kwargs: None)
    aws = Aws()
    session = boto3.Session(region_name="us-east-1")
    session.events.register("before-send.*.*", aws.answer)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    monkeypatch.setattr(boto3, "Session", lambda *args, **kwargs: session)
    monkeypatch.setattr(sagemaker, "get_execution_role", lambda *args, **kwargs: ROLE)
    monkeypatch.chdir(SEED)
    return aws


def run(text):
    names = {"__name__": "__main__"}
    exec(compile(text, "seed", "exec"), names)
    return names


def refused(error, text, match):
    with pytest.raises(error, match=match):
        run(text)


def sources(aws):
    """What the channels of the created jobs read from."""
    return [channel["DataSource"] for job in aws.created for channel in job["InputDataConfig"]]


@pytest.mark.parametrize("script", WRITTEN_SHA256)
def test_the_text_is_kept_as_it_was_written(script):
    assert hashlib.sha256(written(script).encode()).hexdigest() == WRITTEN_SHA256[script]


@pytest.mark.parametrize("script", WRITTEN_SHA256)
def test_the_working_form_is_the_text_and_the_cures(script):
    text = written(script)
    for name, (of, changes) in CURES.items():
        for before, after in changes if of == script else []:
            assert text.count(before) == 1, f"the cure {name} fits {text.count(before)} places"
            text = text.replace(before, after)
    assert text == working(script)


@pytest.mark.parametrize("script, lines", [("train", 10), ("debug", 3)])
def test_no_more_lines_differ_than_the_cures_need(script, lines):
    changes = list(difflib.ndiff(written(script).splitlines(), working(script).splitlines()))
    assert sum(line.startswith("+ ") for line in changes) == lines


def test_the_working_script_submits_one_job_with_the_seeds_values(aws):
    run(working("train"))
    (job,) = aws.created
    assert re.fullmatch(r"seed-[0-9-]+", job["TrainingJobName"])
    assert job["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 432000, "MaxWaitTimeInSeconds": 10800}
    assert job["EnableManagedSpotTraining"] is True
    assert job["ResourceConfig"]["InstanceType"] == "ml.p4d.24xlarge"
    assert job["CheckpointConfig"]["S3Uri"].endswith(f"/checkpoints/{job['TrainingJobName']}")
    assert job["AlgorithmSpecification"]["TrainingImage"].endswith("/pytorch-training:1.10-gpu-py38")
    given = {k: v for k, v in job["HyperParameters"].items() if not k.startswith("sagemaker_")}
    assert given == {"batch_size": "32", "lr": "0.0001", "image_size": "128"}
    (source,) = sources(aws)
    assert source["S3DataSource"]["S3Uri"] == f"s3://{BUCKET}/my_training_data/"


def test_the_working_debug_script_sets_up_both_modes(aws):
    names = run(working("debug"))
    assert (names["source_dir"], names["instance_type"]) == ("code", "ml.p4d.24xlarge")
    assert names["checkpoint_s3_bucket"] == f"s3://{BUCKET}/checkpoints"


@pytest.mark.parametrize("name, error, words", [
    ("class name", ImportError, "cannot import name 'Pytorch' from 'sagemaker.pytorch'"),
    ("call of the class", NameError, "name 'Pytorch' is not defined"),
    ("import of FileSystemInput", NameError, "name 'FileSystemInput' is not defined"),
    ("job_name", NameError, "name 'job_name' is not defined"),
    ("checkpoint_s3_uri", NameError, "name 'checkpoint_s3_uri' is not defined"),
    ("import of sagemaker", SyntaxError, "invalid syntax"),
    ("source_code_directory", NameError, "name 'source_code_directory' is not defined"),
    ("result_bucket", NameError, "name 'result_bucket' is not defined"),
])
def test_without_a_cure_the_script_ends_with(aws, name, error, words):
    text = without(name)
    # The path of checkpoints is named after the job: without job_name it is what fails first.
    refused(error, text, words)
    assert not aws.created


@pytest.mark.parametrize("script, error", [("train", ImportError), ("debug", SyntaxError)])
def test_as_written_nothing_runs(aws, script, error):
    refused(error, written(script), "Pytorch|invalid syntax")


@pytest.mark.parametrize("name, path, value", [
    ("id on EFS", "efs_data_path", "fs-1"), ("id on FSx", "fsx_data_path", "fs-2")])
def test_an_id_as_written_is_too_short_for_the_client(aws, name, path, value):
    chosen = without(name).replace("channel_name : data_path", f"channel_name : {path}")
    refused(ParamValidationError, chosen,
            r"Invalid length for parameter InputDataConfig\[0\]\.DataSource\.FileSystemDataSource\."
            f"FileSystemId, value: {len(value)}, valid min length: 11")
    assert not aws.created


@pytest.mark.parametrize("path, kind", [("efs_data_path", "EFS"), ("fsx_data_path", "FSxLustre")])
def test_with_its_id_cured_a_file_system_may_be_chosen(aws, path, kind):
    run(working("train").replace("channel_name : data_path", f"channel_name : {path}"))
    (source,) = sources(aws)
    assert source["FileSystemDataSource"]["FileSystemType"] == kind


def test_of_three_data_paths_in_a_row_the_last_would_win(aws):
    run(without("one data_path"))
    (source,) = sources(aws)
    assert source["FileSystemDataSource"]["FileSystemId"] == "fs-00000002"


def test_the_bucket_as_written_is_no_name_a_bucket_can_have(aws):
    """The client sends it all the same. S3 takes lower-case letters, digits, dots and hyphens."""
    run(without("bucket"))
    (source,) = sources(aws)
    bucket = source["S3DataSource"]["S3Uri"].split("/")[2]
    assert bucket == "my_bucket" and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket)
