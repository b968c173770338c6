"""How long jobs take to begin."""

import datetime
import os
import re
import shutil
import statistics
import subprocess
import time

from scripts import archive, trained, wheel
from service import ROOT, running
from signed import play, s3

FILES, FILE_BYTES, BATCH = 10_000, 100 << 10, 1000


def transition(job, status, message=""):
    """When a job came to a status, in milliseconds."""
    return next(t["StartTime"].timestamp() * 1000 for t in job["SecondaryStatusTransitions"]
                if t["Status"] == status and message in t["StatusMessage"])


def job_start(directory, rounds=31):
    """From the answer to CreateTrainingJob to the script's first instruction, as its log has it."""
    with running(directory) as service:
        channel = [service.channel(service.put("data/one"))]
        sagemaker, logs = service.client("sagemaker"), service.client("logs")
        ours, plain = [], []
        for _ in range(rounds):
            body = service.request("echo begun", InputDataConfig=channel)
            sagemaker.create_training_job(**body)
            acknowledged = time.time() * 1000
            name = body["TrainingJobName"]
            service.wait(name)
            events = logs.get_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs", startFromHead=True,
                logStreamName=f"{name}/algo-1-{stream_number(logs, name)}")["events"]
            begun = next(e["timestamp"] for e in events if e["message"] == "begun")
            ours.append(begun - acknowledged)
            before = time.perf_counter()
            subprocess.run(["/bin/sh", "-c", "echo begun"], stdout=subprocess.DEVNULL)
            plain.append((time.perf_counter() - before) * 1000)
        yield {"name": "job_start_ms", "value": round(statistics.median(ours), 1), "unit": "ms",
               "peer": "the same shell program by fork and exec",
               "peer_value": round(statistics.median(plain), 2)}


def stream_number(logs, name):
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs",
                                        logStreamNamePrefix=name + "/")["logStreams"]
    return streams[0]["logStreamName"].rsplit("-", 1)[1]


def put_tree(service, files, file_bytes):
    for first in range(0, files, BATCH):
        play(service.url, [
            s3(service, "PUT", f"/{service.bucket}/tree/{n // 100:03}/{n:05}", os.urandom(file_bytes))
            for n in range(first, min(first + BATCH, files))], 8)


def stage_10k(directory, files=FILES, file_bytes=FILE_BYTES):
    """How long the service takes to lay out a channel of many files: the time between a job's
    "Preparing the instances" and its Downloading."""
    with running(directory) as service:
        put_tree(service, files, file_bytes)
        channel = [service.channel(f"s3://{service.bucket}/tree/")]
        took = []
        for _ in range(6):
            script = f'test $(ls -R /opt/ml/input/data/training | grep -c "^[0-9]*$") = {files}'
            job = service.job(script, InputDataConfig=channel)
            took.append(transition(job, "Downloading") - transition(job, "Starting", "Preparing"))
        tree, copy = directory / "tree", directory / "copy"
        for n in range(files):
            place = tree / f"{n // 100:03}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{n:05}").touch()
        before = time.perf_counter()
        subprocess.run(["cp", "-al", tree, copy], check=True)
        linked = round((time.perf_counter() - before) * 1000, 1)
        shutil.rmtree(tree)
        shutil.rmtree(copy)
    peer = {"unit": "ms", "peer": "cp -al of such a tree", "peer_value": linked}
    yield {"name": "stage_10k_first_ms", "value": round(took[0], 1), **peer}
    yield {"name": "stage_10k_ms", "value": round(statistics.median(took[1:]), 1), **peer}


def quickstart_job(directory):
    """The digits example, warm: from CreationTime to Completed. Against its training alone."""
    with running(directory) as service:
        client = ROOT / "build/venv/bin/python"
        took, alone = [], []
        for n in range(3):
            name = f"digits-{n}"
            ran = service.run("run", "--", client, ROOT / "examples/digits/launch.py", name)
            assert ran.returncode == 0 and re.search(r"accuracy 0\.9", ran.stdout), ran.stderr
            job = service.describe(name)
            end = transition(job, "Completed")
            took.append(end - job["CreationTime"].timestamp() * 1000)
            alone.append(transition(job, "Uploading") - transition(job, "Training"))
        yield {"name": "quickstart_job_ms", "value": round(min(took[1:])), "unit": "ms",
               "peer": "its script alone, in the sandbox", "peer_value": round(min(alone[1:]))}


def requirements_cached(directory, rounds=7):
    """From the toolkit's question for its packages to the answer, as its own lines have the times, when
    an earlier job had them installed. Against that job's installation."""
    wheels = directory / "wheels"
    wheels.mkdir()
    wheel(wheels, "ty_bench", "1.0", {"ty_bench.py": ""})
    settings = f'[python]\nfind_links = "{wheels}"\noffline = true\n'
    with running(directory, settings) as service:
        took = []
        for n in range(rounds):
            job = trained(service, f"src/{n}.tar.gz", archive(
                ("train.py", b"import ty_bench\n"), ("requirements.txt", b"ty_bench\n")))
            assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
            lines = service.lines(job["TrainingJobName"])
            asked, told = (next(datetime.datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f")
                                for line in lines if words in line)
                           for words in ("Installing dependencies", "(layer "))
            took.append((told - asked).total_seconds() * 1000)
        yield {"name": "requirements_cached_ms", "value": round(statistics.median(took[1:]), 1),
               "unit": "ms", "peer": "installing them", "peer_value": round(took[0], 1)}


FIGURES = {"job_start_ms": job_start, "stage_10k_first_ms": stage_10k, "stage_10k_ms": stage_10k,
           "quickstart_job_ms": quickstart_job, "requirements_cached_ms": requirements_cached}

