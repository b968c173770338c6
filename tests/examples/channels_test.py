"""The examples of channels, by the real SDK: EFS, FastFile under a DataLoader with workers, Pipe."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/conformance"))

from service import python, running  # noqa: E402

LAUNCH = ROOT / "examples/channels/launch.py"
IMAGES = 1797
KINDS = ["efs", "fastfile", "pipe", "elsewhere"]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    efs = tmp_path_factory.mktemp("efs")
    efs.chmod(0o755)
    subprocess.run([sys.executable, LAUNCH, "write", efs / "digits"], check=True)
    settings = f'[file_systems.fs-0123456789abcdef0]\npath = "{efs}"\n'
    with running(tmp_path_factory.mktemp("far")) as far:
        far.client("s3").create_bucket(Bucket="digits")
        for path in (efs / "digits").iterdir():
            far.client("s3").upload_file(str(path), "digits", f"train/{path.name}")
        settings += (f'[buckets.far-digits]\nendpoint = "{far.url}"\nbucket = "digits"\n'
                     f'access_key_id = "{far.access_key}"\nsecret_access_key = "{far.secret_key}"\n')
        with running(tmp_path_factory.mktemp("service"), settings) as started:
            yield started


# Each kind as `python launch.py KIND by-KIND`, but for the SDK's import, which is most of the work.
LAUNCH_ALL = """
import os, runpy, sys
import sagemaker.pytorch
launch, *kinds = sys.argv[1:]
children = {}
for kind in kinds:
    if (child := os.fork()) == 0:
        sys.argv = [launch, kind, f"by-{kind}"]
        runpy.run_path(launch, run_name="__main__")
        sys.exit()
    children[child] = kind
ends = {children[child]: os.waitpid(child, 0)[1] for child in children}
print("ENDS", *(f"{kind}={end}" for kind, end in ends.items()))
"""


@pytest.fixture(scope="module")
def launched(service, tmp_path_factory):
    """What the launchers said, all of them at the same time."""
    script = tmp_path_factory.mktemp("launch") / "all.py"
    script.write_text(LAUNCH_ALL)
    return python(service, script, LAUNCH, *KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_is_trained_on(service, launched, kind):  # SEMANTICS D16, D17, D19, D20, D28
    ends = launched.stdout.rsplit("ENDS", 1)[-1].split()
    assert f"{kind}=0" in ends, launched.stdout[-9000:] + launched.stderr[-3000:]
    job = service.describe(f"by-{kind}")
    assert job["TrainingJobStatus"] == "Completed"
    epochs = [line.split() for line in service.lines(f"by-{kind}") if line.startswith("epoch ")]
    assert [line[3] for line in epochs] == [str(IMAGES)] * 3  # each image once an epoch
    assert float(epochs[-1][5]) > 0.9
