"""A job's role that the settings narrow: what its credentials reach, and what is refused when."""

import json
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

from people import seen_by
from refusals import refusal
from service import GATE, running, wait_until

NARROW = """
[instances."ml.m5.large"]
cpus = 0.2
memory = "512MiB"
[roles.Narrow]
read = ["data/in/", "drafts/"]
write = ["drafts/"]
[roles.Mute]
read = ["data/in/"]
"""
ASK = ("curl -s -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"; "
       "echo; " + GATE)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("roles"), NARROW) as service:
        s3 = service.client("s3")
        for bucket in ("data", "drafts", "other"):
            s3.create_bucket(Bucket=bucket)
        for key in ("in/a", "in/b", "secret/a", "inner"):
            s3.put_object(Bucket="data", Key=key, Body=key.encode())
        yield service


def narrow(service, name="Narrow"):
    return f"arn:aws:iam::{service.account}:role/service-role/{name}"


def job_of(service, script, role="Narrow", **more):
    more = {"OutputDataConfig": {"S3OutputPath": "s3://drafts/out"}, **more}
    return service.request(script, RoleArn=narrow(service, role), **more)


@pytest.fixture(scope="module")
def inside(service):
    """The service, with the credentials of a job of that role."""
    request = job_of(service, ASK)
    name = request["TrainingJobName"]
    service.client("sagemaker").create_training_job(**request)
    line = wait_until(lambda: service.lines(name), "it had its credentials")[0]
    yield seen_by(service, json.loads(line))
    service.open_gate(name)
    assert service.wait(name)["TrainingJobStatus"] == "Completed"


def denied(call, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    return error["Error"].get("Message", "")


def test_a_narrowed_role_reads_and_writes_its_places(inside):  # SEMANTICS A29
    s3 = inside.client("s3")
    assert s3.get_object(Bucket="data", Key="in/a")["Body"].read() == b"in/a"
    assert s3.head_object(Bucket="data", Key="in/b")["ContentLength"] == 4
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="data", Prefix="in/")["Contents"]] == ["in/a", "in/b"]
    s3.put_object(Bucket="drafts", Key="x", Body=b"1")
    s3.copy_object(Bucket="drafts", Key="y", CopySource={"Bucket": "data", "Key": "in/a"})
    upload = s3.create_multipart_upload(Bucket="drafts", Key="z")["UploadId"]
    part = s3.upload_part(Bucket="drafts", Key="z", UploadId=upload, PartNumber=1, Body=b"part")
    s3.list_parts(Bucket="drafts", Key="z", UploadId=upload)
    s3.complete_multipart_upload(Bucket="drafts", Key="z", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    s3.delete_object(Bucket="drafts", Key="y")
    s3.head_bucket(Bucket="data")
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["data", "drafts"]


def test_all_else_is_denied_with_the_role_and_the_setting(service, inside):  # SEMANTICS A29
    s3 = inside.client("s3")
    user = f"User: arn:aws:sts::{service.account}:assumed-role/Narrow/trainyard is not authorized to perform: "
    nowhere = "of [roles.Narrow] in the service's settings has no place that it is in"
    before = service.client("s3").list_objects_v2(Bucket="data")["Contents"]
    assert denied(s3.get_object, Bucket="data", Key="secret/a") == (
        f"{user}s3:GetObject on resource: \"arn:aws:s3:::data/secret/a\" because read {nowhere}")
    assert denied(s3.put_object, Bucket="data", Key="in/new", Body=b"x" * 100_000) == (
        f"{user}s3:PutObject on resource: \"arn:aws:s3:::data/in/new\" because write {nowhere}")
    assert denied(s3.list_objects_v2, Bucket="data") == (
        f"{user}s3:ListObjectsV2 on resource: \"arn:aws:s3:::data\" because read of [roles.Narrow] in the service's "
        "settings has no place that the prefix is in; list what is below one")
    denied(s3.head_object, Bucket="data", Key="inner")
    denied(s3.head_bucket, Bucket="other")
    for call, members in [
            (s3.list_objects, {"Bucket": "data", "Prefix": "i"}),
            (s3.list_multipart_uploads, {"Bucket": "data"}),
            (s3.get_bucket_location, {"Bucket": "other"}),
            (s3.create_bucket, {"Bucket": "mine"}),
            (s3.delete_bucket, {"Bucket": "data"}),
            (s3.delete_object, {"Bucket": "data", "Key": "in/a"}),
            (s3.create_multipart_upload, {"Bucket": "data", "Key": "in/a"}),
            (s3.copy_object, {"Bucket": "drafts", "Key": "got", "CopySource": {"Bucket": "data", "Key": "secret/a"}}),
            (s3.copy_object, {"Bucket": "data", "Key": "in/c", "CopySource": {"Bucket": "data", "Key": "in/a"}})]:
        assert "because" in denied(call, **members), (call, members)
    upload = s3.create_multipart_upload(Bucket="drafts", Key="z")["UploadId"]
    assert "s3:GetObject" in denied(s3.upload_part_copy, Bucket="drafts", Key="z", UploadId=upload, PartNumber=1,
                                    CopySource={"Bucket": "data", "Key": "secret/a"})
    s3.abort_multipart_upload(Bucket="drafts", Key="z", UploadId=upload)
    deleted = s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "in/a"}, {"Key": "secret/a"}]})
    assert [e["Code"] for e in deleted["Errors"]] == ["AccessDenied"] * 2
    assert service.client("s3").list_objects_v2(Bucket="data")["Contents"] == before


