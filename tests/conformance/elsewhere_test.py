"""Buckets that are not the store's own: of another S3, here a second service, and directories."""

import contextlib
import hashlib
import json
import os
import subprocess

import pytest

from disk_test import small_disk
from far import Way
from service import GATE, running, wait_until
from sources_test import FILES, failed, ran, refused, s3


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    """The other S3, with a few objects."""
    with running(tmp_path_factory.mktemp("far")) as service:
        for key in ("a.txt", "b.txt", "sub/c.txt", "sub/d.txt"):
            service.put(f"team/set/{key}", f"{key}\n".encode())
        service.put("team/large", os.urandom(1 << 20) * 40)
        service.put("team/other.txt")
        yield service


@pytest.fixture(scope="module")
def near(far, tmp_path_factory):
    """A service that has it as the bucket "far", and a directory as "data" and as "still"."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o755)
    way = Way(far.listen)
    for path in ("set/a.txt", "set/sub/c.txt", "set/b.txt", "img_1", "img_2"):
        (home / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "data" / path).write_text(path + "\n")
    (home / "data/set/out").symlink_to("/etc/passwd")
    (home / "data/set/in").symlink_to("a.txt")
    (home / "credentials").write_text(f"[other]\naws_access_key_id = x\n\n[work]\n"
                                      f"aws_access_key_id = {far.access_key}\n"
                                      f"aws_secret_access_key={far.secret_key}\n")
    settings = f"""
[buckets.far]
endpoint = "http://{way.address}"
bucket = "{far.bucket}"
prefix = "team/"
region = "{far.region}"
profile = "work"
credentials_file = "{home}/credentials"

[buckets.denied]
endpoint = "http://{far.listen}"
bucket = "{far.bucket}"
access_key_id = "AKIAIOSFODNN7EXAMPLE"
secret_access_key = "wrong"

[buckets.data]
path = "{home}/data"

[buckets.slashed]
path = "{home}/./data/"

