"""How fast channels of another S3 are there, MinIO's: beside rclone and s3fs from the same MinIO."""

import concurrent.futures
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import time

from data import READER, read_by
from jobs import transition
from other_s3 import KEY, SECRET, Minio, program
from rclone import rclone_environment
from service import running

SETS = {"small": (10_000, 100 << 10), "big": (4, 1 << 30)}
ROUNDS = 5


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


@contextlib.contextmanager
def beside_minio(directory, figures, *programs):
    """A service that has a filled MinIO's bucket as "far", and that MinIO; or nothing, and why."""
    missing = [name for name in ("minio", *programs) if not program(name)]
    if missing:
        print(f"{figures}: there is no {' and no '.join(missing)} here; see ./setup bench", file=sys.stderr)
        yield None, None
        return
    with contextlib.closing(Minio(directory / "minio")) as minio:
        fill(minio)
        settings = (f'[buckets.far]\nendpoint = "{minio.url}"\naccess_key_id = "{KEY}"\n'
                    f'secret_access_key = "{SECRET}"\n')
        with running(directory, settings) as service:
            yield service, minio


@contextlib.contextmanager
def s3fs(minio, directory):
    """The bucket, mounted by s3fs."""
    to, passwords = directory / "s3fs", directory / "passwords"
    to.mkdir(exist_ok=True)
    passwords.touch(0o600)
    passwords.write_text(f"{KEY}:{SECRET}")
    subprocess.run([program("s3fs"), "far", to, "-o", f"url={minio.url},use_path_request_style",
                    "-o", f"passwd_file={passwords},ro"], check=True)
    try:
        yield to
    finally:
        subprocess.run(["umount", to], check=True)


# What is read of the bucket: one file from its begin to its end; small files in their order.
READS = {"seq": ("bytes", ["big/000/00000"]), "files": ("files", [f"small/{n:03}" for n in range(20)])}


def fast(directory):
    """Nothing of it is in any cache: each reads for the first time."""
    with beside_minio(directory, "fastfile_remote_vs_s3fs", "s3fs") as (service, minio):
        if not service:
            return
        for name, (what, paths) in READS.items():
            ours, theirs = [], []
            trash = directory / f"trash-{name}"
            trash.mkdir()
            for _ in range(ROUNDS):
                aside(service.data / "scratch/cache", trash)
                (service.data / "scratch/cache").mkdir(0o711)
                os.sync()
                channel = {**service.channel("s3://far/"), "InputMode": "FastFile"}
                ours.append(read_by(service, channel, what, " ".join(f"training/{p}" for p in paths)))
                os.sync()
                with s3fs(minio, directory) as mounted:
                    theirs.append(float(subprocess.run(
                        [sys.executable, "-c", READER, what, *[mounted / path for path in paths]],
                        check=True, text=True, capture_output=True).stdout))
            shutil.rmtree(trash)
            peer = statistics.median(theirs)
            yield {"name": f"fastfile_remote_{name}_vs_s3fs", "unit": "times", "peer": f"{what}/s of s3fs",
                   "value": round(statistics.median(ours) / peer, 2), "peer_value": round(peer)}


def stage(directory):
    with beside_minio(directory, "stage_vs_rclone", "rclone") as (service, minio):
        if not service:
            return
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


FIGURES = {**dict.fromkeys([f"stage_vs_rclone_{name}" for name in SETS], stage),
           **dict.fromkeys([f"fastfile_remote_{name}_vs_s3fs" for name in READS], fast)}