def test_a_presigned_url_of_a_job_reaches_no_further(inside):  # SEMANTICS A29
    def fetch(key):
        url = inside.client("s3").generate_presigned_url("get_object", {"Bucket": "data", "Key": key})
        return urllib.request.urlopen(url).read()
    assert fetch("in/a") == b"in/a"
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch("secret/a")
    assert refused.value.code == 403


def test_a_narrowed_job_gives_no_other_role_away(service, inside):  # SEMANTICS A29
    sagemaker = inside.client("sagemaker")
    code, _, words = refusal(service, sagemaker.create_training_job, **service.request())
    assert code == "AccessDeniedException" and words.endswith(
        f"is not authorized to perform: iam:PassRole on resource: {service.role} because a job of a role that "
        "[roles.Narrow] narrows creates jobs of that role alone")
    request = job_of(service, "exit 0")
    sagemaker.create_training_job(**request)
    assert service.wait(request["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_role_that_is_not_named_is_not_narrowed(service):  # SEMANTICS A29
    channel = service.channel("s3://data/secret/")
    job = service.job("cat /opt/ml/input/data/training/a", InputDataConfig=[channel])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


# ---- at create -----------------------------------------------------------------------------------

def test_a_job_reads_and_stores_where_its_role_may(service):  # SEMANTICS A29
    request = job_of(
        service, "cat /opt/ml/input/data/training/*; echo m > /opt/ml/model/m; echo c > /opt/ml/checkpoints/c",
        InputDataConfig=[service.channel("s3://data/in/")],
        CheckpointConfig={"S3Uri": "s3://drafts/checkpoints"})
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert service.client("s3").get_object(Bucket="drafts", Key="checkpoints/c")["Body"].read() == b"c\n"


NOT_THERE = [
    ({"InputDataConfig": "s3://data/secret/"},
     "Invalid S3Uri of channel 'training' \"s3://data/secret/\": the role Narrow may not read there: read of"),
    ({"OutputDataConfig": {"S3OutputPath": "s3://data/in/"}},
     "Invalid OutputDataConfig.S3OutputPath \"s3://data/in/\": the role Narrow may not write there: write of"),
    ({"CheckpointConfig": {"S3Uri": "s3://other/c"}},
     "Invalid CheckpointConfig.S3Uri \"s3://other/c/\": the role Narrow may not write there: write of"),
    ({"TensorBoardOutputConfig": {"S3OutputPath": "s3://other/t"}},
     "Invalid TensorBoardOutputConfig.S3OutputPath \"s3://other/t\": the role Narrow may not write there: write of"),
    ({"HyperParameters": {"sagemaker_submit_directory": "\"s3://other/code.tar.gz\""}},
     "Invalid sagemaker_submit_directory \"s3://other/code.tar.gz\": the role Narrow may not read there: read of"),
    ({"HyperParameters": {"sagemaker_s3_output": "\"s3://other/o\""}},
     "Invalid sagemaker_s3_output \"s3://other/o\": the role Narrow may not write there: write of"),
]


@pytest.mark.parametrize("change, begin", NOT_THERE)
def test_what_the_role_may_not_is_told_at_create(service, change, begin):  # SEMANTICS A29
    if uri := change.get("InputDataConfig"):
        change = {"InputDataConfig": [service.channel(uri)]}
    code, _, words = refusal(service, service.client("sagemaker").create_training_job, **job_of(service, "", **change))
    assert code == "ValidationException" and words.startswith(begin), words
    assert words.endswith("[roles.Narrow] in the service's settings has no place that it is in.") or "prefix" in words


def manifest(service, key, text, **more):
    service.client("s3").put_object(Bucket="data", Key=key, Body=text)
    channel = service.channel(f"s3://data/{key}")
    channel["DataSource"]["S3DataSource"].update(more)
    return channel


def test_a_manifest_leads_no_further(service):  # SEMANTICS A29
    listed = manifest(service, "in/manifest", json.dumps([{"prefix": "s3://data/"}, "in/a", "secret/a"]),
                      S3DataType="ManifestFile")
    augmented = manifest(service, "in/augmented", json.dumps({"source-ref": "s3://data/secret/a"}) + "\n",
                         S3DataType="AugmentedManifestFile", AttributeNames=["source-ref"])
    augmented["InputMode"] = "Pipe"
    for channel in (listed, augmented):
        request = job_of(service, "cat /opt/ml/input/data/training/*", InputDataConfig=[channel])
        service.client("sagemaker").create_training_job(**request)
        job = service.wait(request["TrainingJobName"])
        assert job["TrainingJobStatus"] == "Failed"
        assert "the job's role Narrow may not read s3://data/secret/a: read of [roles.Narrow]" in job["FailureReason"]
        assert job["FailureReason"].startswith("ClientError: ")


def test_what_is_forbidden_later_fails_when_it_is_stored(tmp_path):  # SEMANTICS A29
    """The service comes back with other settings while the job runs."""
    with running(tmp_path, "[roles.Narrow]\nwrite = [\"drafts/\"]\n") as service:
        service.client("s3").create_bucket(Bucket="drafts")
        request = job_of(service, f"echo m > /opt/ml/model/m; {GATE}")
        service.client("sagemaker").create_training_job(**request)
        name = request["TrainingJobName"]
        service.wait_for(name, "Training")
        service.stop()
        (tmp_path / "settings.toml").write_text("[roles.Narrow]\nwrite = []\n")
        service.start()
        service.open_gate(name)
        job = service.wait(name)
        assert job["TrainingJobStatus"] == "Failed"
        assert "is not authorized to perform: s3:" in job["FailureReason"], job["FailureReason"]
        assert "because write of [roles.Narrow] in the service's settings has no place" in job["FailureReason"]