[buckets.still]
path = "{home}/data"
snapshot = true
"""
    with running(tmp_path_factory.mktemp("near"), settings) as service:
        service.home, service.way, service.far = home, way, far
        yield service
    way.close()


def cached(service):
    return sorted(path.name for path in service.data.glob("scratch/cache/*/??/*"))


# ---- another S3 ----------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_objects_of_another_s3_are_files(near, mode):  # SEMANTICS D24
    lines = ran(near, FILES % "training" + "; cat a.txt sub/c.txt; touch x 2>/dev/null && echo own; true",
                s3(near, "s3://far/set/", mode=mode))
    assert lines[:6] == ["a.txt", "b.txt", "sub/c.txt", "sub/d.txt", "a.txt", "sub/c.txt"]
    assert lines[6:] == (["own"] if mode == "File" else [])


def test_what_was_fetched_once_is_there(near):  # SEMANTICS D25
    ran(near, "true", s3(near, "s3://far/set/"))
    before, known = near.way.passed, cached(near)
    ran(near, "cat /opt/ml/input/data/training/a.txt", s3(near, "s3://far/set/"))
    assert cached(near) == known
    assert near.way.passed - before < 4000  # a listing, no content


def test_a_large_object_comes_in_parts_and_whole(near):  # SEMANTICS D24
    near.way.connections = 0
    script = "cd /opt/ml/input/data/training && sha256sum large | cut -c1-64"
    lines = ran(near, script, s3(near, "s3://far/large"))
    body = near.far.client("s3").get_object(Bucket=near.far.bucket, Key="team/large")["Body"].read()
    assert lines == [hashlib.sha256(body).hexdigest()]
    assert near.way.connections >= 3


def test_a_connection_that_breaks_is_made_again(near):  # SEMANTICS D24
    near.far.put("team/broken/1", os.urandom(3 << 20))
    near.way.cut_after, near.way.cuts = 1 << 20, 40
    try:
        lines = ran(near, "stat -c %s /opt/ml/input/data/training/1", s3(near, "s3://far/broken/"))
    finally:
        left, near.way.cuts = near.way.cuts, 0
    assert lines == [str(3 << 20)] and left < 40


def test_a_cache_that_is_too_small_drops_what_is_old_while_it_fetches(near, tmp_path):  # SEMANTICS D25
    for n in range(40):
        near.far.put(f"team/twice/{n}", os.urandom(1 << 20))
    settings = (f'[cache]\nsize = "8MiB"\n[buckets.far]\nendpoint = "http://{near.far.listen}"\n'
                f'bucket = "{near.far.bucket}"\naccess_key_id = "{near.far.access_key}"\n'
                f'secret_access_key = "{near.far.secret_key}"\n')
    with running(tmp_path, settings) as service:
        lines = ran(service, "cat /opt/ml/input/data/training_0 | wc -c; du -m /opt/ml/input | tail -1",
                    s3(service, "s3://far/team/twice/", mode="Pipe"))
        assert lines[0] == str(40 << 20)
        assert 0 < len(cached(service)) <= 8
        assert ran(service, "cat /opt/ml/input/data/training/* | wc -c",
                   s3(service, "s3://far/team/twice/")) == [str(40 << 20)]
        assert len(cached(service)) <= 8


def test_pipe_mode_reads_another_s3(near):  # SEMANTICS D24
    uri = near.put("m.json", b'[{"prefix": "s3://far/set/"}, "sub/c.txt", "a.txt"]')
    lines = ran(near, "cat /opt/ml/input/data/training_0 /opt/ml/input/data/training_1",
                s3(near, uri, mode="Pipe", kind="ManifestFile"))
    assert lines == ["sub/c.txt", "a.txt"] * 2


def test_a_key_that_is_named_twice_is_one_file_and_comes_twice(near):  # SEMANTICS D14
    uri = near.put("twice.json", b'[{"prefix": "s3://far/set/"}, "sub/c.txt", "a.txt", "sub/c.txt", "a.txt"]')
    for mode in ("File", "FastFile"):
        assert ran(near, FILES % "training" + "; cat sub/c.txt",
                   s3(near, uri, mode=mode, kind="ManifestFile")) == ["a.txt", "sub/c.txt", "sub/c.txt"]
    assert ran(near, "cat /opt/ml/input/data/training_0",
               s3(near, uri, mode="Pipe", kind="ManifestFile")) == ["sub/c.txt", "a.txt"] * 2


def test_an_augmented_manifest_may_name_objects_of_both(near):  # SEMANTICS D24
    own = near.put("own.txt", b"own\n")
    uri = near.put("augmented", "\n".join(json.dumps({"x-ref": x}) for x in
                                          (own, "s3://far/set/b.txt", "s3://data/img_1")).encode())
    lines = ran(near, "cat /opt/ml/input/data/training_0",
                s3(near, uri, mode="Pipe", kind="AugmentedManifestFile", AttributeNames=["x-ref"]))
    assert lines == ["own", "b.txt", "img_1"]


@pytest.fixture(scope="module")
def over_tls(far, tmp_path_factory):
    """The other S3 behind TLS, as "safe" with its authority's certificate and as "unsafe" without."""
    home = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=far", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", home / "key", "-out", home / "cert"], check=True, capture_output=True)
    with contextlib.closing(Way(far.listen, tls=(home / "cert", home / "key"))) as way:
        bucket = (f'endpoint = "https://{way.address}"\nbucket = "{far.bucket}"\n'
                  f'access_key_id = "{far.access_key}"\nsecret_access_key = "{far.secret_key}"\n')
        settings = (f'[buckets.safe]\n{bucket}ca_bundle = "{home}/cert"\n[buckets.unsafe]\n{bucket}'
                    f'[buckets.misnamed]\n{bucket}ca_bundle = "{home}/cert"\n'
                    .replace("misnamed]\nendpoint = \"https://127.0.0.1", "misnamed]\nendpoint = \"https://localhost"))
        with running(tmp_path_factory.mktemp("near-tls"), settings) as service:
            yield service


def test_another_s3_is_reached_by_tls(over_tls):  # SEMANTICS D24
    lines = ran(over_tls, "cd /opt/ml/input/data/training && cat set/a.txt && stat -c %s large",
                s3(over_tls, "s3://safe/team/"))
    assert lines == ["a.txt", str(40 << 20)]


@pytest.mark.parametrize("bucket, says", [
    ("unsafe", "self-signed certificate"), ("misnamed", "ostname mismatch")])
def test_who_is_not_who_it_should_be_is_not_asked(over_tls, bucket, says):  # SEMANTICS D24
    reason = failed(over_tls, "exit 0", s3(over_tls, f"s3://{bucket}/team/set/"))
    assert "is not trusted" in reason and says in reason and "ca_bundle" in reason, reason


