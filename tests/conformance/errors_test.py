"""Each wrong request gets the right code, HTTP status and words, and changes nothing."""

import datetime
import json

import botocore
import botocore.auth
import pytest

import service as services
from refusals import refusal, state_of
from signed_http import Caller, answer_on, connect, head_of, signed_headers

CURE = "`trainyard env` prints one"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One with a job that has ended, and nobody else's jobs that could change meanwhile."""
    with services.running(tmp_path_factory.mktemp("errors")) as running:
        running.job(TrainingJobName="ended", Tags=[{"Key": "a", "Value": "b"}])
        yield running


def stranger(service, name, access_key=None, secret_key=None, **config):
    """A client of somebody else's."""
    other = services.Service(service.data)
    other.url, other.region = service.url, service.region
    other.access_key = access_key or service.access_key
    other.secret_key = secret_key or service.secret_key
    return other.client(name, **config)


# One call of each protocol: the JSON, the XML and the form one.
CALLS = {
    "sagemaker": lambda c, s: c.create_training_job(**s.request(TrainingJobName="stranger")),
    "s3": lambda c, s: c.put_object(Bucket=s.bucket, Key="stranger", Body=b"x"),
    "iam": lambda c, s: c.get_role(RoleName="x"),
}


def refused_to(client, service):
    name = client.meta.service_model.service_name
    return refusal(service, lambda: CALLS[name](client, service))


@pytest.mark.parametrize("name, code, status", [
    ("sagemaker", "MissingAuthenticationTokenException", 400),
    ("s3", "AccessDenied", 403), ("iam", "MissingAuthenticationToken", 403)])
def test_no_signature(service, name, code, status):  # SEMANTICS A1, A2
    found = refused_to(stranger(service, name, signature_version=botocore.UNSIGNED), service)
    assert found[:2] == (code, status)
    assert found[2].startswith("Request is missing Authentication Token")
    assert "trainyard env" in found[2]


@pytest.mark.parametrize("name, code, status", [
    ("sagemaker", "InvalidSignatureException", 400),
    ("s3", "SignatureDoesNotMatch", 403), ("iam", "SignatureDoesNotMatch", 403)])
def test_a_wrong_signature(service, name, code, status):  # SEMANTICS A1, A2
    found = refused_to(stranger(service, name, secret_key="wrong"), service)
    assert found[:2] == (code, status)
    assert found[2].startswith(
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.")


@pytest.mark.parametrize("name, code, status, words", [
    ("sagemaker", "UnrecognizedClientException", 400,
     "The security token included in the request is invalid."),
    ("s3", "InvalidAccessKeyId", 403,
     "The AWS Access Key Id you provided does not exist in our records."),
    ("iam", "InvalidClientTokenId", 403,
     "The security token included in the request is invalid.")])
def test_an_unknown_key(service, name, code, status, words):  # SEMANTICS A1, A2
    found = refused_to(stranger(service, name, access_key="AKIAUNKNOWN000000000"), service)
    assert found[:2] == (code, status)
    assert found[2].startswith(words) and CURE in found[2]


@pytest.mark.parametrize("name, code, status", [
    ("sagemaker", "InvalidSignatureException", 400),
    ("s3", "RequestTimeTooSkewed", 403), ("iam", "SignatureDoesNotMatch", 403)])
@pytest.mark.parametrize("minutes, words", [
    (-20, "Signature expired: "), (20, "Signature not yet current: ")])
def test_a_skewed_clock(service, monkeypatch, name, code, status, minutes, words):
    # SEMANTICS A2, A3
    client = service.client(name)
    true_time = botocore.auth.get_current_datetime
    before = state_of(service)

    def skewed(*arguments, **more):
        return true_time(*arguments, **more) + datetime.timedelta(minutes=minutes)

    with monkeypatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", skewed)
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            CALLS[name](client, service)
    assert state_of(service) == before
    response = caught.value.response
    assert (response["Error"]["Code"],
            response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert response["Error"]["Message"].startswith(words)
    assert "Set the client's clock" in response["Error"]["Message"]


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_a_little_off_is_taken(service, monkeypatch, minutes):  # SEMANTICS A3
    true_time = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **more: true_time(
        *a, **more) + datetime.timedelta(minutes=minutes))
    assert service.describe("ended")["TrainingJobStatus"] == "Completed"


def test_what_serves_models_is_not_offered(service):  # SEMANTICS A7
    sagemaker = service.client("sagemaker")
    words = "SageMaker.{} is not offered: Trainyard trains, it does not serve; the model is {}"
    assert refusal(service, sagemaker.create_endpoint, EndpointName="x",
                   EndpointConfigName="x") == (
        "UnknownOperationException", 400,
        words.format("CreateEndpoint", "the S3ModelArtifacts of DescribeTrainingJob"))
    model = service.describe("ended")["ModelArtifacts"]["S3ModelArtifacts"]
    assert refusal(service, sagemaker.create_model, ModelName="x", ExecutionRoleArn=service.role,
                   PrimaryContainer={"Image": services.IMAGE, "ModelDataUrl": model}) == (
        "UnknownOperationException", 400, words.format("CreateModel", model))


def test_an_unknown_operation(service):  # SEMANTICS A7
    assert refusal(service, service.client("sagemaker").list_apps) == (
        "UnknownOperationException", 400,
        "SageMaker.ListApps is not an operation that is offered here.")


@pytest.mark.parametrize("body, words", [
    (b'{"TrainingJobName": "x"', "The request body is not valid JSON: "),
    (b"{'TrainingJobName': 'x'}", "The request body is not valid JSON: "),
    (b'{"TrainingJobName": "x"} {}', "The request body is not valid JSON: "),
    (b'{"TrainingJobName": "\xff\xfe"}', "The request body is not valid JSON: "),
    (b'{"a":' * 40 + b"1" + b"}" * 40, "The request body is not valid JSON: "),
    (b'["TrainingJobName"]', "The request body must be a JSON object, as in ")])
def test_malformed_json(service, body, words):  # SEMANTICS A5
    before = state_of(service)
    for operation in ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "AddTags"):
        code, status, message = Caller(service).call(operation, body).error
        assert (code, status) == ("SerializationException", 400)
        assert message.startswith(words)
    assert state_of(service) == before


