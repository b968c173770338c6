"""Buckets and objects by boto3: whole, in ranges, on conditions, copied, deleted; each refusal."""

import base64
import datetime
import hashlib
import http.client
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.handlers
import pytest

TEXT = bytes(range(256)) * 5
OLD, LATER = (datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc) for year in (2001, 2099))


@pytest.fixture(scope="module")
def s3(service):
    return service.client("s3", parameter_validation=False)


@pytest.fixture
def bucket(s3, request):
    """A bucket for one test."""
    name = "b-" + hashlib.md5(request.node.name.encode()).hexdigest()
    s3.create_bucket(Bucket=name)
    yield name
    while found := s3.list_objects_v2(Bucket=name).get("Contents"):
        s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": o["Key"]} for o in found]})
    s3.delete_bucket(Bucket=name)


def refused(status, code, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        call(**arguments)
    answer = refusal.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)
    return answer["Error"].get("Message", "")


def answer_to(service, method, path, body=b"", **headers):
    """The answer to a request that no client makes: (status, headers, text)."""
    request = botocore.awsrequest.AWSRequest(method, service.url + path, data=body, headers={
        name.replace("_", "-"): value for name, value in headers.items()})
    key = botocore.credentials.Credentials(service.access_key, service.secret_key)
    botocore.auth.S3SigV4Auth(key, "s3", service.region).add_auth(request)
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=60)
    try:
        connection.request(method, path, body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def test_a_bucket_from_its_creation_to_its_end(service, s3):  # SEMANTICS S15, S18
    name = "from-creation.to-end"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    try:
        assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
        s3.head_bucket(Bucket=name)
        listed = {b["Name"]: b["CreationDate"] for b in s3.list_buckets()["Buckets"]}
        age = datetime.datetime.now(datetime.timezone.utc) - listed[name]
        assert abs(age.total_seconds()) < 60
        assert service.bucket in listed  # the default one is there unasked
        refused(409, "BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=name,
                CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket=name, Key="k", Body=b"v")
        refused(409, "BucketNotEmpty", s3.delete_bucket, Bucket=name)
        assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"v"
        s3.delete_object(Bucket=name, Key="k")
    finally:
        s3.delete_bucket(Bucket=name)
    refused(404, "404", s3.head_bucket, Bucket=name)
    refused(404, "NoSuchBucket", s3.delete_bucket, Bucket=name)
    refused(404, "NoSuchBucket", s3.put_object, Bucket=name, Key="k", Body=b"v")
    assert name not in {b["Name"] for b in s3.list_buckets()["Buckets"]}


@pytest.mark.parametrize("name", ["Upper-case", "un_der", "ab", "a" * 64, "-begins", "ends-",
                                  "two..dots", "192.168.0.1", "xn--name"])
def test_a_bucket_name_that_is_none(service, s3, name):  # SEMANTICS S14
    def skip_the_clients_own_check(params, **_):
        return None

    before = s3.list_buckets()["Buckets"]
    client = service.new_client("s3", parameter_validation=False)
    client.meta.events.unregister("before-parameter-build.s3",
                                  botocore.handlers.validate_bucket_name)
    client.meta.events.register("before-parameter-build.s3", skip_the_clients_own_check)
    assert name in refused(400, "InvalidBucketName", client.create_bucket, Bucket=name)
    assert s3.list_buckets()["Buckets"] == before


@pytest.mark.parametrize("key", ["plain", "a b+c%20&=?#", "ü/한글/😀", "/begins", "ends/", "a//b",
                                 "../up/./here", "~'\"<>\\", "x" * 1024, "tab\tnew\nline"])
def test_what_was_put_is_got(s3, bucket, key):  # SEMANTICS S4, S12, S14
    put = s3.put_object(Bucket=bucket, Key=key, Body=TEXT, ContentType="text/x", CacheControl="no",
                        ContentDisposition="d", ContentEncoding="gzip", ContentLanguage="ko",
                        Metadata={"who": "me", "two": "words here"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == TEXT
    assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(TEXT).hexdigest()}"'
    head = s3.head_object(Bucket=bucket, Key=key)
    for answer in (got, head):
        assert answer["ContentLength"] == len(TEXT)
        assert answer["Metadata"] == {"who": "me", "two": "words here"}
        assert [answer[n] for n in ("ContentType", "CacheControl", "ContentDisposition",
                                    "ContentEncoding", "ContentLanguage")] == \
            ["text/x", "no", "d", "gzip", "ko"]


def test_a_location_that_is_none(s3):  # SEMANTICS S17
    for text in ("not-a-region!", "mars", "eu-west", "EU-WEST-1"):
        refused(400, "InvalidLocationConstraint", s3.create_bucket, Bucket="nowhere",
                CreateBucketConfiguration={"LocationConstraint": text})
    refused(404, "404", s3.head_bucket, Bucket="nowhere")


def test_the_default_bucket_of_another_region(service, s3):  # SEMANTICS S16
    """Whoever looks finds it empty and makes nothing; whoever writes makes it."""
    def listed():
        return {b["Name"] for b in s3.list_buckets()["Buckets"]}

    name = f"sagemaker-eu-south-2-{service.account}"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-south-2"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-south-2"
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0
    assert "Contents" not in s3.list_objects(Bucket=name)
    refused(404, "NoSuchKey", s3.get_object, Bucket=name, Key="k")
    s3.delete_object(Bucket=name, Key="k")
    refused(404, "NoSuchBucket", s3.delete_bucket, Bucket=name)
    assert name not in listed()
    writes = (lambda: s3.put_object(Bucket=name, Key="k", Body=b"v"),
              lambda: s3.create_multipart_upload(Bucket=name, Key="k"),
              lambda: s3.copy_object(Bucket=name, Key="k", CopySource=f"{service.bucket}/of-other"),
              lambda: s3.create_bucket(Bucket=name))
    s3.put_object(Bucket=service.bucket, Key="of-other", Body=b"")
    for write in writes:
        write()
        assert name in listed()
        s3.delete_object(Bucket=name, Key="k")
        s3.delete_bucket(Bucket=name)
    for none in ("sagemaker-mars-1-" + service.account, "sagemaker-eu-north-1-999999999999"):
        refused(404, "404", s3.head_bucket, Bucket=none)


def test_a_job_writes_into_the_default_bucket_of_another_region(service, s3):  # SEMANTICS S16
    name = f"sagemaker-sa-east-1-{service.account}"
    job = service.job("echo m > /opt/ml/model/m; echo c > /opt/ml/checkpoints/c",
                      OutputDataConfig={"S3OutputPath": f"s3://{name}/out"},
                      CheckpointConfig={"S3Uri": f"s3://{name}/checkpoints"})
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]]
    assert keys == ["checkpoints/c", f"out/{job['TrainingJobName']}/output/model.tar.gz"]


