"""A real service in a directory of its own, driven by the real clients."""

import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import boto3
import botocore.config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TRAINYARD_BUILD", ROOT / "build/release"))
TRAINYARD = BUILD / "trainyard"
# The sanitizers make the program about five times as slow: what is long for its own sake is shorter then.
SANITIZED = BUILD.name == "asan"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.10-cpu-py38"
ENDED = {"Completed", "Failed", "Stopped"}
# In a job's script: wait here until open_gate().
_gate = "/opt/ml/output/$TRAINING_JOB_NAME.gate"
GATE = f"mkfifo {_gate} && read _ < {_gate}"

_numbers = itertools.count(1)


def wait_until(condition, what, seconds=60.0):
    """The first true value of `condition()`; the tests' one place that waits by looking again: a
    tenth of the time waited so far later, so that looking takes little of the processors."""
    begun = time.monotonic()
    while True:
        if value := condition():
            return value
        waited = time.monotonic() - begun
        if waited > seconds:
            raise AssertionError(f"it took more than {seconds} s until {what}")
        time.sleep(min(max(0.01, waited / 10), 0.5))


def free_address():
    """Where nothing listens, below the ports that outgoing connections take: a client that calls on a
    service while it is away would else, sooner or later, be given that very port and talk to itself."""
    for _ in range(100):
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", random.randrange(10000, 32000)))
                return "127.0.0.1:%d" % probe.getsockname()[1]
    raise AssertionError("no port is free")


