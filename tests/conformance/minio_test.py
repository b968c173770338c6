"""A MinIO as the S3 that a bucket lies in: what a program says that others wrote, and what becomes of a job
while it is killed or holds still."""

import contextlib
import hashlib
import io
import random

import pytest

from far import Way
from other_s3 import KEY, SECRET, Minio
from service import GATE, running, wait_until
from sources_test import FILES, ran, s3

IN = "cd /opt/ml/input/data/training; "
NAMES = ["a b.txt", "a+b.txt", "100%.txt", "\u00fc/\u00e9 \u2603.txt", "q?x=1&y.txt", "quote'\".txt", "plain/x.txt"]
LARGE = 40 << 20


@pytest.fixture(scope="module")
def large():
    return random.Random(2).randbytes(LARGE)


@pytest.fixture(scope="module")
def minio(tmp_path_factory, large):
    with contextlib.closing(Minio(tmp_path_factory.mktemp("minio"))) as other:
        other.s3.create_bucket(Bucket="far")
        for name in NAMES:
            other.s3.put_object(Bucket="far", Key=f"names/{name}", Body=name.encode())
        other.s3.upload_fileobj(io.BytesIO(large), "far", "large/1")  # in parts: its ETag is no MD5
        yield other


@pytest.fixture
def near(minio, tmp_path):
    """A service with empty caches, and what is between the two."""
    way = Way(minio.address)
    settings = (f'[buckets.far]\nendpoint = "http://{way.address}"\naccess_key_id = "{KEY}"\n'
                f'secret_access_key = "{SECRET}"\n')
    with running(tmp_path, settings) as service:
        service.way = way
        yield service
    way.close()


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_names_of_all_kinds(near, mode):  # SEMANTICS D24
    lines = ran(near, FILES % "training" + " > /tmp/all; cat /tmp/all; while read -r f; do cat \"$f\"; echo; "
                "done < /tmp/all", s3(near, "s3://far/names/", mode=mode))
    assert sorted(lines[:len(NAMES)]) == sorted(NAMES)
    assert lines[len(NAMES):] == lines[:len(NAMES)]


def test_pipe_mode_has_them_in_their_order(near):  # SEMANTICS D24
    lines = ran(near, "cat /opt/ml/input/data/training_0; echo", s3(near, "s3://far/names/", mode="Pipe"))
    assert lines == ["".join(sorted(NAMES, key=lambda name: name.encode()))]


def test_clients_see_them(near):  # SEMANTICS S30
    client = near.client("s3")
    listed = client.list_objects_v2(Bucket="far", Prefix="names/")["Contents"]
    assert [item["Key"] for item in listed] == sorted(f"names/{name}" for name in NAMES)
    for name in NAMES:
        assert client.get_object(Bucket="far", Key=f"names/{name}")["Body"].read() == name.encode()


@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
def test_killed_while_a_job_reads(near, minio, large, mode):  # SEMANTICS D24, D28
    near.way.cut_after, near.way.cuts = 1 << 20, 3
    path = {"Pipe": "../training_0"}.get(mode, "1")
    script = f"{IN if mode != 'Pipe' else 'cd /opt/ml/input/data; mkdir x; cd x;'} sha256sum {path} | cut -c1-64"
    if mode == "File":
        near.way.let_in, before = 1, near.way.connections  # the service's, which lists
    name = near.create(script if mode == "File" else f"{GATE}; {script}",
                       InputDataConfig=[s3(near, "s3://far/large/", mode=mode)])
    if mode == "File":
        wait_until(lambda: near.way.connections > before + 1, "the agent is at the door")
    else:
        near.wait_for(name, "Training")
    refused = near.way.refused
    minio.kill()
    near.way.let_in = None
    near.way.open.set()
    if mode != "File":
        near.open_gate(name)
    try:
        wait_until(lambda: near.way.refused > refused + 3, "it was missed")
    finally:
        minio.start()
    assert near.wait(name, 90)["TrainingJobStatus"] == "Completed", near.describe(name)
    assert near.lines(name) == [hashlib.sha256(large).hexdigest()]


def test_one_that_holds_still_is_waited_for(near, minio, large):  # SEMANTICS D28
    name = near.create(f"{GATE}; {IN} sha256sum 1 | cut -c1-64",
                       InputDataConfig=[s3(near, "s3://far/large/", mode="FastFile")])
    near.wait_for(name, "Training")
    with minio.held():
        before = near.way.connections
        near.open_gate(name)
        wait_until(lambda: near.way.connections > before, "it was asked")
        assert near.describe(name)["TrainingJobStatus"] == "InProgress"
    assert near.wait(name)["TrainingJobStatus"] == "Completed"
    assert near.lines(name) == [hashlib.sha256(large).hexdigest()]


@pytest.mark.release_alone
@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
def test_one_that_is_slow_costs_time_alone(near, large, mode):  # SEMANTICS D24, D28
    near.way.slow.set()
    path = "/opt/ml/input/data/training" + ("_0" if mode == "Pipe" else "/1")
    lines = ran(near, f"sha256sum {path} | cut -c1-64", s3(near, "s3://far/large/", mode=mode))
    assert lines == [hashlib.sha256(large).hexdigest()]
