"""The SageMaker script of the README, unchanged in form: a PyTorch estimator, spot, checkpoints, one S3 channel.

Run it:  trainyard run -- python examples/digits/launch.py
"""
import csv
import gzip
import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import sagemaker
from sagemaker.pytorch import PyTorch
from sagemaker.s3 import S3Downloader, S3Uploader

here = Path(__file__).parent


def split(rows):
    """Every sixth image is held out."""
    return [r for i, r in enumerate(rows) if i % 6 != 5], [r for i, r in enumerate(rows) if i % 6 == 5]


def evaluate(model_data, rows):
    """The share of held-out digits that the downloaded model reads right."""
    import torch

    sys.path.insert(0, str(here / "code"))
    from train import Net

    with tempfile.TemporaryDirectory() as directory:
        S3Downloader.download(model_data, directory, sagemaker_session=sagemaker_session)
        with tarfile.open(os.path.join(directory, "model.tar.gz")) as archive:
            archive.extractall(directory)
        model = Net()
        model.load_state_dict(torch.load(os.path.join(directory, "model.pth")))
    images = torch.tensor([[int(v) / 16 for v in row[:64]] for row in rows]).reshape(-1, 1, 8, 8)
    digits = torch.tensor([int(row[64]) for row in rows])
    return (model(images).argmax(1) == digits).float().mean().item()


sagemaker_session = sagemaker.Session()
role = sagemaker.get_execution_role()

# The data set goes to the default bucket, as people do it once by hand.
with gzip.open(here / "data/digits.csv.gz", "rt") as file:
    training, held_out = split(list(csv.reader(file)))
bucket = sagemaker_session.default_bucket()
with tempfile.TemporaryDirectory() as directory:
    with gzip.open(os.path.join(directory, "digits.csv.gz"), "wt", newline="") as file:
        csv.writer(file).writerows(training)
    data_path = S3Uploader.upload(directory, f"s3://{bucket}/digits/training", sagemaker_session=sagemaker_session)

hyperparameters = {
    "batch_size": 64,
    "lr": 3e-3,
    "image_size": 8,
    "epochs": 15,
}  # differs by model

job_name = os.environ.get("JOB_NAME") or time.strftime("digits-%Y%m%d-%H%M%S")
checkpoint_s3_uri = f"s3://{bucket}/digits/checkpoints/{job_name}"

estimator = PyTorch(
    # required
    source_dir=str(here / "code"),
    entry_point="train.py",
    role=role,
    framework_version="1.10",
    py_version="py38",
    instance_count=1,
    instance_type="ml.p4d.24xlarge",
    sagemaker_session=sagemaker_session,
    hyperparameters=hyperparameters,
    # optional
    max_run=5 * 24 * 60 * 60,
    use_spot_instances=True,
    max_wait=3 * 60 * 60,
    checkpoint_s3_uri=checkpoint_s3_uri,
)

channel_name = "training"

began = time.monotonic()
estimator.fit(
    inputs={
        channel_name: data_path,
    },
    job_name=job_name,
)
fit_seconds = time.monotonic() - began

print(f"accuracy {evaluate(estimator.model_data, held_out):.3f}")
if out := os.environ.get("FIT_SECONDS_FILE"):
    Path(out).write_text(f"{fit_seconds:.1f}")