@pytest.mark.parametrize("uri, kind, says", [
    ("s3://far/nothing/", "S3Prefix", "No S3 objects found under S3 URL \"s3://far/nothing/\""),
    ("s3://denied/team/set/", "S3Prefix", "of [buckets.denied] answered 403 InvalidAccessKeyId"),
    ("s3://far/set/gone.json", "ManifestFile", "far/team/set/gone.json"),
])
def test_what_cannot_be_listed_fails_the_job_by_name(near, uri, kind, says):  # SEMANTICS D24
    reason = failed(near, "exit 0", s3(near, uri.replace("far/team", near.far.bucket), kind=kind))
    assert says.replace("far/team", near.far.bucket + "/team") in reason, reason


@pytest.mark.parametrize("bucket", ["far", "still", "data"])
@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
def test_an_object_that_is_gone_is_named_with_its_manifest(near, mode, bucket):  # SEMANTICS D14, D24
    uri = near.put("gone.json", b'[{"prefix": "s3://%s/set/"}, "a.txt", "gone.txt"]' % bucket.encode())
    reason = failed(near, "exit 0", s3(near, uri, mode=mode, kind="ManifestFile"))
    assert reason.startswith("ClientError: channel 'training': "), reason
    assert f"entry 3 of {uri}" in reason and f"s3://{bucket}/set/gone.txt" in reason, reason


def test_an_object_that_is_gone_is_named_with_its_line(near):  # SEMANTICS D23, D24
    near.put("gone.manifest", b'{"x-ref": "s3://far/set/a.txt"}\n{"x-ref": "s3://far/set/no"}')
    reason = failed(near, "cat /opt/ml/input/data/training_0; sleep 60",
                    s3(near, f"s3://{near.bucket}/gone.manifest", mode="Pipe",
                       kind="AugmentedManifestFile", AttributeNames=["x-ref"]))
    assert "line 2 of" in reason and "s3://far/set/no" in reason, reason


def test_a_job_says_how_far_it_is_and_can_be_stopped(near):  # SEMANTICS D26
    near.far.put("team/slow/1", os.urandom(2 << 20))
    with held_behind_the_list(near) as agent_waits:
        name = near.create("exit 0", InputDataConfig=[s3(near, "s3://far/slow/")])
        agent_waits()
        message = wait_until(
            lambda: next((t["StatusMessage"] for t in near.describe(name)["SecondaryStatusTransitions"]
                          if "of 2.0 MiB" in t["StatusMessage"]), None), "it told of progress")
        assert message.startswith("Downloading input data: 0.0 of ")
        near.client("sagemaker").stop_training_job(TrainingJobName=name)
    assert near.wait(name)["TrainingJobStatus"] == "Stopped"


def test_a_job_whose_s3_says_nothing_more_is_stopped_at_once(near):  # SEMANTICS D26
    near.far.put("team/silent/1", os.urandom(2 << 20))
    with held_behind_the_list(near) as agent_waits:
        name = near.create("exit 0", InputDataConfig=[s3(near, "s3://far/silent/")])
        agent_waits()
        near.way.answers.clear()
    try:
        near.client("sagemaker").stop_training_job(TrainingJobName=name)
        assert near.wait(name, 15)["TrainingJobStatus"] == "Stopped"  # a read's own limit is 30 s
    finally:
        near.way.answers.set()


def manifest_of(near, kind, key):
    """A channel in Pipe mode of the one object s3://far/`key`, and how an error names its place."""
    if kind == "ManifestFile":
        uri = near.put("one.json", json.dumps([{"prefix": "s3://far/"}, key]).encode())
        return s3(near, uri, mode="Pipe", kind=kind), f"entry 2 of {uri}"
    uri = near.put("one.manifest", json.dumps({"x-ref": f"s3://far/{key}"}).encode())
    return s3(near, uri, mode="Pipe", kind=kind, AttributeNames=["x-ref"]), f"line 1 of {uri}"


@pytest.mark.parametrize("kind", ["ManifestFile", "AugmentedManifestFile"])
def test_every_epoch_of_a_manifest_has_the_objects_of_the_jobs_start(near, kind):  # SEMANTICS D19, D24
    near.far.put("team/epochs/1", b"before\n")
    channel, _ = manifest_of(near, kind, "epochs/1")
    name = near.create(f"cd /opt/ml/input/data; cat training_0; {GATE}; cat training_1", InputDataConfig=[channel])
    wait_until(lambda: "before" in near.lines(name), "the first epoch was read")
    near.far.put("team/epochs/1", b"after it\n")
    near.open_gate(name)
    assert near.wait(name)["TrainingJobStatus"] == "Completed", near.describe(name)
    assert near.lines(name) == ["before", "before"]


