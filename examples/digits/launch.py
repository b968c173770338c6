"""Trains a reader of digits with the SageMaker SDK and tries its model on digits it never saw.

    trainyard run -- python examples/digits/launch.py [JOB_NAME]

From `hyperparameters` to `fit()` this is the script of examples/seed, argument by argument.
"""

import csv
import gzip
import logging
import os
import sys
import tarfile
import tempfile
import time

# Where the SDK looks for settings is of no interest here.
logging.getLogger("sagemaker.config").setLevel(logging.WARNING)

import sagemaker
from sagemaker.pytorch import PyTorch
from sagemaker.s3 import S3Downloader, S3Uploader

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def images(held_out):
    """Every sixth image is held out, the others are for training."""
    with gzip.open("data/digits.csv.gz", "rt", newline="") as file:
        return [row for i, row in enumerate(csv.reader(file)) if (i % 6 == 5) == held_out]


def upload_training_data(session):
    with tempfile.TemporaryDirectory() as directory:
        with gzip.open(f"{directory}/digits.csv.gz", "wt", newline="") as file:
            csv.writer(file).writerows(images(held_out=False))
        where = f"s3://{session.default_bucket()}/digits/training"
        return S3Uploader.upload(directory, where, sagemaker_session=session)


def accuracy(model_data, session):
    """The share of the held-out digits that the model reads right."""
    import torch

    sys.path.insert(0, "code")
    from train import Net, tensors

    with tempfile.TemporaryDirectory() as directory:
        S3Downloader.download(model_data, directory, sagemaker_session=session)
        with tarfile.open(f"{directory}/model.tar.gz") as archive:
            archive.extract("model.pth", directory)
        model = Net()
        model.load_state_dict(torch.load(f"{directory}/model.pth"))
    pixels, digits = tensors(images(held_out=True))
    return (model(pixels).argmax(1) == digits).float().mean().item()


job_name = sys.argv[1] if len(sys.argv) > 1 else time.strftime("digits-%Y-%m-%d-%H-%M-%S")

sagemaker_session = sagemaker.Session()
role = sagemaker.get_execution_role()
checkpoint_s3_uri = f"s3://{sagemaker_session.default_bucket()}/digits/checkpoints/{job_name}"

# The names are the seed's. What suits a model differs: these images are 8 pixels wide, not 128.
hyperparameters = {
    "batch_size": 32,
    "lr": 5e-3,
    "image_size": 8,
    "epochs": 6,
}

estimator = PyTorch(
    # required
    source_dir="code",                      # directory of files
    entry_point="train.py",                 # file to run
    role=role,                              # IAM role
    framework_version="1.10",               # PyTorch version
    py_version="py38",                      # Python version
    instance_count=1,                       # number of instances
    instance_type="ml.p4d.24xlarge",        # kind of instance
    sagemaker_session=sagemaker_session,    # SageMaker session
    hyperparameters=hyperparameters,        # hyperparameters
    # optional
    max_run=5*24*60*60,                     # 5 days: how long it may train, in seconds
    use_spot_instances=True,                # spot instances
    max_wait=3*60*60,                       # 3 hours: how long it may wait for spot capacity
    checkpoint_s3_uri=checkpoint_s3_uri,    # where checkpoints are kept
)

channel_name = "training"
data_path = upload_training_data(sagemaker_session)

began = time.monotonic()
estimator.fit(
    inputs={
        channel_name: data_path,
    },
    job_name=job_name,
)
print(f"fit() {time.monotonic() - began:.1f} s")
print(f"accuracy {accuracy(estimator.model_data, sagemaker_session):.3f}")