def test_a_duplicate_name(service):  # SEMANTICS J16
    sagemaker = service.client("sagemaker")
    request = service.request(TrainingJobName="ended")
    arn = f"arn:aws:sagemaker:{service.region}:{service.account}:training-job/ended"
    assert refusal(service, sagemaker.create_training_job, **request) == (
        "ResourceInUse", 400,
        "Training job names must be unique within an AWS account and region, and a training job "
        f"with this name already exists ({arn}). Leave job_name out and the SDK makes a unique "
        "one, or add a time to it.")
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_training_job(**request)


def test_an_unknown_job(service):  # SEMANTICS A2
    sagemaker = service.client("sagemaker")
    arn = f"arn:aws:sagemaker:{service.region}:{service.account}:training-job/no-such-job"
    not_found = ("ValidationException", 400, "Requested resource not found.")
    for call, members in [
            (sagemaker.describe_training_job, {"TrainingJobName": "no-such-job"}),
            (sagemaker.stop_training_job, {"TrainingJobName": "no-such-job"}),
            (sagemaker.add_tags, {"ResourceArn": arn, "Tags": [{"Key": "a", "Value": "b"}]}),
            (sagemaker.list_tags, {"ResourceArn": arn})]:
        assert refusal(service, call, **members) == not_found
    # Names are a region's own.
    elsewhere = service.client("sagemaker", "eu-central-1")
    assert refusal(service, elsewhere.describe_training_job,
                   TrainingJobName="ended") == not_found


def test_an_ended_job_cannot_be_stopped(service):  # SEMANTICS J15
    assert refusal(service, service.client("sagemaker").stop_training_job,
                   TrainingJobName="ended") == (
        "ValidationException", 400,
        "The request was rejected because the training job is in status Completed.")


@pytest.mark.parametrize("bucket, prefix", [
    (None, "no/such/prefix/"), (None, "ended-like"), ("no-such-bucket", "")])
def test_an_input_without_objects(service, bucket, prefix):  # SEMANTICS D6
    service.put("ended-lik/e")
    bucket = bucket or service.bucket
    uri = f"s3://{bucket}/{prefix}"
    request = service.request(InputDataConfig=[service.channel(uri)])
    assert refusal(service, service.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400,
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
        f"the bucket exists in the selected region ({service.region}), that objects exist under "
        f'that S3 prefix, and that the role "{service.role}" has "s3:ListBucket" permissions on '
        f'bucket "{bucket}". ' + (
            "Here the bucket is there, and no key in it begins so." if bucket == service.bucket else
            f"Here there is no such bucket: make it and put the data there (trainyard run -- aws s3 mb "
            f"s3://{bucket}), or write [buckets.{bucket}] in the settings."))