@pytest.mark.parametrize("kind", ["ManifestFile", "AugmentedManifestFile"])
def test_an_object_of_a_manifest_that_changed_since_the_jobs_start_fails_it(near, kind):  # SEMANTICS D19, D24
    near.far.put("team/epochs/2", f"before {kind}\n".encode())
    channel, place = manifest_of(near, kind, "epochs/2")
    name = near.create(f"{GATE}; cat /opt/ml/input/data/training_0", InputDataConfig=[channel])
    near.wait_for(name, "Training")
    near.far.put("team/epochs/2", b"after it\n")
    near.open_gate(name)
    job = near.wait(name)
    assert job["TrainingJobStatus"] == "Failed" and near.lines(name) == []
    for said in ("s3://far/epochs/2", "PreconditionFailed", place):
        assert said in job["FailureReason"], job["FailureReason"]


@contextlib.contextmanager
def held_behind_the_list(near):
    """Lets the service list and the agent wait at the door."""
    near.way.open.clear()
    near.way.let_in, before = 1, near.way.connections
    try:
        yield lambda: wait_until(lambda: near.way.connections > before + 1, "the agent is at the door")
    finally:
        near.way.let_in = None
        near.way.open.set()


@pytest.mark.parametrize("mode", ["File", "Pipe"])
@pytest.mark.parametrize("change, says", [("put", "PreconditionFailed"), ("delete", "NoSuchKey")])
def test_an_object_that_changed_since_it_was_listed_fails_the_job_by_name(
        near, change, says, mode):  # SEMANTICS D24
    near.far.put("team/changing/1", b"before")
    with held_behind_the_list(near) as agent_waits:
        name = near.create("exit 0" if mode == "File" else "cat /opt/ml/input/data/training_0; sleep 60",
                           InputDataConfig=[s3(near, "s3://far/changing/", mode=mode)])
        agent_waits()
        if change == "put":
            near.far.put("team/changing/1", b"after it")
        else:
            near.far.client("s3").delete_object(Bucket=near.far.bucket, Key="team/changing/1")
    job = near.wait(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "s3://far/changing/1" in job["FailureReason"], job["FailureReason"]
    assert says in job["FailureReason"], job["FailureReason"]


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_bytes_that_are_not_the_objects_are_never_read(near, mode):  # SEMANTICS D24, D28
    near.far.put("team/spoilt/1", os.urandom(100_000))
    name = near.create(f"{GATE}; cat /opt/ml/input/data/training/1 | wc -c" if mode == "FastFile" else "exit 0",
                       InputDataConfig=[s3(near, "s3://far/spoilt/", mode=mode)])
    near.way.spoil = mode == "File"
    try:
        if mode == "FastFile":
            near.wait_for(name, "Training")
            near.way.spoil = True
            near.open_gate(name)
        near.wait(name)
    finally:
        near.way.spoil = False
    told = " ".join(near.lines(name, notices=True)) + near.describe(name).get("FailureReason", "")
    assert "s3://far/spoilt/1" in told and "what came is not what is there" in told, told
    assert "100000" not in near.lines(name)


def test_a_name_that_no_file_can_have(near):  # SEMANTICS D5
    near.far.put("team/long/" + "x" * 256, b"1")
    for mode in ("File", "FastFile"):
        assert "x" * 256 in failed(near, "exit 0", s3(near, "s3://far/long/", mode=mode))


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_a_directorys_key_with_content_is_refused_by_name(near, mode):  # SEMANTICS D5
    near.far.put("team/full/in/", b"1")
    near.far.put("team/full/empty/", b"")
    uri = near.put("full.json", b'[{"prefix": "s3://far/full/"}, "in/"]')
    for channel in (s3(near, "s3://far/full/", mode=mode), s3(near, uri, mode=mode, kind="ManifestFile")):
        reason = failed(near, "exit 0", channel)
        assert reason.startswith("ClientError: ") and "full/in/' cannot become a file" in reason, reason
    uri = near.put("empty.json", b'[{"prefix": "s3://far/full/"}, "empty/"]')
    assert ran(near, "cd /opt/ml/input/data/training && find . | sort",
               s3(near, uri, mode=mode, kind="ManifestFile")) == [".", "./empty"]


def test_an_s3_that_is_killed_and_comes_back_costs_time_alone(near):  # SEMANTICS D24
    near.far.put("team/killed/1", os.urandom(40 << 20))
    near.way.cut_after, near.way.cuts = 1 << 20, 3
    with held_behind_the_list(near) as agent_waits:
        name = near.create("stat -c %s /opt/ml/input/data/training/1",
                           InputDataConfig=[s3(near, "s3://far/killed/")])
        agent_waits()
        near.far.kill()
    try:
        wait_until(lambda: near.way.refused > 3, "it was missed")
    finally:
        near.far.start()
    assert near.wait(name)["TrainingJobStatus"] == "Completed", near.describe(name)
    assert near.lines(name) == [str(40 << 20)]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_disk_that_is_full_while_objects_are_fetched(near, tmp_path):  # SEMANTICS D24
    near.far.put("team/much/1", os.urandom(80 << 20))
    settings = (f'min_free_percent = 0\n[buckets.far]\nendpoint = "http://{near.far.listen}"\n'
                f'bucket = "{near.far.bucket}"\naccess_key_id = "{near.far.access_key}"\n'
                f'secret_access_key = "{near.far.secret_key}"\n')
    with small_disk(tmp_path / "disk") as disk, running(disk, settings) as service:
        reason = failed(service, "exit 0", s3(service, "s3://far/team/much/"))
        assert "s3://far/team/much/1" in reason and "No space left on device" in reason, reason
        wait_until(lambda: not service.leftovers(), "nothing was left")
        assert service.job()["TrainingJobStatus"] == "Completed"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_pipe_mode_needs_room_for_one_object_at_a_time(near, tmp_path):  # SEMANTICS D24
    for n in range(12):
        near.far.put(f"team/roomy/{n:02}", os.urandom(8 << 20))
    settings = (f'min_free_percent = 0\n[cache]\nsize = "8MiB"\n'
                f'[buckets.far]\nendpoint = "http://{near.far.listen}"\n'
                f'bucket = "{near.far.bucket}"\naccess_key_id = "{near.far.access_key}"\n'
                f'secret_access_key = "{near.far.secret_key}"\n')
    with small_disk(tmp_path / "disk") as disk, running(disk, settings) as service:
        assert ran(service, "cat /opt/ml/input/data/training_0 | wc -c",
                   s3(service, "s3://far/team/roomy/", mode="Pipe")) == [str(96 << 20)]


def test_a_bucket_elsewhere_takes_no_output(near):  # SEMANTICS D24
    for more in ({"OutputDataConfig": {"S3OutputPath": "s3://far/out"}},
                 {"CheckpointConfig": {"S3Uri": "s3://data/checkpoints"}}):
        assert "is only read ([buckets." in refused(near, s3(near, "s3://far/set/"), **more)


# ---- directories ---------------------------------------------------------------------------------

@pytest.mark.parametrize("bucket", ["data", "slashed"])
def test_a_directory_is_mounted_as_it_is(near, bucket):  # SEMANTICS D27
    known = cached(near)
    lines = ran(near, FILES % "training" + "; cat in sub/c.txt; readlink out; "
                "touch x 2>&1; cat x 2>/dev/null; true", s3(near, f"s3://{bucket}/set/"))
    assert lines[:5] == ["a.txt", "b.txt", "sub/c.txt", "set/a.txt", "set/sub/c.txt"]
    assert lines[5] == "/etc/passwd" and "Read-only file system" in lines[6], lines
    assert cached(near) == known  # nothing of it was copied


def test_a_directory_may_have_any_name(near):  # SEMANTICS D27
    odd = near.home / "data/faiss.index"
    odd.mkdir()
    (odd / "index").write_text('{"Items":[{"Place":"../../x","Object":{"Origin":"data","Key":"img_1"}}]}\n')
    assert ran(near, FILES % "training", s3(near, "s3://data/faiss.index/")) == ["index"]


def test_a_manifest_in_a_directory_may_name_the_stores_objects(near):  # SEMANTICS D27
    own = near.put("own/a.txt", b"own\n")
    (near.home / "data/m.json").write_text(json.dumps([{"prefix": own[:-len("a.txt")]}, "a.txt"]))
    assert ran(near, "cat /opt/ml/input/data/training/a.txt",
               s3(near, "s3://data/m.json", kind="ManifestFile")) == ["own"]


def test_a_prefix_of_names_in_a_directory(near):  # SEMANTICS D27
    lines = ran(near, FILES % "training" + "; cat img_2", s3(near, "s3://data/img_"))
    assert lines == ["img_1", "img_2", "img_2"]


@pytest.mark.parametrize("bucket", ["data", "still"])
def test_pipe_mode_reads_a_directory(near, bucket):  # SEMANTICS D27
    assert ran(near, "cat /opt/ml/input/data/training_0",
               s3(near, f"s3://{bucket}/set/", mode="Pipe")) == [
                   "set/a.txt", "set/b.txt", "set/a.txt", "set/sub/c.txt"]


@pytest.mark.parametrize("bucket, ends", [("data", "Completed"), ("still", "Failed")])
def test_later_files_of_a_directory_show_unless_it_is_a_snapshot(near, bucket, ends):  # SEMANTICS D27
    later = near.home / f"data/set/later-{bucket}"
    name = near.create(f"echo up; {GATE}; cat /opt/ml/input/data/training/{later.name}",
                       InputDataConfig=[s3(near, f"s3://{bucket}/set/")])
    wait_until(lambda: "up" in near.lines(name), "the job was up")
    later.write_text("later\n")
    try:
        near.open_gate(name)
        assert near.wait(name)["TrainingJobStatus"] == ends
    finally:
        later.unlink()


# ---- through the S3 API --------------------------------------------------------------------------

@pytest.mark.parametrize("bucket", ["far", "data"])
def test_clients_read_a_bucket_elsewhere(near, bucket):  # SEMANTICS S30
    client = near.client("s3")
    page = client.list_objects_v2(Bucket=bucket, Prefix="set/", Delimiter="/")
    keys = [x["Key"] for x in page["Contents"]]
    assert keys[:2] == ["set/a.txt", "set/b.txt"]
    assert [x["Prefix"] for x in page["CommonPrefixes"]] == ["set/sub/"]
    head = client.head_object(Bucket=bucket, Key=keys[0])
    got = client.get_object(Bucket=bucket, Key=keys[0])
    assert head["ETag"] == got["ETag"] == page["Contents"][0]["ETag"]
    body = got["Body"].read()
    assert len(body) == head["ContentLength"] == page["Contents"][0]["Size"]
    part = client.get_object(Bucket=bucket, Key=keys[0], Range="bytes=1-3")
    assert part["Body"].read() == body[1:4] and part["ResponseMetadata"]["HTTPStatusCode"] == 206
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.get_object(Bucket=bucket, Key=keys[0], IfMatch='"other"')
    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    with pytest.raises(client.exceptions.NoSuchKey):
        client.get_object(Bucket=bucket, Key="set/none")
    assert bucket in [b["Name"] for b in client.list_buckets()["Buckets"]]
    client.head_bucket(Bucket=bucket)


@pytest.mark.parametrize("bucket", ["far", "data"])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_of_a_bucket_elsewhere_are_those_of_the_whole(near, bucket, delimiter):  # SEMANTICS S30
    client = near.client("s3")

    def entries(**more):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter=delimiter,
                                                                      **more):
            yield from (x["Key"] for x in page.get("Contents", []))
            yield from (x["Prefix"] for x in page.get("CommonPrefixes", []))

    whole = sorted(entries())
    assert len(whole) >= 3
    assert sorted(entries(PaginationConfig={"PageSize": 1})) == whole
    key = next(entry for entry in whole if not entry.endswith("/"))
    assert sorted(entries(StartAfter=key)) == [entry for entry in whole if entry > key]
    first = client.list_objects(Bucket=bucket, MaxKeys=1, Delimiter=delimiter)
    assert first["IsTruncated"]


def test_a_large_object_of_a_bucket_elsewhere(near):  # SEMANTICS S30
    own = near.far.client("s3").get_object(Bucket=near.far.bucket, Key="team/large")["Body"].read()
    assert near.client("s3").get_object(Bucket="far", Key="large")["Body"].read() == own


def test_nothing_is_written_to_a_bucket_elsewhere(near):  # SEMANTICS S30
    client = near.client("s3")
    for call in (lambda: client.put_object(Bucket="data", Key="new", Body=b"x"),
                 lambda: client.delete_object(Bucket="far", Key="set/a.txt"),
                 lambda: client.create_bucket(Bucket="data"),
                 lambda: client.delete_objects(Bucket="far", Delete={"Objects": [{"Key": "set/a.txt"}]})):
        with pytest.raises(client.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.copy_object(Bucket=near.bucket, Key="x", CopySource={"Bucket": "far", "Key": "set/a.txt"})
    assert "get the object and put it" in caught.value.response["Error"]["Message"]


def test_an_s3_that_refuses_is_told_so(near):  # SEMANTICS S30
    client = near.client("s3")
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.get_object(Bucket="denied", Key="a")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