def test_another_owner_of_a_bucket_is_not_expected_here(service, s3, bucket):  # SEMANTICS S21
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner=service.account)
    refused(403, "AccessDenied", s3.put_object, Bucket=bucket, Key="k", Body=b"y",
            ExpectedBucketOwner="999999999999")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_a_path_that_names_no_bucket_is_refused(service, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT)
    for path in (f"//{bucket}/k", "//", "//k"):
        status, _, text = answer_to(service, "GET", path)
        assert (status, "<Code>InvalidURI</Code>" in text) == (400, True), text


def test_an_object_is_replaced_whole(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT, Metadata={"old": "1"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"], got["ContentLength"]) == (b"", {}, 0)


def test_keys_and_metadata_have_their_limits(s3, bucket):  # SEMANTICS S12, S14
    refused(400, "KeyTooLongError", s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"")
    refused(400, "MetadataTooLarge", s3.put_object, Bucket=bucket, Key="k", Body=b"",
            Metadata={"m": "x" * 2100})
    refused(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="k")
    refused(404, "404", s3.head_object, Bucket=bucket, Key="k")


@pytest.mark.parametrize("text, first, end", [
    ("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=1270-", 1270, 1280),
    ("bytes=-7", 1273, 1280), ("bytes=1279-99999", 1279, 1280), ("bytes=-99999", 0, 1280),
    (f"bytes=5-{1 << 70}", 5, 1280), (f"bytes=-{1 << 70}", 0, 1280)])
def test_a_range(s3, bucket, text, first, end):  # SEMANTICS S9
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT)
    got = s3.get_object(Bucket=bucket, Key="k", Range=text)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["Body"].read() == TEXT[first:end]
    assert got["ContentRange"] == f"bytes {first}-{end - 1}/{len(TEXT)}"
    head = s3.head_object(Bucket=bucket, Key="k", Range=text)
    assert head["ContentLength"] == end - first


@pytest.mark.parametrize("text", ["bytes=9-5", "bytes=x-", "lines=1-2", "bytes=0-1,3-4"])
def test_a_range_that_is_none_is_the_whole_object(s3, bucket, text):
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT)
    got = s3.get_object(Bucket=bucket, Key="k", Range=text)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200 and got["Body"].read() == TEXT


