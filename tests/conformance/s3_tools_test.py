"""A day's work of the tools that people have beside the AWS CLI: rclone, s3fs and pyarrow, boto3's transfer."""

import filecmp
import os
import subprocess

import boto3.s3.transfer
import pytest

from service import ROOT

pytestmark = pytest.mark.release_alone

TOOLS = ROOT / "build/venv-tools/bin/python"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Some files: many small, one large, names that must be encoded."""
    root = tmp_path_factory.mktemp("tree")
    for n in range(50):
        path = root / f"many/{n % 7}/{n:03}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{n}\n" * n)
    (root / "odd").mkdir()
    for name in ("a b+c", "ü&é=?", "100%", "quote'\"", "#hash"):
        (root / "odd" / name).write_text(name)
    (root / "large").write_bytes(os.urandom(20 << 20))
    return root


def assert_same(a, b):
    compared = filecmp.dircmp(a, b)
    assert not compared.left_only and not compared.right_only and not compared.funny_files
    assert not filecmp.cmpfiles(a, b, compared.common_files, shallow=False)[1]
    for name in compared.common_dirs:
        assert_same(a / name, b / name)


# ---- rclone --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def rclone(service):
    """rclone, whose remote "y:" is the store."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    settings = {"TYPE": "s3", "PROVIDER": "Other", "ACCESS_KEY_ID": service.access_key,
                "SECRET_ACCESS_KEY": service.secret_key, "ENDPOINT": service.url,
                "REGION": service.region}
    environment = {**kept, "RCLONE_CONFIG": "/dev/null",
                   **{f"RCLONE_CONFIG_Y_{name}": value for name, value in settings.items()}}

    def run(*arguments):
        done = subprocess.run(["rclone", "--retries", "1", "--s3-chunk-size", "5M", "--s3-upload-cutoff",
                               "5M", *map(str, arguments)], env=environment, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_rclone_copies_syncs_and_checks(service, rclone, tree, tmp_path):  # SEMANTICS S31
    there = f"y:{service.bucket}/rclone"
    rclone("copy", tree, there)
    rclone("check", "--download", tree, there)
    again = rclone("sync", "-v", tree, there)
    assert "Copied" not in again.stderr  # nothing has changed
    (tmp_path / "back").mkdir()
    rclone("copy", there, tmp_path / "back")
    assert_same(tree, tmp_path / "back")
    assert sorted(rclone("lsf", "-R", "--files-only", there).stdout.splitlines()) == sorted(
        str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file())
    rclone("moveto", f"{there}/large", f"{there}/moved/large")
    assert rclone("cat", "--count", "5", "--offset", "3", f"{there}/many/6/048.txt").stdout == "48\n48"
    rclone("deletefile", f"{there}/odd/100%")
    rclone("purge", f"{there}/many")
    assert "many/" not in rclone("lsf", "-R", there).stdout


# ---- s3fs and pyarrow ----------------------------------------------------------------------------

def with_tools(service, script, *arguments):
    done = subprocess.run([TOOLS, "-c", script, service.bucket, *map(str, arguments)],
                          env=service.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


S3FS = """
import sys, s3fs
bucket, tree, back = sys.argv[1:]
fs = s3fs.S3FileSystem()
root = f"{bucket}/s3fs"
fs.put(tree, root, recursive=True)
assert fs.info(f"{root}/large")["size"] == 20 << 20
with fs.open(f"{root}/large", "rb") as file, open(f"{tree}/large", "rb") as own:
    for at in (5 << 20, 17, 19 << 20):
        file.seek(at), own.seek(at)
        assert file.read(100_000) == own.read(100_000)
with fs.open(f"{root}/written", "wb") as file:
    for n in range(7):
        file.write(bytes([n]) * (1 << 20))
assert fs.cat(f"{root}/written", start=3 << 20, end=(3 << 20) + 2) == b"\\x03\\x03"
with fs.open(f"{root}/written", "ab") as file:
    file.write(b"end")
assert fs.size(f"{root}/written") == (7 << 20) + 3
assert len(fs.glob(f"{root}/many/*/*.txt")) == 50
assert len(fs.find(root)) == 57
fs.mv(f"{root}/written", f"{root}/moved")
assert not fs.exists(f"{root}/written") and fs.exists(f"{root}/moved")
fs.rm(f"{root}/moved")
fs.get(f"{root}/many", back, recursive=True)
fs.rm(root, recursive=True)
assert not fs.exists(root)
"""


def test_s3fs_reads_and_writes(service, tree, tmp_path):  # SEMANTICS S31
    with_tools(service, S3FS, tree, tmp_path / "back")
    assert_same(tree / "many", tmp_path / "back")


ARROW = """
import sys, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq
from pyarrow import fs
import os
from urllib.parse import urlparse
bucket = sys.argv[1]
at = urlparse(os.environ["AWS_ENDPOINT_URL"])
s3 = fs.S3FileSystem(endpoint_override=at.netloc, scheme="http", region=os.environ["AWS_DEFAULT_REGION"],
                     access_key=os.environ["AWS_ACCESS_KEY_ID"],
                     secret_key=os.environ["AWS_SECRET_ACCESS_KEY"])
rows = 300_000
table = pa.table({"n": range(rows), "group": [str(n % 3) for n in range(rows)],
                  "x": [float(n) / 7 for n in range(rows)]})
root = f"{bucket}/arrow"
ds.write_dataset(table, root, filesystem=s3, format="parquet", partitioning=["group"],
                 existing_data_behavior="delete_matching")
data = ds.dataset(root, filesystem=s3, format="parquet", partitioning=["group"])
assert data.count_rows() == rows
ones = data.to_table(columns=["n"], filter=ds.field("group") == 1)["n"].to_pylist()
assert sorted(ones)[:3] == [1, 4, 7]
with s3.open_output_stream(f"{root}/stream") as out:
    for n in range(20):
        out.write(bytes([n]) * (1 << 20))
with s3.open_input_file(f"{root}/stream") as file:
    assert file.size() == 20 << 20 and file.read_at(2, (13 << 20) - 1) == bytes([12, 13])
info = s3.get_file_info(fs.FileSelector(root, recursive=True))
assert sum(i.type == fs.FileType.File for i in info) == 4, info
s3.copy_file(f"{root}/stream", f"{root}/copy")
s3.delete_file(f"{root}/stream")
s3.delete_dir(root)
assert s3.get_file_info(root).type == fs.FileType.NotFound
"""


def test_pyarrow_writes_and_reads_datasets(service):  # SEMANTICS S31
    with_tools(service, ARROW)


# ---- boto3 ---------------------------------------------------------------------------------------

def test_boto3s_transfer_in_parts(service, tree, tmp_path):  # SEMANTICS S31
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20,
                                              max_concurrency=8)
    s3 = service.client("s3")
    s3.upload_file(str(tree / "large"), service.bucket, "transfer/large", Config=config)
    s3.copy({"Bucket": service.bucket, "Key": "transfer/large"}, service.bucket, "transfer/copy",
            Config=config)
    s3.download_file(service.bucket, "transfer/copy", str(tmp_path / "copy"), Config=config)
    assert filecmp.cmp(tree / "large", tmp_path / "copy", shallow=False)