def test_two_instances_are_refused_in_one_sentence(service):  # SEMANTICS J17
    sentence = ("ValidationException", 400,
                "Trainyard runs one instance a job for now: set InstanceCount to 1 "
                "(instance_count=1) and leave InstanceGroups out.")
    sagemaker = service.client("sagemaker")
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    assert refusal(service, sagemaker.create_training_job,
                   **service.request(ResourceConfig=resources)) == sentence
    group = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "a"}
    resources = {"InstanceGroups": [group], "VolumeSizeInGB": 1}
    assert refusal(service, sagemaker.create_training_job,
                   **service.request(ResourceConfig=resources)) == sentence


def without(resources, *members):
    return {key: value for key, value in resources.items() if key not in members}


@pytest.mark.parametrize("change, words", [
    (lambda r: None,
     "ResourceConfig must be given, with an InstanceType and an InstanceCount of 1."),
    (lambda r: {}, "ResourceConfig must have an InstanceType (instance_type=\"ml.m5.large\")."),
    (lambda r: without(r, "InstanceType"),
     "ResourceConfig must have an InstanceType (instance_type=\"ml.m5.large\")."),
    (lambda r: without(r, "InstanceCount"),
     "ResourceConfig must have an InstanceCount of 1 (instance_count=1)."),
    (lambda r: r | {"InstanceCount": 0},
     "ResourceConfig must have an InstanceCount of 1 (instance_count=1).")])
def test_a_job_without_an_instance_is_refused(service, change, words):  # SEMANTICS J44
    request = service.request()
    request["ResourceConfig"] = change(request["ResourceConfig"])
    if request["ResourceConfig"] is None:
        del request["ResourceConfig"]
    assert refusal(service, service.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400, words)