def test_a_range_behind_the_end_is_refused(service, s3, bucket):  # SEMANTICS S9
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT)
    for text in ("bytes=1280-", "bytes=-0", f"bytes={1 << 70}-"):
        refused(416, "InvalidRange", s3.get_object, Bucket=bucket, Key="k", Range=text)
        for method in ("GET", "HEAD"):
            status, headers, _ = answer_to(service, method, f"/{bucket}/k", Range=text)
            assert (status, headers["Content-Range"]) == (416, f"bytes */{len(TEXT)}")


def test_reading_on_a_condition(service, s3, bucket):  # SEMANTICS S9
    etag = s3.put_object(Bucket=bucket, Key="k", Body=TEXT)["ETag"]
    for held in ({"IfMatch": etag}, {"IfMatch": "*"}, {"IfMatch": f'"no", {etag}'},
                 {"IfNoneMatch": '"other"'}, {"IfModifiedSince": OLD}, {"IfUnmodifiedSince": LATER},
                 {"IfMatch": etag, "IfUnmodifiedSince": OLD},  # the ETag is what counts
                 {"IfNoneMatch": '"other"', "IfModifiedSince": LATER}):
        assert s3.get_object(Bucket=bucket, Key="k", **held)["Body"].read() == TEXT, held
    for failed in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": OLD}):
        refused(412, "PreconditionFailed", s3.get_object, Bucket=bucket, Key="k", **failed)
        refused(412, "412", s3.head_object, Bucket=bucket, Key="k", **failed)
    for unchanged in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": LATER}):
        refused(304, "304", s3.get_object, Bucket=bucket, Key="k", **unchanged)
    for method in ("GET", "HEAD"):
        status, headers, text = answer_to(service, method, f"/{bucket}/k", If_None_Match=etag)
        assert (status, headers["ETag"], text) == (304, etag, "")
        assert headers["Last-Modified"]


