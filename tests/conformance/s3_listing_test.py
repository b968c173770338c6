"""ListObjects v1 and v2 against a naive model of a bucket, over keys that are hard to write."""

import random

import botocore.exceptions
import pytest

PIECES = ["a", "b", "A", "/", "/", "//", " ", "+", "%", "%2F", "&", "=", "ü", "한글", "😀", "\uffee",
          "~", "-", ".", "'", '"', "<", ">", "\t", "\\", "?", "#", "*", "é", "e\u0301"]


def model(keys, prefix="", delimiter="", after=""):
    """What one endless page holds: keys and common prefixes together, in the order of bytes."""
    found = set()
    for key in keys:
        if not key.startswith(prefix):
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        name = key[:at + len(delimiter)] if at >= 0 else key
        # A common prefix that the marker lies in or behind was listed before.
        if after and (name.encode() <= after.encode() or (at >= 0 and after.startswith(name))):
            continue
        found.add((name, at >= 0))
    return sorted(found, key=lambda entry: entry[0].encode())


def entries(page):
    got = [(o["Key"], False) for o in page.get("Contents", [])]
    got += [(p["Prefix"], True) for p in page.get("CommonPrefixes", [])]
    return sorted(got, key=lambda entry: entry[0].encode())


def pages_v2(s3, bucket, **query):
    while True:
        page = s3.list_objects_v2(Bucket=bucket, **query)
        assert page["KeyCount"] == len(entries(page)) <= query.get("MaxKeys", 1000)
        yield page
        if not page["IsTruncated"]:
            return
        query["ContinuationToken"] = page["NextContinuationToken"]


def pages_v1(s3, bucket, **query):
    while True:
        page = s3.list_objects(Bucket=bucket, **query)
        yield page
        if not page["IsTruncated"]:
            return
        query["Marker"] = page.get("NextMarker") or page["Contents"][-1]["Key"]


@pytest.fixture(scope="module")
def filled(service):
    """A bucket of its own with 150 random keys; emptied and removed in the end."""
    s3, bucket = service.client("s3"), "listing-of-random-keys"
    s3.create_bucket(Bucket=bucket)
    dice = random.Random(20261124)
    keys = {"".join(dice.choices(PIECES, k=dice.randint(1, 7))) for _ in range(147)}
    keys = {key for key in keys if len(key.encode()) <= 1024}
    keys |= {"a/b/c", "a/b/", "a"}
    try:
        for key in sorted(keys):
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        yield bucket, keys
    finally:
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)
        s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("pages", [pages_v1, pages_v2])
def test_every_page_of_every_listing_is_as_the_model_says(service, filled, pages):  # SEMANTICS S3
    bucket, keys = filled
    s3, dice = service.client("s3"), random.Random(7)
    for prefix in ["", "a", "a/", "/", "%", "%2", "+", " ", "한", "😀", "b//", "nothing-begins-so"]:
        for delimiter in ["", "/", "//", "ü", "%2F", "😀"]:
            size = dice.choice([1, 2, 3, 7, 1000]) if prefix else dice.choice([7, 50, 1000])
            got, last = [], b""
            for page in pages(s3, bucket, Prefix=prefix, Delimiter=delimiter, MaxKeys=size):
                here = entries(page)
                assert len(here) <= size
                assert not here or here[0][0].encode() > last  # pages go on where they ended
                last = here[-1][0].encode() if here else last
                got += here
            assert got == model(keys, prefix, delimiter), (prefix, delimiter, size)


def test_a_listing_begins_behind_any_text(service, filled):  # SEMANTICS S3
    bucket, keys = filled
    s3 = service.client("s3")
    for after in ["a", "a/", "a/b", "a/b/", "a/b/c", "zz", "%", "\U0010ffff", sorted(keys)[70]]:
        for delimiter in ["", "/"]:
            v1 = s3.list_objects(Bucket=bucket, Marker=after, Delimiter=delimiter)
            assert entries(v1) == model(keys, "", delimiter, after), after
            # v2 compares keys with StartAfter, so a prefix that holds later keys is still listed.
            v2 = s3.list_objects_v2(Bucket=bucket, StartAfter=after, Delimiter=delimiter)
            later = [key for key in keys if key.encode() > after.encode()]
            assert entries(v2) == model(later, "", delimiter), after


def test_what_is_listed_is_what_head_says(service, filled):
    bucket, keys = filled
    s3 = service.client("s3")
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    for entry in listed[::10]:
        head = s3.head_object(Bucket=bucket, Key=entry["Key"])
        assert head["ETag"] == entry["ETag"]
        assert head["ContentLength"] == entry["Size"] == len(entry["Key"].encode())
        assert head["LastModified"] == entry["LastModified"].replace(microsecond=0)
        assert s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() == \
            entry["Key"].encode()


def test_an_empty_page_is_not_a_page_to_go_on_from(service, filled):
    page = service.client("s3").list_objects_v2(Bucket=filled[0], MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)


@pytest.mark.parametrize("query, code", [
    ({"MaxKeys": -1}, "InvalidArgument"),
    ({"ContinuationToken": "no base64!"}, "InvalidArgument"),
    ({"EncodingType": "base64"}, "InvalidArgument"),
])
def test_a_wrong_argument_is_refused(service, filled, query, code):
    s3 = service.client("s3", parameter_validation=False)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        s3.list_objects_v2(Bucket=filled[0], **query)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_listing_of_no_bucket(service):
    for name in ("list_objects", "list_objects_v2"):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            getattr(service.client("s3"), name)(Bucket="there-is-no-such-bucket")
        assert refused.value.response["Error"]["Code"] == "NoSuchBucket"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
