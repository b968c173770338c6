"""What must be true after any number of kills: each check gives the sentences that are false."""

import contextlib
import io
import os
import pathlib
import sqlite3
import tarfile

from service import ENDED

LOST = "InternalServerError: the agent of algo-1 ended without a report"


def objects(service, putters):
    """Every object is what was put last; one whose put was not acknowledged may be either."""
    s3 = service.client("s3")
    for putter in putters:
        for key, may in putter.objects.items():
            try:
                content = s3.get_object(Bucket=service.bucket, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                content = None
            if content not in may:
                said = "gone" if content is None else f"other bytes, {content[:40]!r}"
                yield f"object {key} is {said}"


def jobs(service, trainers, killed):
    """Every job ended once, ran its script once and is as it was acknowledged and seen to be.
    `killed`: names of the jobs whose agents were."""
    sagemaker, s3 = service.client("sagemaker"), service.client("s3")
    pages = sagemaker.get_paginator("list_training_jobs").paginate()
    listed = {job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]}
    known = {job.name: (trainer, job) for trainer in trainers for job in trainer.jobs.values()}
    for name in listed - known.keys():
        yield f"{name} was never asked for"
    for name, (trainer, job) in known.items():
        if name not in listed:
            if job.acknowledged:
                yield f"{name} is gone"
            continue
        said = sagemaker.describe_training_job(TrainingJobName=name)
        tags = {tag["Key"]: tag["Value"]
                for tag in sagemaker.list_tags(ResourceArn=trainer.arn(job))["Tags"]}
        lines = service.lines(name, notices=True)
        for sentence in [*ended_once(job, said, name in killed), *tagged(job, tags),
                         *ran_once(job, said, lines), *model(service, s3, said)]:
            yield f"{name}: {sentence}"


def ended_once(job, said, agent_was_killed):
    status = said["TrainingJobStatus"]
    ends = [step["Status"] for step in said["SecondaryStatusTransitions"]
            if step["Status"] in ENDED]
    if status not in ENDED or ends != [status]:
        yield f"it is {status} and ended {ends}"
    if said["SecondaryStatusTransitions"][-1]["Status"] != status:
        yield "something came after its end"
    if job.seen and job.seen != status:
        yield f"it was described as {job.seen} and is {status}"
    if status == "Failed":
        if not agent_was_killed:
            yield f"it failed, but its agent was never killed: {said['FailureReason']}"
        elif not said["FailureReason"].startswith(LOST):
            yield f"a killed agent's job fails for another reason: {said['FailureReason']}"
    if status == "Stopped" and not job.stop_asked:
        yield "it was stopped, but nobody asked for that"
    if status == "Completed" and job.stop_acknowledged:
        yield "its stop was acknowledged, but it is Completed"


def tagged(job, tags):
    for key, may in job.tags.items():
        if tags.get(key) not in may:
            yield f"tag {key} is {tags.get(key)} and should be one of {may}"
    for key in tags.keys() - job.tags.keys():
        yield f"tag {key} was never given"


def ran_once(job, said, lines):
    ran = lines.count(f"ran {job.name}")
    if ran > 1 or (said["TrainingJobStatus"] == "Completed" and ran != 1):
        yield f"its script ran {ran} times"
    if said["TrainingJobStatus"] == "Completed" and lines.count(f"ended {job.name}") != 1:
        yield "its last line is missing"
    if lines[:len(job.lines_seen)] != job.lines_seen:
        yield f"its log has {lines} and had {job.lines_seen}"


def model(service, s3, said):
    if said["TrainingJobStatus"] != "Completed":
        return
    where = said["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{service.bucket}/")
    try:
        content = s3.get_object(Bucket=service.bucket, Key=where)["Body"].read()
    except s3.exceptions.NoSuchKey:
        yield "its model is gone"
        return
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        if archive.extractfile("token").read().decode().strip() != said["TrainingJobName"]:
            yield "its model is another job's"


def rows(service):
    """Nothing is owed, and the rows are whole."""
    uri = f"file:{service.data}/state/trainyard.db?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
        for effect in db.execute("SELECT job, kind FROM effect"):
            yield f"effect {effect} is still owed"
        if (whole := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            yield whole


def files(service):
    """Files that nobody needs: temporary ones, parts of no upload, contents of no object."""
    uri = f"file:{service.data}/state/trainyard.db?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
        wanted = {name for name, in db.execute("SELECT file FROM part UNION "
                                               "SELECT blob FROM object")}
        uploads = {upload for upload, in db.execute("SELECT id FROM upload")}
    root = service.data / "blobs/objects"
    for path in root.glob("*/*"):
        if path.name not in wanted and path.name.partition(".")[0] not in uploads:
            yield f"file {path}"
    for directory, _, names in os.walk(service.data):  # which may go while it is looked at
        yield from (f"file {directory}/{name}" for name in names if name.endswith(".new"))


def traces(service):
    """Processes, mounts and control groups of the jobs, by the names only they have."""
    yield from service.leftovers()
    here = str(service.data).encode()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if here in words and int(process.name) != service.process.pid:
                yield f"process {process.name}: {words[:200]}"
            if b"TOKEN=trainer-" in words and here in (process / "mountinfo").read_bytes():
                yield f"process {process.name} of a job: {words[:200]}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if str(service.data) in line:
            yield f"mount {line}"
    instances = {path.name for path in service.data.glob("blobs/logs/*")}
    for group in pathlib.Path("/sys/fs/cgroup").glob("**/trainyard/*"):
        if group.name in instances:
            yield f"control group {group}"