def test_writing_on_a_condition(s3, bucket):  # SEMANTICS S9
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    refused(412, "PreconditionFailed", s3.put_object, Bucket=bucket, Key="k", Body=b"2",
            IfNoneMatch="*")
    refused(412, "PreconditionFailed", s3.put_object, Bucket=bucket, Key="k", Body=b"2",
            IfMatch='"other"')
    refused(404, "NoSuchKey", s3.put_object, Bucket=bucket, Key="none", Body=b"2", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_a_copy_over_an_object_on_a_condition(s3, bucket):  # SEMANTICS S10
    source, there = {"Bucket": bucket, "Key": "from"}, {"Bucket": bucket, "Key": "to"}
    s3.put_object(**source, Body=b"new")
    etag = s3.put_object(**there, Body=b"old")["ETag"]
    refused(412, "PreconditionFailed", s3.copy_object, **there, CopySource=source, IfNoneMatch="*")
    refused(412, "PreconditionFailed", s3.copy_object, **there, CopySource=source,
            IfMatch='"other"')
    refused(404, "NoSuchKey", s3.copy_object, Bucket=bucket, Key="none", CopySource=source,
            IfMatch=etag)
    refused(501, "NotImplemented", s3.copy_object, **there, CopySource=source, IfNoneMatch=etag)
    assert s3.get_object(**there)["Body"].read() == b"old"
    s3.copy_object(**there, CopySource=source, IfMatch=etag)
    s3.copy_object(Bucket=bucket, Key="first", CopySource=source, IfNoneMatch="*")
    for key in ("to", "first"):
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"new"


def test_deleting_on_a_condition(service, s3, bucket):  # SEMANTICS S10
    there = {"Bucket": bucket, "Key": "k"}
    etag = s3.put_object(**there, Body=TEXT)["ETag"]
    refused(412, "PreconditionFailed", s3.delete_object, **there, IfMatch='"other"')
    refused(404, "NoSuchKey", s3.delete_object, Bucket=bucket, Key="none", IfMatch="*")
    refused(501, "NotImplemented", s3.delete_object, **there, IfMatchSize=1)
    refused(501, "NotImplemented", s3.delete_object, **there, IfMatchLastModifiedTime=OLD)
    for method, name in (("DELETE", "If_None_Match"), ("DELETE", "If_Unmodified_Since"),
                         ("PUT", "If_Unmodified_Since")):
        assert answer_to(service, method, f"/{bucket}/k", **{name: etag})[0] == 501
    assert s3.get_object(**there)["Body"].read() == TEXT
    s3.delete_object(**there, IfMatch=etag)
    refused(404, "NoSuchKey", s3.get_object, **there)
    s3.put_object(**there, Body=TEXT)
    s3.delete_object(**there, IfMatch="*")
    refused(404, "NoSuchKey", s3.get_object, **there)


def test_deleting_many_on_conditions_of_each(s3, bucket):  # SEMANTICS S10
    etags = {key: s3.put_object(Bucket=bucket, Key=key, Body=key.encode())["ETag"]
             for key in "abcdef"}
    wrong = [{"Key": "a", "ETag": etags["b"]}, {"Key": "none", "ETag": etags["a"]},
             {"Key": "c", "Size": 1}, {"Key": "d", "LastModifiedTime": OLD},
             {"Key": "e", "VersionId": "other"}]
    right = [{"Key": "b", "ETag": etags["b"]}, {"Key": "f", "VersionId": "null"}]
    for is_quiet in (False, True):
        answer = s3.delete_objects(Bucket=bucket,
                                   Delete={"Objects": wrong + right, "Quiet": is_quiet})
        assert [(e["Key"], e["Code"]) for e in answer["Errors"]][:5] == [
            ("a", "PreconditionFailed"), ("none", "NoSuchKey"), ("c", "NotImplemented"),
            ("d", "NotImplemented"), ("e", "NoSuchVersion")]
        assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == list("acde")


def test_there_is_one_version_of_everything(s3, bucket):  # SEMANTICS S25
    there = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**there, Body=TEXT)
    refused(404, "NoSuchVersion", s3.get_object, **there, VersionId="other")
    refused(404, "404", s3.head_object, **there, VersionId="other")
    refused(404, "NoSuchVersion", s3.delete_object, **there, VersionId="other")
    refused(404, "NoSuchVersion", s3.copy_object, Bucket=bucket, Key="to",
            CopySource={**there, "VersionId": "other"})
    assert s3.get_object(**there, VersionId="null")["Body"].read() == TEXT
    s3.copy_object(Bucket=bucket, Key="to", CopySource={**there, "VersionId": "null"})
    s3.delete_object(**there, VersionId="null")
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["to"]


def test_a_write_of_a_version_is_refused(service, bucket):  # SEMANTICS S25
    status, _, text = answer_to(service, "PUT", f"/{bucket}/k?versionId=null", TEXT)
    assert (status, "InvalidArgument" in text) == (400, True)


@pytest.mark.parametrize("key", ["a?versionId=null", "b?versionId=1/c?d", "?versionId="])
def test_a_key_that_looks_like_a_version_is_copied(s3, bucket, key):  # SEMANTICS S11, S14
    s3.put_object(Bucket=bucket, Key=key, Body=TEXT)
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == TEXT


