"""How fast a job reads what it was given, on this machine: beside the same program over the same bytes
outside of any job."""

import io
import os
import statistics
import subprocess
import sys

from jobs import transition
from service import running

BIG, BIG_BYTES, SMALL, SMALL_BYTES, ROUNDS = 4, 1 << 30, 2000, 100 << 10, 5

# Prints the figure of one program, whose argument is what it reads.
READER = """
import os, sys, time
paths, buffer, total = sys.argv[2:], bytearray(1 << 20), 0
if os.path.isdir(paths[0]):
    paths = [os.path.join(path, name) for path in paths for name in sorted(os.listdir(path))]
began = time.perf_counter()
for path in paths:
    with open(path, "rb", buffering=0) as file:
        if sys.argv[1] == "first":
            file.read(1)
            continue
        while n := file.readinto(buffer):
            total += n
took = time.perf_counter() - began
if sys.argv[1] == "bytes":
    print(total / took / 1e6)
elif sys.argv[1] == "files":
    print(len(paths) / took)
else:
    print(took * 1000)
"""


def read_by(service, channel, what, paths):
    """What a job prints that reads `paths` of its channel."""
    reader = service.put("reader/reader.py", READER.encode())
    paths = service.put("paths/paths", paths.encode())
    job = service.job("cd /opt/ml/input/data && exec $TRAINYARD_PYTHON reader/reader.py "
                      f"{what} $(cat paths/paths)",
                      InputDataConfig=[channel, service.channel(reader, "reader"),
                                       service.channel(paths, "paths")])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return float(service.lines(job["TrainingJobName"])[0])


def inside(service, channel, what, paths):
    """The median of what jobs print that read `paths` of their channel."""
    return statistics.median(read_by(service, channel, what, paths) for _ in range(ROUNDS))


def outside(what, *paths, **more):
    took = [float(subprocess.run([sys.executable, "-c", READER, what, *paths], check=True, text=True,
                                 capture_output=True, **more).stdout) for _ in range(ROUNDS)]
    return statistics.median(took)


def piped_outside(files):
    """As much, through a pipe that cat fills."""
    took = []
    for _ in range(ROUNDS):
        with subprocess.Popen(["cat", *files], stdout=subprocess.PIPE) as cat:
            took.append(float(subprocess.run(
                [sys.executable, "-c", READER, "bytes", "/dev/stdin"], stdin=cat.stdout, check=True,
                text=True, capture_output=True).stdout))
    return statistics.median(took)


def put(service, prefix, count, size):
    block = os.urandom(1 << 20)
    for n in range(count):
        body = (n.to_bytes(8, "big") + block * (size // len(block) + 1))[:size]
        service.client("s3").upload_fileobj(io.BytesIO(body), service.bucket, f"{prefix}/{n:06}")


def channel(service, prefix, mode):
    return {**service.channel(f"s3://{service.bucket}/{prefix}/"), "InputMode": mode}


def data(directory):
    with running(directory) as service:
        put(service, "big", BIG, BIG_BYTES)
        put(service, "small", SMALL, SMALL_BYTES)
        staged = []
        for _ in range(ROUNDS + 1):
            job = service.job(InputDataConfig=[channel(service, "big", "File")])
            staged.append(transition(job, "Downloading") - transition(job, "Starting", "Preparing"))
        yield {"name": "stage_4g_ms", "value": round(statistics.median(staged[1:]), 1), "unit": "ms"}
        trees = {name: next(p for p in (service.data / "blobs/snapshots").iterdir()
                            if (p / f"{count - 1:06}").exists() and not (p / f"{count:06}").exists())
                 for name, count in (("big", BIG), ("small", SMALL))
                 for _ in [service.job(InputDataConfig=[channel(service, name, "File")])]}
        fast = channel(service, "big", "FastFile")
        native = outside("bytes", trees["big"])
        yield {"name": "fastfile_seq_vs_native", "unit": "times", "peer": "MB/s of the same files",
               "value": round(inside(service, fast, "bytes", "training") / native, 2),
               "peer_value": round(native)}
        native = outside("files", trees["small"])
        fast_small = channel(service, "small", "FastFile")
        yield {"name": "fastfile_files_vs_native", "unit": "times", "peer": "files/s of the same files",
               "value": round(inside(service, fast_small, "files", "training") / native, 2),
               "peer_value": round(native)}
        first = outside("first", trees["big"] / "000000")
        yield {"name": "fastfile_first_byte_ms", "unit": "ms", "peer": "of the same file",
               "value": round(inside(service, fast, "first", "training/000000"), 2),
               "peer_value": round(first, 2)}
        through = inside(service, channel(service, "big", "Pipe"), "bytes", "training_0")
        yield {"name": "pipe_mb_per_s", "value": round(through), "unit": "MB/s",
               "peer": "cat of the same files into a pipe",
               "peer_value": round(piped_outside(sorted(map(str, trees["big"].iterdir()))))}


FIGURES = dict.fromkeys(["stage_4g_ms", "fastfile_seq_vs_native", "fastfile_files_vs_native",
                         "fastfile_first_byte_ms", "pipe_mb_per_s"], data)
