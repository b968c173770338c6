"""A MinIO of the tests' own: an S3 that others wrote."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

import boto3
import botocore.config

from service import ROOT, free_address, wait_until

KEY, SECRET = "trainyard-test", "trainyard-test-secret"


def program(name):
    """Its path, or None where ./setup could not bring it."""
    own = ROOT / "build/peers" / name
    return str(own) if own.exists() else shutil.which(name)


class Minio:
    """MinIO on a directory."""

    access_key, secret_key, region = KEY, SECRET, "us-east-1"

    def __init__(self, directory):
        self.address = free_address()
        self.url = f"http://{self.address}"
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.s3 = boto3.client("s3", endpoint_url=self.url, region_name=self.region,
                               aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                               config=botocore.config.Config(s3={"addressing_style": "path"},
                                                             retries={"max_attempts": 0}))
        self.start()

    def start(self):
        """Also after kill(), with what it had."""
        environment = {**os.environ, "MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET,
                       "MINIO_UPDATE": "off", "MINIO_BROWSER": "off"}
        self.process = subprocess.Popen([program("minio"), "server", "--address", self.address,
                                         str(self.directory)], env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "MinIO answered")

    def answers(self):
        with contextlib.suppress(Exception):
            return self.s3.list_buckets()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @contextlib.contextmanager
    def held(self):
        """Keeps its connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
