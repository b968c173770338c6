"""Bodies on their way in: multipart uploads, checksums, digests and the aws-chunked forms."""

import base64
import hashlib
import http.client
import random
import sqlite3
import zlib

import boto3.s3.transfer
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from service import wait_until

MIB = 1 << 20
PART = 5 * MIB


@pytest.fixture(scope="module")
def s3(service):
    return service.client("s3", parameter_validation=False)


@pytest.fixture(scope="module")
def bucket(s3):
    name = "uploads-of-all-kinds"
    s3.create_bucket(Bucket=name)
    yield name
    for entry in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=entry["Key"])
    s3.delete_bucket(Bucket=name)


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def refused(status, code, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        call(**arguments)
    answer = refusal.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)


def etag_of(parts):
    md5s = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(md5s).hexdigest()}-{len(parts)}"'


def reflected_crc(data, polynomial, bits):
    """Bit by bit, from the definition: the product's own is one of tables and instructions."""
    value = ones = (1 << bits) - 1
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
    return (value ^ ones).to_bytes(bits // 8, "big")


CHECKSUMS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: reflected_crc(data, 0x82F63B78, 32),
    "CRC64NVME": lambda data: reflected_crc(data, 0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


def checksum(algorithm, data):
    return base64.b64encode(CHECKSUMS[algorithm](data)).decode()


class Upload:
    def __init__(self, s3, bucket, key, **more):
        self.s3, self.where = s3, {"Bucket": bucket, "Key": key}
        self.where["UploadId"] = s3.create_multipart_upload(**self.where, **more)["UploadId"]

    def part(self, number, body, **more):
        put = self.s3.upload_part(**self.where, PartNumber=number, Body=body, **more)
        return {"PartNumber": number, "ETag": put["ETag"]}

    def complete(self, parts, **more):
        return self.s3.complete_multipart_upload(**self.where, MultipartUpload={"Parts": parts},
                                                 **more)

    def abort(self):
        self.s3.abort_multipart_upload(**self.where)

    def refuses(self, status, code, parts, **more):
        refused(status, code, self.complete, parts=parts, **more)


def content(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


# -- multipart ----------------------------------------------------------------------------------

def test_the_transfer_manager_there_and_back(service, s3, bucket, tmp_path):  # SEMANTICS S4
    data = noise(20 * MIB + 12345)
    (tmp_path / "up").write_bytes(data)
    settings = boto3.s3.transfer.TransferConfig(multipart_threshold=8 * MIB,
                                                multipart_chunksize=8 * MIB, max_concurrency=8)
    s3.upload_file(str(tmp_path / "up"), bucket, "managed", Config=settings,
                   ExtraArgs={"Metadata": {"m": "1"}, "ContentType": "text/x"})
    s3.download_file(bucket, "managed", str(tmp_path / "down"), Config=settings)
    assert (tmp_path / "down").read_bytes() == data
    head = s3.head_object(Bucket=bucket, Key="managed", ChecksumMode="ENABLED")
    assert head["ETag"] == etag_of([data[at:at + 8 * MIB] for at in range(0, len(data), 8 * MIB)])
    assert (head["ContentType"], head["Metadata"]) == ("text/x", {"m": "1"})


@pytest.mark.parametrize("sizes", [
    {1: PART, 2: PART, 3: 7}, {3: 7, 1: PART, 2: PART}, {2: 1, 1: PART + 1},
    {9999: PART, 10000: 1, 5: 2 * PART}, {1: 0}, {7: 3}])
def test_parts_in_any_order_of_any_sizes(s3, bucket, sizes):  # SEMANTICS S4, S5
    upload = Upload(s3, bucket, "parts")
    bodies = {n: noise(size, n) for n, size in sizes.items()}
    parts = [upload.part(n, body) for n, body in bodies.items()]
    done = upload.complete(sorted(parts, key=lambda part: part["PartNumber"]))
    whole = [bodies[n] for n in sorted(bodies)]
    assert done["ETag"] == etag_of(whole)
    assert content(s3, bucket, "parts") == b"".join(whole)


def test_a_part_sent_again_replaces_the_first_and_one_not_listed_is_left_out(s3, bucket):
    # SEMANTICS S5
    upload = Upload(s3, bucket, "again")
    first = upload.part(1, noise(PART, 1))
    upload.part(2, noise(PART, 2))
    last = upload.part(3, b"last")
    upload.part(1, noise(PART + 9, 3))
    upload.refuses(400, "InvalidPart", [first, last])
    replaced = upload.part(1, noise(PART + 5, 4))
    upload.complete([replaced, last])
    assert content(s3, bucket, "again") == noise(PART + 5, 4) + b"last"


def test_a_completion_that_is_refused_leaves_the_upload_as_it_was(s3, bucket):
    # SEMANTICS S5, S6, S9
    s3.put_object(Bucket=bucket, Key="refused", Body=b"before")
    upload = Upload(s3, bucket, "refused")
    one, two, small = upload.part(1, noise(PART)), upload.part(2, b"2"), upload.part(3, b"3")
    upload.refuses(400, "EntityTooSmall", [one, two, small])
    upload.refuses(400, "InvalidPartOrder", [two, one])
    upload.refuses(400, "InvalidPartOrder", [one, one])
    upload.refuses(400, "InvalidPart", [one, {**two, "PartNumber": 4}])
    upload.refuses(400, "InvalidPart", [one, {**two, "ETag": one["ETag"]}])
    upload.refuses(400, "MalformedXML", [])
    upload.refuses(412, "PreconditionFailed", [one, two], IfNoneMatch="*")
    assert content(s3, bucket, "refused") == b"before"
    done = upload.complete([one, two])
    assert content(s3, bucket, "refused") == noise(PART) + b"2"
    # A client that lost the answer asks again, and gets it again.
    assert upload.complete([one, two])["ETag"] == done["ETag"]
    upload.refuses(404, "NoSuchUpload", [one])


def test_an_aborted_upload_is_gone_with_its_parts(service, s3, bucket):  # SEMANTICS S19
    blobs = service.data / "blobs"
    before = {p for p in blobs.rglob("*") if p.is_file()}
    upload = Upload(s3, bucket, "aborted")
    part = upload.part(1, noise(PART, 77))
    assert {p for p in blobs.rglob("*") if p.is_file()} - before
    upload.abort()
    upload.refuses(404, "NoSuchUpload", [part])
    refused(404, "NoSuchUpload", upload.part, number=2, body=b"2")
    refused(404, "NoSuchUpload", upload.abort)
    refused(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="aborted")
    wait_until(lambda: not {p for p in blobs.rglob("*") if p.is_file()} - before,
               "the parts' files were gone")


def test_an_upload_that_nobody_went_on_with_is_gone_at_a_start(own_service):  # SEMANTICS S20
    s3, bucket = own_service.client("s3"), own_service.bucket
    old, young = (Upload(s3, bucket, key) for key in ("old", "young"))
    parts = [upload.part(1, b"part") for upload in (old, young)]
    own_service.stop()
    with sqlite3.connect(own_service.data / "state/trainyard.db") as rows:
        week = 7 * 86_400_000
        for table, id in (("upload", "id"), ("part", "upload")):
            time = "created_ms" if table == "upload" else "modified_ms"
            rows.execute(f"UPDATE {table} SET {time}={time}-{week} WHERE {id}=?",
                         (old.where["UploadId"],))
    own_service.start()
    files = own_service.data / "blobs/objects/uploads"
    wait_until(lambda: len(list(files.iterdir())) == 1, "the old upload's files were gone")
    old.refuses(404, "NoSuchUpload", [parts[0]])
    young.complete([parts[1]])
    assert content(s3, bucket, "young") == b"part"


def test_an_upload_belongs_to_its_key(s3, bucket):
    upload = Upload(s3, bucket, "mine")
    refused(404, "NoSuchUpload", s3.upload_part, **{**upload.where, "Key": "other"}, PartNumber=1,
            Body=b"")
    for number in (0, 10001):
        refused(400, "InvalidArgument", upload.part, number=number, body=b"")
    upload.abort()


def test_parts_are_copied_from_objects(s3, bucket):  # SEMANTICS S1
    data = noise(PART + 100, 5)
    s3.put_object(Bucket=bucket, Key="source", Body=data)
    upload = Upload(s3, bucket, "assembled")

    def copy(number, **more):
        made = s3.upload_part_copy(**upload.where, PartNumber=number,
                                   CopySource={"Bucket": bucket, "Key": "source"}, **more)
        return {"PartNumber": number, "ETag": made["CopyPartResult"]["ETag"]}

    upload.complete([copy(1), copy(2, CopySourceRange=f"bytes=10-{PART + 9}"),
                     upload.part(3, b"end")])
    assert content(s3, bucket, "assembled") == data + data[10:PART + 10] + b"end"


@pytest.mark.parametrize("text", ["bytes=3-1", "garbage", "bytes=0-", "bytes=-5", "bytes=0-1,2-3",
                                  "0-1", "bytes=0-10", f"bytes=0-{1 << 70}", "bytes=10-12"])
def test_a_part_is_not_copied_from_a_range_that_is_none(s3, bucket, text):  # SEMANTICS S27
    s3.put_object(Bucket=bucket, Key="ten", Body=b"0123456789")
    upload = Upload(s3, bucket, "ranges")
    refused(400, "InvalidArgument", s3.upload_part_copy, **upload.where, PartNumber=1,
            CopySource={"Bucket": bucket, "Key": "ten"}, CopySourceRange=text)
    upload.abort()


# -- checksums ----------------------------------------------------------------------------------

@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_of_boto3s_own(s3, bucket, algorithm):  # SEMANTICS S7
    put = s3.put_object(Bucket=bucket, Key="sum", Body=b"data", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")
    for answer in (put, got):
        assert answer["Checksum" + algorithm] == checksum(algorithm, b"data")
    assert got["Body"].read() == b"data"  # boto3 compares them


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_checksum_by_header(s3, bucket, algorithm):  # SEMANTICS S7, S8
    member, data = "Checksum" + algorithm, noise(1000)
    s3.put_object(Bucket=bucket, Key="sum", Body=data, **{member: checksum(algorithm, data)})
    head = s3.head_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")
    assert head[member] == checksum(algorithm, data)
    assert member not in s3.head_object(Bucket=bucket, Key="sum")  # it was not asked for
    refused(400, "BadDigest", s3.put_object, Bucket=bucket, Key="sum", Body=b"other",
            **{member: checksum(algorithm, data)})
    assert content(s3, bucket, "sum") == data


@pytest.mark.parametrize("algorithm, kind", [
    ("CRC32", "COMPOSITE"), ("SHA1", "COMPOSITE"), ("SHA256", "COMPOSITE"),
    ("CRC32", "FULL_OBJECT")])
def test_the_checksum_of_an_upload(s3, bucket, algorithm, kind):  # SEMANTICS S7
    bodies = [noise(PART, 1), b"the end"]
    upload = Upload(s3, bucket, "sums", ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = []
    for n, body in enumerate(bodies, 1):
        part = upload.part(n, body, ChecksumAlgorithm=algorithm)
        parts.append({**part, "Checksum" + algorithm: checksum(algorithm, body)})
    raw = b"".join(CHECKSUMS[algorithm](body) for body in bodies)
    expected = checksum(algorithm, b"".join(bodies)) if kind == "FULL_OBJECT" else \
        checksum(algorithm, raw) + "-2"
    swapped = [{**parts[0], "Checksum" + algorithm: parts[1]["Checksum" + algorithm]}, parts[1]]
    upload.refuses(400, "InvalidPart", swapped)
    upload.refuses(400, "BadDigest", parts,
                   **{"Checksum" + algorithm: checksum(algorithm, b"other")})
    assert upload.complete(parts)["Checksum" + algorithm] == expected
    head = s3.head_object(Bucket=bucket, Key="sums", ChecksumMode="ENABLED")
    assert (head["Checksum" + algorithm], head["ChecksumType"]) == (expected, kind)


def test_a_kind_of_checksum_that_an_algorithm_has_not(s3, bucket):
    for algorithm, kind in (("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        refused(400, "InvalidRequest", s3.create_multipart_upload, Bucket=bucket, Key="k",
                ChecksumAlgorithm=algorithm, ChecksumType=kind)


def test_two_checksums_are_refused(s3, bucket):  # SEMANTICS S7
    both = {"Checksum" + name: checksum(name, b"data") for name in ("CRC32", "SHA256")}
    refused(400, "InvalidRequest", s3.put_object, Bucket=bucket, Key="two", Body=b"data", **both)
    refused(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="two")
    upload = Upload(s3, bucket, "two", ChecksumAlgorithm="CRC32")
    part = upload.part(1, b"data", ChecksumAlgorithm="CRC32")
    part["ChecksumCRC32"] = checksum("CRC32", b"data")
    upload.refuses(400, "InvalidRequest", [part], **both)
    upload.refuses(400, "InvalidRequest", [part], ChecksumSHA256=both["ChecksumSHA256"])
    upload.complete([part])


def test_content_md5(s3, bucket):  # SEMANTICS S7
    good = base64.b64encode(hashlib.md5(b"data").digest()).decode()
    s3.put_object(Bucket=bucket, Key="md5", Body=b"data", ContentMD5=good)
    refused(400, "BadDigest", s3.put_object, Bucket=bucket, Key="md5", Body=b"DATA",
            ContentMD5=good)
    refused(400, "InvalidDigest", s3.put_object, Bucket=bucket, Key="md5", Body=b"DATA",
            ContentMD5="c2hvcnQ=")
    assert content(s3, bucket, "md5") == b"data"


# -- aws-chunked, made by hand ------------------------------------------------------------------

class Signer(botocore.auth.S3SigV4Auth):
    """Signs `payload_name` in the place of a body's hash, then chunk by chunk."""

    def __init__(self, service, payload_name):
        key = botocore.credentials.Credentials(service.access_key, service.secret_key)
        super().__init__(key, "s3", service.region)
        self.payload_name = payload_name

    def payload(self, request):
        return self.payload_name

    def sign(self, url, headers):
        self.request = botocore.awsrequest.AWSRequest("PUT", url, headers=headers)
        self.add_auth(self.request)
        self.last = self.request.headers["Authorization"].rsplit("Signature=", 1)[1]
        return self.request.headers

    def next(self, kind, *hashed):
        lines = [f"AWS4-HMAC-SHA256-{kind}", self.request.context["timestamp"],
                 self.credential_scope(self.request), self.last,
                 *(hashlib.sha256(data).hexdigest() for data in hashed)]
        self.last = self.signature("\n".join(lines), self.request)
        return self.last


def put_chunked(service, bucket, kind, chunks, trailer="", spoil=lambda body: body, length=None):
    """PUTs `chunks` as an aws-chunked body; the answer's status and text."""
    signer = Signer(service, kind)
    headers = {"Content-Encoding": "aws-chunked,gzip",
               "X-Amz-Decoded-Content-Length": str(length or sum(map(len, chunks)))}
    if trailer:
        headers["X-Amz-Trailer"] = trailer.split(":")[0]
    headers = signer.sign(f"{service.url}/{bucket}/chunked", headers)
    body = b""
    for chunk in [*chunks, b""]:
        extension = ""
        if "HMAC" in kind:
            extension = ";chunk-signature=" + signer.next("PAYLOAD", b"", chunk)
        body += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    if trailer:
        body += trailer.encode() + b"\r\n"
        if "HMAC" in kind:
            signature = signer.next("TRAILER", trailer.encode() + b"\n")
            body += f"x-amz-trailer-signature:{signature}\r\n".encode()
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=60)
    try:
        connection.request("PUT", f"/{bucket}/chunked", spoil(body + b"\r\n"), dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CHUNKS = [noise(70000, 1), noise(8192, 2), b"x"]
WHOLE = b"".join(CHUNKS)


def trailer_of(algorithm):
    return f"x-amz-checksum-{algorithm.lower()}:{checksum(algorithm, WHOLE)}"


@pytest.mark.parametrize("kind, trailer", [
    (UNSIGNED, trailer_of("CRC32")), (UNSIGNED, trailer_of("CRC64NVME")), (SIGNED, ""),
    (SIGNED + "-TRAILER", trailer_of("CRC32C")), (SIGNED + "-TRAILER", trailer_of("SHA256"))])
def test_a_chunked_body(service, s3, bucket, kind, trailer):  # SEMANTICS A1, S7
    assert put_chunked(service, bucket, kind, CHUNKS, trailer) == (200, "")
    got = s3.get_object(Bucket=bucket, Key="chunked", ChecksumMode="ENABLED")
    assert got["Body"].read() == WHOLE and got["ContentEncoding"] == "gzip"
    if trailer:
        name, value = trailer.split(":")
        assert got["Checksum" + name.removeprefix("x-amz-checksum-").upper()] == value
    s3.delete_object(Bucket=bucket, Key="chunked")


def other_byte(body):
    return body.replace(CHUNKS[1], CHUNKS[1][:-1] + bytes([CHUNKS[1][-1] ^ 1]))


@pytest.mark.parametrize("kind, trailer, more, status, code", [
    (UNSIGNED, trailer_of("CRC32"), {"spoil": other_byte}, 400, "BadDigest"),
    (SIGNED, "", {"spoil": other_byte}, 403, "SignatureDoesNotMatch"),
    (SIGNED + "-TRAILER", trailer_of("CRC32"), {"spoil": other_byte}, 403,
     "SignatureDoesNotMatch"),
    (SIGNED + "-TRAILER", trailer_of("CRC32"),
     {"spoil": lambda b: b.replace(b"checksum-crc32:", b"checksum-crc32:A")}, 403,
     "SignatureDoesNotMatch"),
    (UNSIGNED, trailer_of("CRC32"), {"spoil": lambda b: b[:-30]}, 400, "IncompleteBody"),
    (UNSIGNED, trailer_of("CRC32"), {"length": len(WHOLE) + 1}, 400, "IncompleteBody"),
    (UNSIGNED, trailer_of("CRC32"), {"length": len(WHOLE) - 1}, 400, "InvalidRequest")])
def test_a_chunked_body_that_is_wrong_is_no_object(service, s3, bucket, kind, trailer, more, status,
                                                   code):  # SEMANTICS A1, S8
    answer, text = put_chunked(service, bucket, kind, CHUNKS, trailer, **more)
    assert (answer, code in text) == (status, True), text
    refused(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="chunked")


def test_a_body_that_is_not_what_was_signed(service, s3, bucket):  # SEMANTICS A1, S8
    headers = Signer(service, hashlib.sha256(b"signed").hexdigest()).sign(
        f"{service.url}/{bucket}/signed", {})
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=60)
    try:
        connection.request("PUT", f"/{bucket}/signed", b"forged", dict(headers))
        answer = connection.getresponse()
        assert (answer.status, b"XAmzContentSHA256Mismatch" in answer.read()) == (400, True)
    finally:
        connection.close()
    refused(404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="signed")


def test_parts_and_uploads_are_listed_page_by_page(s3):  # SEMANTICS S29
    where = {"Bucket": "listed-uploads"}
    s3.create_bucket(**where)
    keys = ["a/1", "a/1", "a/2", "b c/\u00fc", "b c/x/y", "d"]
    ids = [(key, s3.create_multipart_upload(**where, Key=key)["UploadId"]) for key in keys]
    assert not s3.list_multipart_uploads(**where, Prefix="none").get("Uploads")
    for size in (1, 2, 1000):
        pages = s3.get_paginator("list_multipart_uploads").paginate(
            **where, PaginationConfig={"PageSize": size})
        listed = [(u["Key"], u["UploadId"]) for page in pages for u in page.get("Uploads", [])]
        assert listed == sorted(ids)
    page = s3.list_multipart_uploads(**where, Prefix="b c/", Delimiter="/", EncodingType="url")
    assert ([u["Key"] for u in page["Uploads"]], page["CommonPrefixes"], page["IsTruncated"]) == (
        ["b%20c/%C3%BC"], [{"Prefix": "b%20c/x/"}], False)
    for size, found in ((1, 1), (2, 2), (9, 3)):  # a prefix counts once
        page = s3.list_multipart_uploads(**where, Delimiter="/", MaxUploads=size)
        assert len(page.get("Uploads", []) + page.get("CommonPrefixes", [])) == found
        assert page["IsTruncated"] == (found < 3)
    key, upload = ids[-1]
    part = {**where, "Key": key, "UploadId": upload}
    assert s3.list_parts(**part).get("Parts", []) == []
    etags = {n: s3.upload_part(**part, PartNumber=n, Body=b"%d" % n)["ETag"] for n in (7, 2, 10000)}
    for size in (1, 2, 1000):
        pages = s3.get_paginator("list_parts").paginate(**part, PaginationConfig={"PageSize": size})
        assert [(p["PartNumber"], p["ETag"], p["Size"]) for page in pages for p in page["Parts"]] == [
            (n, etags[n], len(str(n))) for n in (2, 7, 10000)]
    refused(400, "InvalidArgument", s3.list_parts, **part, MaxParts="x")
    refused(404, "NoSuchUpload", s3.list_parts, **{**part, "Key": "other"})
    refused(404, "NoSuchBucket", s3.list_multipart_uploads, Bucket="no-such-bucket")
    for key, upload in ids:
        s3.abort_multipart_upload(**where, Key=key, UploadId=upload)
    assert not s3.list_multipart_uploads(**where).get("Uploads")
    s3.delete_bucket(**where)
