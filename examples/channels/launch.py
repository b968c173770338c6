"""Trains on the same digits, each time reading them in another way.

    trainyard run -- python examples/channels/launch.py fastfile [JOB_NAME]
    trainyard run -- python examples/channels/launch.py pipe [JOB_NAME]
    trainyard run -- python examples/channels/launch.py efs [JOB_NAME]
    trainyard run -- python examples/channels/launch.py elsewhere [JOB_NAME]

`elsewhere` is FastFile over a bucket of another S3, `[buckets.far-digits]` of the settings. `efs` needs a
file system in the service's settings, and the digits in it:

    [file_systems.fs-0123456789abcdef0]
    path = "/mnt/efs"              # python examples/channels/launch.py write /mnt/efs/digits
"""

import csv
import gzip
import logging
import os
import sys
import tempfile
import time

logging.getLogger("sagemaker.config").setLevel(logging.WARNING)

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES_A_FILE = 25


def write_digits(directory):
    """Files of 65 bytes an image: 64 pixels from 0 to 16, and the digit."""
    os.makedirs(directory, exist_ok=True)
    with gzip.open(f"{HERE}/../digits/data/digits.csv.gz", "rt", newline="") as file:
        images = [bytes(map(int, row)) for row in csv.reader(file)]
    for first in range(0, len(images), IMAGES_A_FILE):
        with open(f"{directory}/{first:05}.bin", "wb") as file:
            file.write(b"".join(images[first:first + IMAGES_A_FILE]))


def channel_of(kind, session):
    from sagemaker.inputs import FileSystemInput, ShuffleConfig, TrainingInput
    from sagemaker.s3 import S3Uploader

    if kind == "efs":
        return FileSystemInput(file_system_id="fs-0123456789abcdef0", file_system_type="EFS",
                               directory_path="/digits", file_system_access_mode="ro")
    if kind == "elsewhere":
        return TrainingInput("s3://far-digits/train/", input_mode="FastFile")
    with tempfile.TemporaryDirectory() as directory:
        write_digits(directory)
        where = S3Uploader.upload(directory, f"s3://{session.default_bucket()}/channels/digits",
                                  sagemaker_session=session)
    if kind == "fastfile":
        return TrainingInput(where, input_mode="FastFile")
    return TrainingInput(where, input_mode="Pipe", record_wrapping="RecordIO",
                         shuffle_config=ShuffleConfig(7))


def main(kind, name=None):
    if kind == "write":
        return write_digits(name)
    import sagemaker
    from sagemaker.pytorch import PyTorch

    session = sagemaker.Session()
    estimator = PyTorch(
        source_dir=f"{HERE}/code", entry_point={"pipe": "train_pipe.py"}.get(kind, "train_files.py"),
        role=sagemaker.get_execution_role(), framework_version="1.10", py_version="py38",
        instance_count=1, instance_type="ml.m5.xlarge", sagemaker_session=session,
        hyperparameters={"epochs": 3, "workers": 2})
    estimator.fit({"digits": channel_of(kind, session)},
                  job_name=name or time.strftime(f"{kind}-%Y-%m-%d-%H-%M-%S"))


if __name__ == "__main__":
    main(*sys.argv[1:])