def test_a_content_that_is_gone_from_the_disk(own_service):  # SEMANTICS S26
    s3 = own_service.client("s3")
    there = {"Bucket": own_service.bucket, "Key": "k"}
    s3.put_object(**there, Body=TEXT)
    next((own_service.data / "blobs/objects").glob("??/s-*")).unlink()
    assert "gone from the service's disk" in refused(500, "InternalError", s3.get_object, **there)
    upload = s3.create_multipart_upload(Bucket=own_service.bucket, Key="to")["UploadId"]
    refused(500, "InternalError", s3.upload_part_copy, Bucket=own_service.bucket, Key="to",
            UploadId=upload, PartNumber=1, CopySource=there)
    s3.put_object(**there, Body=TEXT)
    assert s3.get_object(**there)["Body"].read() == TEXT


def test_a_copy(s3, bucket):  # SEMANTICS S11
    source = {"Bucket": bucket, "Key": "from ü+%"}
    etag = s3.put_object(Bucket=bucket, Key=source["Key"], Body=TEXT, ContentType="text/x",
                         Metadata={"m": "1"})["ETag"]
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource=source)["CopyObjectResult"]
    assert copied["ETag"] == etag
    s3.copy_object(Bucket=bucket, Key="replaced", CopySource=source, MetadataDirective="REPLACE",
                   ContentType="text/y", Metadata={"n": "2"})
    s3.delete_object(**source)
    for key, kind, metadata in (("to", "text/x", {"m": "1"}), ("replaced", "text/y", {"n": "2"})):
        got = s3.get_object(Bucket=bucket, Key=key)
        assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (TEXT, kind, metadata)


def test_a_copy_that_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT)
    there = {"Bucket": bucket, "Key": "k"}
    refused(404, "NoSuchKey", s3.copy_object, Bucket=bucket, Key="to",
            CopySource={"Bucket": bucket, "Key": "none"})
    refused(404, "NoSuchBucket", s3.copy_object, Bucket=bucket, Key="to",
            CopySource={"Bucket": "there-is-no-such-bucket", "Key": "k"})
    refused(404, "NoSuchBucket", s3.copy_object, Bucket="there-is-no-such-bucket", Key="to",
            CopySource=there)
    refused(400, "InvalidRequest", s3.copy_object, Bucket=bucket, Key="k", CopySource=there)
    refused(412, "PreconditionFailed", s3.copy_object, Bucket=bucket, Key="to", CopySource=there,
            CopySourceIfMatch='"other"')
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]