def test_max_wait_needs_spot(service):  # SEMANTICS J26
    request = service.request(StoppingCondition={"MaxRuntimeInSeconds": 60,
                                                 "MaxWaitTimeInSeconds": 60})
    assert refusal(service, service.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400,
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true")


def test_a_channel_given_twice(service):  # SEMANTICS D7
    channel = service.channel(service.put("twice/a"))
    request = service.request(InputDataConfig=[channel, channel])
    assert refusal(service, service.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400, "Channel names must be unique: 'training' is given twice.")


@pytest.mark.parametrize("name", [".", ".."])
def test_a_channel_that_can_be_no_directory(service, name):  # SEMANTICS D13
    channel = service.channel(service.put("dots/a"), name)
    request = service.request(InputDataConfig=[channel])
    assert refusal(service, service.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400,
        f"Channel '{name}': a channel is a directory of its name, which this one cannot be.")


def test_a_dataset_of_a_hub_is_refused_by_name(service):  # SEMANTICS D1
    channel = {"ChannelName": "val", "DataSource": {"DatasetSource": {
        "DatasetArn": "arn:aws:sagemaker:us-east-1:aws:hub-content/hub/DataSet/abc/1.0.0"}}}
    request = service.request(InputDataConfig=[channel])
    assert refusal(service, service.client("sagemaker").create_training_job, **request) == (
        "ValidationException", 400, "Channel 'val': a dataset of a hub is not offered yet. Use an S3 "
        "prefix or a file system.")


@pytest.mark.parametrize("uri, words", [
    ("https://example.com/x", "write s3://BUCKET/PREFIX."),
    ("s3://no-such-bucket-here/x", 'the bucket "no-such-bucket-here" does not exist. Make it (aws s3 '
     "mb s3://no-such-bucket-here), or name one that exists."),
    ("s3://UPPER/x", "write s3://BUCKET/PREFIX.")])
def test_a_place_for_outputs_that_there_is_not(service, uri, words):  # SEMANTICS O9
    create = service.client("sagemaker").create_training_job
    refused = "ValidationException", 400
    request = service.request(OutputDataConfig={"S3OutputPath": uri})
    assert refusal(service, create, **request) == (
        *refused, f'Invalid OutputDataConfig.S3OutputPath "{uri}": {words}')
    request = service.request(CheckpointConfig={"S3Uri": uri})
    assert refusal(service, create, **request) == (
        *refused, f'Invalid CheckpointConfig.S3Uri "{uri}": {words}')


def test_a_place_for_outputs_whose_keys_would_be_too_long(service):  # SEMANTICS O9
    prefix = "k" * (1024 - len(f"s3://{service.bucket}/"))
    request = service.request(OutputDataConfig={"S3OutputPath": f"s3://{service.bucket}/{prefix}"},
                              TrainingJobName="n" * 63)
    code, status, words = refusal(service, service.client("sagemaker").create_training_job, **request)
    assert (code, status) == ("ValidationException", 400)
    assert words.startswith("Invalid OutputDataConfig.S3OutputPath") and "1024 bytes" in words


def test_a_body_too_large_is_refused_before_it_is_sent(service):  # SEMANTICS A9
    before = state_of(service)
    headers = signed_headers(service, "SageMaker.CreateTrainingJob", b"{}")
    with connect(service) as connection:
        connection.sendall(head_of(service, {**headers, "Content-Length": (8 << 20) + 1}))
        answer = answer_on(connection)
    assert answer.status == 413
    assert json.loads(answer.body) == {"__type": "EntityTooLarge",
                                       "message": "the request's body is too large"}
    assert not answer.keeps_alive
    assert state_of(service) == before


def test_a_body_that_grows_too_large_is_cut_off(service):  # SEMANTICS A9
    before = state_of(service)
    headers = signed_headers(service, "SageMaker.CreateTrainingJob", b"{}")
    piece = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    with connect(service) as connection:
        connection.sendall(head_of(service, {**headers, "Transfer-Encoding": "chunked"}))
        connection.sendall(8 * piece)
        connection.sendall(b"4000\r\n" + b" " * 0x4000)
        answer = answer_on(connection)
    assert answer.status == 413
    assert json.loads(answer.body) == {"__type": "EntityTooLarge",
                                       "message": "the request's body is too large"}
    assert not answer.keeps_alive
    assert state_of(service) == before


def test_headers_too_large(service):  # SEMANTICS A9
    before = state_of(service)
    with connect(service) as connection:
        # The limit is passed and the head is not at its end: nothing lies unread when it answers.
        connection.sendall(b"POST / HTTP/1.1\r\nX-Large: " + b"x" * (64 << 10))
        answer = answer_on(connection)
    assert (answer.status, answer.body) == (431, b"the request's headers are too large\n")
    assert not answer.keeps_alive
    assert state_of(service) == before


def expecting(service, target, body, **headers):
    """What is answered to the head of a request that waits for leave to send its body."""
    headers = {**headers, "Expect": "100-continue", "Content-Length": len(body)}
    connection = connect(service)
    connection.sendall(head_of(service, headers, f"PUT {target} HTTP/1.1" if target != "/" else
                               "POST / HTTP/1.1"))
    return connection


def test_a_body_is_asked_for_once_its_headers_are_accepted(service):  # SEMANTICS A10
    body = json.dumps({"TrainingJobName": "ended"}).encode()
    headers = signed_headers(service, "SageMaker.DescribeTrainingJob", body)
    with expecting(service, "/", body, **headers) as connection:
        proceed = b"HTTP/1.1 100 Continue\r\n\r\n"
        got = b""
        while len(got) < len(proceed):
            got += connection.recv(len(proceed) - len(got))
        assert got == proceed
        connection.sendall(body)
        answer = answer_on(connection)
    assert answer.status == 200
    assert json.loads(answer.body)["TrainingJobName"] == "ended"


@pytest.mark.parametrize("target, status", [("/", 400), ("/{bucket}/stranger", 403)])
def test_no_body_is_asked_for_whose_headers_are_refused(service, target, status):  # SEMANTICS A10
    before = state_of(service)
    target = target.format(bucket=service.bucket)
    headers = signed_headers(service, "SageMaker.CreateTrainingJob", b"{}")
    if target == "/":
        del headers["Authorization"]
    else:  # a signature of something else
        del headers["X-Amz-Target"]
        headers["Authorization"] = headers["Authorization"].replace("/sagemaker/", "/s3/")
        headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    with expecting(service, target, b"{}", **headers) as connection:
        first = connection.recv(12)
        assert first == f"HTTP/1.1 {status}".encode()
    assert state_of(service) == before
