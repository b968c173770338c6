"""What a million objects cost: a page of their listing, and a channel of them."""

import contextlib
import hashlib
import os
import sqlite3
import statistics

from jobs import transition
from minio import BUCKET, SMALL_OBJECTS, keys, list_cpu_ms, put_small
from service import running

COUNT, BYTES, PAGES, WALKS, ROUNDS = 1_000_000, 64, 10, 5, 5


class Copier:
    """Makes the row and the file of one object, which was PUT, those of others: PUTs would leave the same,
    and a million of them take ten minutes. The service is down meanwhile."""

    def __init__(self, service, key):
        self.root = service.data / "blobs/objects"
        self.rows = sqlite3.connect(service.data / "state/trainyard.db")
        self.rows.row_factory = sqlite3.Row
        found = self.rows.execute("SELECT * FROM object WHERE bucket=? AND key=?", (BUCKET, key))
        self.model = dict(found.fetchone())
        self.owner = self.file_of(self.model["blob"]).stat()

    def file_of(self, blob):
        return self.root / blob[2:4] / blob

    def write(self, blob, body):
        """By way of tmp/, as the service does: a file is where its directory was when it was made."""
        temporary = self.root / "tmp/one"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(fd, body)
        os.fchown(fd, self.owner.st_uid, self.owner.st_gid)
        os.close(fd)
        os.rename(temporary, self.file_of(blob))

    def copy(self, names):
        with contextlib.closing(self.rows), self.rows:
            insert = f"INSERT INTO object VALUES ({', '.join(':' + name for name in self.model)})"
            for n, key in enumerate(names, 1):
                body = n.to_bytes(BYTES, "big")
                blob = "s-" + hashlib.sha256(body).hexdigest()
                self.write(blob, body)
                self.rows.execute(insert, {
                    **self.model, "key": key, "version": self.model["version"] + n, "blob": blob,
                    "etag": hashlib.md5(body).hexdigest()})


def fill(service, names):
    """Objects of 64 bytes, each of another content."""
    s3 = service.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    put_small(service, names[:1], 1, BYTES)
    service.stop()
    Copier(service, names[0]).copy(names[1:])
    os.sync()
    service.start()
    last = s3.get_object(Bucket=BUCKET, Key=names[-1])["Body"].read()
    assert int.from_bytes(last, "big") == len(names) - 1


def staged(service, prefix, script="exit 0"):
    """Seconds between a job's "Preparing the instances" and its Downloading."""
    os.sync()
    name = service.create(script, InputDataConfig=[service.channel(f"s3://{BUCKET}/{prefix}/")])
    job = service.wait(name, 600)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return (transition(job, "Downloading") - transition(job, "Starting", "Preparing")) / 1000


def flat(few, many, count):
    """CPU of a page in the middle of a million keys, and of one of 10,000."""
    middle = keys("many", count)[count // 2 - 1]
    took = [(list_cpu_ms(few, "few", PAGES, WALKS), list_cpu_ms(many, "many", PAGES, WALKS, middle))
            for _ in range(ROUNDS)]
    of_few, of_many = (statistics.median(times) for times in zip(*took))
    return {"name": "list1000_flat", "unit": "times", "value": round(of_many / of_few, 2),
            "peer": f"ms of CPU a page at {SMALL_OBJECTS} keys; at {count} {of_many:.2f}",
            "peer_value": round(of_few, 2)}


def million(directory, count=COUNT):
    for name in ("few", "many"):
        (directory / name).mkdir()
    with running(directory / "few") as few, running(directory / "many") as many:
        few.client("s3").create_bucket(Bucket=BUCKET)
        put_small(few, keys("few", SMALL_OBJECTS))
        fill(many, keys("many", count))
        yield flat(few, many, count)
        none = {"unit": "s", "peer": "none", "peer_value": None}
        yield {"name": "stage_million_first_s", "value": round(staged(many, "many"), 1), **none}
        whole = f"test $(find /opt/ml/input/data/training -type f | wc -l) = {count}"
        again = [staged(many, "many", script) for script in [whole] + ["exit 0"] * (ROUNDS - 1)]
        yield {"name": "stage_million_s", "value": round(statistics.median(again), 2), **none}


FIGURES = dict.fromkeys(["list1000_flat", "stage_million_first_s", "stage_million_s"], million)