class Service:
    def __init__(self, directory, settings="", *options, program=TRAINYARD):
        self.program = program
        self.data = pathlib.Path(directory) / "data"
        self.log = pathlib.Path(directory) / "serve.log"
        self.options = list(options)
        if settings:
            file = pathlib.Path(directory) / "settings.toml"
            file.write_text(settings)
            self.options += ["--settings", str(file)]
        self.process = None
        self.token = None  # of the key, where it is a session's
        self.listen = free_address()
        self.clients = {}

    def start(self):
        command = [self.program, "serve", "--data", self.data, "--listen", self.listen, *self.options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                            start_new_session=True)
        line = self.process.stdout.readline().decode()
        found = re.search(r"http://([\w.:]+)", line)
        assert found, f"it did not start: {line!r} {self.log.read_text()[-2000:]}"
        self.url = "http://" + found[1]
        self.listen = found[1]  # the same one after a restart
        credentials = json.loads((self.data / "state/credentials").read_text())
        self.access_key, self.secret_key = credentials["AccessKeyId"], credentials["SecretAccessKey"]
        self.region, self.account = credentials["Region"], credentials["Account"]
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            finally:
                self.process.kill()  # it has ended, or never does
                self.process.wait()
        if self.process:
            self.process.stdout.close()
        self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    @property
    def bucket(self):
        return f"sagemaker-{self.region}-{self.account}"

    @property
    def role(self):
        return f"arn:aws:iam::{self.account}:role/TrainyardRole"

    @property
    def environment(self):
        """For any AWS client, and nothing of the caller's that could lead elsewhere."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAGEMAKER_", "PIP_", "UV_"))}
        return {**kept, "TRAINYARD_DATA": str(self.data), "AWS_ENDPOINT_URL": self.url,
                "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_DEFAULT_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true",
                **({"AWS_SESSION_TOKEN": self.token} if self.token else {})}

    def client(self, name, region=None, **config):
        """Made once: making one costs more than most of what it is asked."""
        known = (name, region, self.url, self.access_key, str(config))
        if known not in self.clients:
            self.clients[known] = self.new_client(name, region, **config)
        return self.clients[known]

    def new_client(self, name, region=None, **config):
        config = {"retries": {"max_attempts": 0}, "s3": {"addressing_style": "path"}, **config}
        return boto3.client(name, endpoint_url=self.url, region_name=region or self.region,
                            aws_access_key_id=self.access_key,
                            aws_secret_access_key=self.secret_key, aws_session_token=self.token,
                            config=botocore.config.Config(**config))

    def run(self, *arguments, **more):
        """The trainyard command, at this service."""
        more = {"capture_output": True, "text": True, "timeout": 120, **more}
        return subprocess.run([str(TRAINYARD), *map(str, arguments)],
                              env={**self.environment, **more.pop("env", {})}, **more)

    def put(self, key, body=b"x"):
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def channel(self, uri, name="training"):
        return {"ChannelName": name, "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}}

    def request(self, script="exit 0", **more):
        """CreateTrainingJob with a shell script as its container's program."""
        return {
            "TrainingJobName": f"job-{next(_numbers)}",
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE, "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/sh", "-c"], "ContainerArguments": [script]},
            "RoleArn": self.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1,
                               "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **more}

    def create(self, script="exit 0", **more):
        request = self.request(script, **more)
        self.client("sagemaker").create_training_job(**request)
        return request["TrainingJobName"]

    def describe(self, name):
        return self.client("sagemaker").describe_training_job(TrainingJobName=name)

    def wait(self, name, seconds=60.0):
        """The job's description once it has ended."""
        sagemaker = self.client("sagemaker")

        def ended():
            job = sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ENDED else None

        return wait_until(ended, f"{name} ended", seconds)

    def wait_for(self, name, status, seconds=60.0):
        return wait_until(lambda: self.describe(name)["SecondaryStatus"] == status,
                          f"{name} was {status}", seconds)

    def job(self, script="exit 0", **more):
        """Runs a job to its end and returns its description."""
        return self.wait(self.create(script, **more))

    def lines(self, name, notices=False):
        """The job's log, by the API that the SDK reads it with; Trainyard's own lines if asked for."""
        logs = self.client("logs")
        group = "/aws/sagemaker/TrainingJobs"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name + "/")
        out = []
        for stream in streams["logStreams"]:
            token = {}
            while True:
                page = logs.get_log_events(logGroupName=group, startFromHead=True,
                                           logStreamName=stream["logStreamName"], **token)
                out += [event["message"] for event in page["events"]]
                if token.get("nextToken") == page["nextForwardToken"]:
                    break
                token = {"nextToken": page["nextForwardToken"]}
        return [line for line in out if notices or not line.startswith("[trainyard]")]

    def open_gate(self, name):
        """Lets a job go on that waits at its GATE; at most once a job."""
        def at_it():
            for gate in self.data.glob(f"scratch/instances/*/ml/output/{name}.gate"):
                with contextlib.suppress(OSError):  # nobody reads it yet
                    return os.open(gate, os.O_WRONLY | os.O_NONBLOCK)

        fd = wait_until(at_it, f"{name} waited at its gate")
        os.write(fd, b"\n")
        os.close(fd)

    def leftovers(self):
        """What ended jobs must not leave: processes, cgroups, scratch, temporary objects."""
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                text = stat.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if f"agent --spec {self.data}" in text:
                    found.append(f"process {stat.parent.name}: {text}")
        found += [str(p) for p in (self.data / "scratch/instances").glob("*")]
        found += [str(p) for p in (self.data / "blobs/objects/tmp").glob("*")]
        found += [str(p) for p in (self.data / "blobs/snapshots").glob("tmp-*")]
        return found


def running(directory, settings="", *options):
    """A service, and in the end nothing of it."""
    return ending(Service(directory, settings, *options))


@contextlib.contextmanager
def ending(service):
    """Starts a service; in the end jobs that still run are stopped by their agents."""
    try:
        yield service.start()
    finally:
        try:
            end_jobs(service)
        finally:
            service.stop()
            shutil.rmtree(service.data, ignore_errors=True)


def end_jobs(service):
    if not service.process or service.process.poll() is not None:
        service.start()
    sagemaker = service.client("sagemaker")
    for status in ("InProgress", "Stopping"):
        for job in sagemaker.list_training_jobs(StatusEquals=status)["TrainingJobSummaries"]:
            name = job["TrainingJobName"]
            if status == "InProgress":
                with contextlib.suppress(Exception):
                    sagemaker.stop_training_job(TrainingJobName=name)
            service.wait(name, 150)


def python(service, script, *arguments, **more):
    """A client script under `trainyard run`."""
    return service.run("run", "--", sys.executable, script, *arguments, **more)
