"""How fast channels of another S3 are there: MinIO's, beside rclone from the same MinIO."""

import concurrent.futures
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import time

from jobs import transition
from peers import KEY, SECRET, Minio, program, rclone_environment
from service import running

SETS = {"small": (10_000, 100 << 10), "big": (4, 1 << 30)}
ROUNDS = 3


def fill(minio):
    minio.s3.create_bucket(Bucket="far")
    block = os.urandom(1 << 20)
    for name, (count, size) in SETS.items():
        def put(n, name=name, size=size):
            body = (n.to_bytes(8, "big") + block * (size // len(block) + 1))[:size]
            minio.s3.upload_fileobj(io.BytesIO(body), "far", f"{name}/{n // 100:03}/{n:05}")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(put, range(count)))


def aside(path, trash):
    """Away from its name. A file system that was just told to remove thousands of files is slow at
    making as many: they are removed in the end."""
    if path.exists():
        path.rename(trash / str(len(list(trash.iterdir()))))


def staged(service, name, trash):
    """Milliseconds from the agent's start to the script's, of a job with nothing in the cache."""
    aside(service.data / "scratch/cache", trash)
    (service.data / "scratch/cache").mkdir(0o711)
    job = service.wait(service.create(InputDataConfig=[service.channel(f"s3://far/{name}/")]), 600)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return transition(job, "Training") - transition(job, "Starting", "Preparing")


def copied(minio, name, trash):
    """The same for rclone, into a directory."""
    to = trash.parent / "copy"
    began = time.perf_counter()
    subprocess.run([program("rclone"), "copy", "--transfers", "32", f"far:far/{name}", to], check=True,
                   env=rclone_environment(minio.url))
    took = (time.perf_counter() - began) * 1000
    aside(to, trash)
    return took


def stage(directory):
    if not program("minio") or not program("rclone"):
        print("stage_vs_rclone: no minio or no rclone here; see ./setup bench", file=sys.stderr)
        return
    with contextlib.closing(Minio(directory / "minio")) as minio:
        fill(minio)
        settings = (f'[buckets.far]\nendpoint = "{minio.url}"\naccess_key_id = "{KEY}"\n'
                    f'secret_access_key = "{SECRET}"\n')
        with running(directory, settings) as service:
            for name in SETS:
                ours, theirs = [], []
                trash = directory / f"trash-{name}"
                trash.mkdir()
                for _ in range(ROUNDS):
                    os.sync()  # neither waits for what the other has left to be written
                    ours.append(staged(service, name, trash))
                    os.sync()
                    theirs.append(copied(minio, name, trash))
                    if name == "big":
                        shutil.rmtree(trash)
                        trash.mkdir()
                shutil.rmtree(trash)
                peer = statistics.median(theirs)
                yield {"name": f"stage_vs_rclone_{name}", "unit": "times", "peer": "ms of rclone copy",
                       "value": round(peer / statistics.median(ours), 2), "peer_value": round(peer)}


FIGURES = dict.fromkeys([f"stage_vs_rclone_{name}" for name in SETS], stage)
