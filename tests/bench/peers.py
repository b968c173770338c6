"""The peers that are programs of their own: where they are found, and one running."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import boto3
import botocore.config

from service import ROOT, free_address, wait_until

KEY, SECRET = "trainyard-bench", "trainyard-bench-secret"


def program(name):
    """Its path, or None where ./setup bench could not bring it."""
    own = ROOT / "build/peers" / name
    return str(own) if own.exists() else shutil.which(name)


class Minio:
    """MinIO on a directory."""

    access_key, secret_key, region = KEY, SECRET, "us-east-1"

    def __init__(self, directory):
        self.address = free_address()
        self.url = f"http://{self.address}"
        environment = {**os.environ, "MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET,
                       "MINIO_UPDATE": "off", "MINIO_BROWSER": "off"}
        pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen([program("minio"), "server", "--address", self.address,
                                         str(directory)], env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.s3 = boto3.client("s3", endpoint_url=self.url, region_name=self.region,
                               aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                               config=botocore.config.Config(s3={"addressing_style": "path"},
                                                             retries={"max_attempts": 0}))
        wait_until(self.answers, "MinIO answered")

    def answers(self):
        with contextlib.suppress(Exception):
            return self.s3.list_buckets()

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def rclone_environment(url):
    """For rclone, whose remote "far:" is the S3 at `url`."""
    settings = {"TYPE": "s3", "PROVIDER": "Minio", "ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET,
                "ENDPOINT": url, "REGION": "us-east-1"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**kept, **{f"RCLONE_CONFIG_FAR_{k}": v for k, v in settings.items()},
            "RCLONE_CONFIG": "/dev/null"}
