"""The store."""

import shutil
import statistics
import time

from service import running

PART = 64 << 20


def complete_4g(directory, parts=64, part_bytes=PART, rounds=3):
    """CompleteMultipartUpload of equal parts, really uploaded, against `cp` of the same bytes."""
    part = bytes(1 << 20) * (part_bytes >> 20) or bytes(part_bytes)
    took = []
    with running(directory) as service:
        s3 = service.client("s3")
        where = {"Bucket": service.bucket, "Key": "model.bin"}
        for _ in range(rounds):
            upload = s3.create_multipart_upload(**where)["UploadId"]
            done = [{"PartNumber": n, "ETag": s3.upload_part(
                **where, UploadId=upload, PartNumber=n, Body=part)["ETag"]}
                for n in range(1, parts + 1)]
            before = time.perf_counter()
            s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
            took.append((time.perf_counter() - before) * 1000)
            assert s3.head_object(**where)["ContentLength"] == parts * part_bytes
        biggest = max((service.data / "blobs/objects").rglob("*"), key=lambda p: p.stat().st_size)
        before = time.perf_counter()
        shutil.copyfile(biggest, directory / "copy")
        copied = (time.perf_counter() - before) * 1000
    yield {"name": "complete_4g_ms", "value": round(statistics.median(took), 1), "unit": "ms",
           "peer": "a copy of the object's file", "peer_value": round(copied, 1)}


FIGURES = {"complete_4g_ms": complete_4g}