def test_many_are_deleted_at_once(s3, bucket):  # SEMANTICS S1
    keys = [f"a b+{n}/ü&<" for n in range(30)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    gone = s3.delete_objects(Bucket=bucket, Delete={
        "Objects": [{"Key": key} for key in [*keys[:20], "was never there"]]})
    assert [d["Key"] for d in gone["Deleted"]] == [*keys[:20], "was never there"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={
        "Quiet": True, "Objects": [{"Key": key} for key in keys[20:29]]})
    assert "Deleted" not in quiet and "Errors" not in quiet
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [keys[29]]
    s3.delete_object(Bucket=bucket, Key="was never there")  # as S3: no error
    refused(400, "MalformedXML", s3.delete_objects, Bucket=bucket,
            Delete={"Objects": [{"Key": str(n)} for n in range(1001)]})


def test_a_list_of_deletions_is_compared_with_its_digest(service, s3, bucket):  # SEMANTICS S7
    s3.put_object(Bucket=bucket, Key="k", Body=TEXT)
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    other = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    for headers, code in (({"Content_MD5": other}, "BadDigest"), ({"Content_MD5": "x"}, "InvalidDigest"),
                          ({"x_amz_checksum_crc32": "AAAAAA=="}, "BadDigest"),
                          ({"x_amz_checksum_crc32": "AAAAAA==", "x_amz_checksum_sha1": ""},
                           "InvalidRequest")):
        status, _, text = answer_to(service, "POST", f"/{bucket}?delete", body, **headers)
        assert (status, code in text) == (400, True), text
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == TEXT
    good = base64.b64encode(hashlib.md5(body).digest()).decode()
    assert answer_to(service, "POST", f"/{bucket}?delete", body, Content_MD5=good)[0] == 200
    refused(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="k")


@pytest.mark.parametrize("call, arguments", [
    ("list_object_versions", {}), ("get_bucket_intelligent_tiering_configuration", {"Id": "x"}),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
    ("put_object_tagging", {"Key": "k", "Tagging": {"TagSet": []}}),
    ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": []}})])
def test_what_is_not_offered_is_said_so(s3, bucket, call, arguments):  # SEMANTICS S1
    assert "not offered" in refused(501, "NotImplemented", getattr(s3, call), Bucket=bucket,
                                    **arguments)


@pytest.mark.parametrize("call, code", [
    ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ("get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
    ("get_bucket_policy", "NoSuchBucketPolicy"),
    ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_bucket_tagging", "NoSuchTagSet"),
    ("get_bucket_website", "NoSuchWebsiteConfiguration")])
def test_what_was_never_set_is_said_in_s3s_words(s3, bucket, call, code):  # SEMANTICS S28
    refused(404, code, getattr(s3, call), Bucket=bucket)
    refused(404, "NoSuchBucket", getattr(s3, call), Bucket="no-such-bucket")


def test_settings_that_have_a_form_for_nothing(service, s3, bucket):  # SEMANTICS S28
    def answer(call, **more):
        answered = getattr(s3, call)(Bucket=bucket, **more)
        return {k: v for k, v in answered.items() if k != "ResponseMetadata"}

    for call in ("get_bucket_versioning", "get_bucket_accelerate_configuration",
                 "get_bucket_logging", "get_bucket_notification_configuration"):
        assert answer(call) == {}
    assert answer("get_bucket_request_payment") == {"Payer": "BucketOwner"}
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert answer("get_object_tagging", Key="k") == {"TagSet": []}
    for acl in (answer("get_bucket_acl"), answer("get_object_acl", Key="k")):
        (grant,) = acl["Grants"]
        assert (acl["Owner"]["ID"], grant["Grantee"]["ID"], grant["Permission"]) == (
            service.account, service.account, "FULL_CONTROL")
    refused(404, "NoSuchKey", s3.get_object_acl, Bucket=bucket, Key="gone")


def test_a_get_may_ask_for_other_headers(s3, bucket):  # SEMANTICS S22
    s3.put_object(Bucket=bucket, Key="overrides", Body=TEXT, ContentType="text/plain")
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    got = s3.get_object(Bucket=bucket, Key="overrides", ResponseContentType="text/x",
                        ResponseContentLanguage="de", ResponseCacheControl="no-store",
                        ResponseContentDisposition='attachment; filename="x"',
                        ResponseContentEncoding="identity", ResponseExpires=expires)
    assert (got["ContentType"], got["ContentLanguage"], got["CacheControl"], got["ContentDisposition"],
            got["ContentEncoding"]) == ("text/x", "de", "no-store", 'attachment; filename="x"', "identity")
    assert got["ResponseMetadata"]["HTTPHeaders"]["expires"].startswith("Wed, 02 Jan 2030 03:04:05")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_gets_and_puts(service, s3, bucket, version, monkeypatch):  # SEMANTICS S22
    signer = service.client("s3", signature_version=version)
    where = {"Bucket": bucket, "Key": "a b/ü+%.txt"}
    put = signer.generate_presigned_url("put_object", where, ExpiresIn=60)
    request = urllib.request.Request(put, data=TEXT, method="PUT", headers={"Content-Type": ""})
    assert urllib.request.urlopen(request).status == 200
    url = signer.generate_presigned_url("get_object", {**where, "ResponseContentType": "text/z"},
                                        ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (TEXT, "text/z")
    assert ("X-Amz-Signature" in url) == (version == "s3v4")
    with monkeypatch.context() as an_hour_ago:
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        an_hour_ago.setattr("botocore.auth.get_current_datetime", lambda *_, **__: then)
        an_hour_ago.setattr("botocore.auth.time.time", then.timestamp)
        old = signer.generate_presigned_url("get_object", where, ExpiresIn=60)
    forged = url.replace("%2B%25.txt", "%2B%25.txT")
    for wrong, words in ((old, b"expired"), (forged, b"SignatureDoesNotMatch")):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(wrong)
        assert refusal.value.code == 403 and words in refusal.value.read()
