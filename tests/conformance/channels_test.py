"""What goes into a job and what comes out: channels, checkpoints, outputs, source archives."""

import gzip
import io
import tarfile

import botocore.exceptions
import pytest

from scripts import archive, trained
from service import GATE, running, wait_until

pytestmark = pytest.mark.usefixtures("no_job_stays")

SHOW = "cd /opt/ml/input/data/%s && find . -type f | sort | while read -r f; do echo \"$f\"; done"
UP = "echo up; "


def files_of(service, name, which):
    """The files of a job's output.tar.gz or model.tar.gz; None where there is none."""
    key = f"out/{name}/output/{which}.tar.gz"
    try:
        body = service.client("s3").get_object(Bucket=service.bucket, Key=key)["Body"].read()
    except botocore.exceptions.ClientError:
        return None
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive
                if m.isfile() or m.islnk()}


def objects(service, prefix):
    s3 = service.client("s3")
    listed = s3.list_objects_v2(Bucket=service.bucket, Prefix=prefix).get("Contents", [])
    return {o["Key"]: s3.get_object(Bucket=service.bucket, Key=o["Key"])["Body"].read()
            for o in listed}


def is_up(service, name):
    wait_until(lambda: "up" in service.lines(name), f"{name} was up")


def prints(service, script, *channels):
    """The lines of a job that must complete."""
    job = service.job(script, InputDataConfig=list(channels))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return service.lines(job["TrainingJobName"])


# ---- channels ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def tree(service):
    for key in ("a.txt", "sub/b.txt", "sub/deep/c.txt"):
        service.put(f"tree/set/{key}", f"{key}\n".encode())
    service.put("tree/set2/other.txt")
    service.put("tree/set/", b"")  # a directory marker, as consoles make it
    return f"s3://{service.bucket}/tree"


@pytest.mark.parametrize("prefix, shown", [
    ("/set/", ["./a.txt", "./sub/b.txt", "./sub/deep/c.txt"]),
    ("/set", ["./a.txt", "./sub/b.txt", "./sub/deep/c.txt"]),  # the directory, without its slash
    ("/set/sub/deep/c.txt", ["./c.txt"]),
    ("/set/sub/d", ["./deep/c.txt"]),  # a part of a name: what begins with it
])
def test_a_prefix_names_a_directory_or_the_front_of_names(service, tree, prefix, shown):
    # SEMANTICS D2
    lines = prints(service, SHOW % "training", service.channel(tree + prefix))
    assert [line for line in lines if "other" not in line] == shown


def test_hard_names_arrive_as_they_are(service):  # SEMANTICS D8
    names = ["with space", "uml\u00e4ut", "a+b%20c", "'quote\"", "-dash", "&;$(x)", "\u65e5\u672c"]
    for name in names:
        service.put(f"hard/{name}", name.encode())
    lines = prints(service, "cd /opt/ml/input/data/training && for f in *; do "
                   "printf '%s=' \"$f\"; cat -- \"$f\"; echo; done",
                   service.channel(f"s3://{service.bucket}/hard/"))
    assert sorted(lines) == sorted(f"{name}={name}" for name in names)


@pytest.mark.parametrize("key", ["up/../../../escape", "/rooted", "a//b", "./dot", "end/..",
                                 "x" * 300, "full/"])
def test_a_key_that_leads_elsewhere_is_refused_by_name(service, key):  # SEMANTICS D5, J32
    bucket = "odd-keys-" + key.encode().hex()[:20]
    s3 = service.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="in/" + key, Body=b"x")
    s3.put_object(Bucket=bucket, Key="in/plain", Body=b"x")
    job = service.job(InputDataConfig=[service.channel(f"s3://{bucket}/in/")])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ") and key in job["FailureReason"]


def test_twenty_channels(service):  # SEMANTICS D1
    names = [f"channel-{n:02}" for n in range(20)]
    channels = [service.channel(service.put(f"twenty/{name}", name.encode()), name) for name in names]
    job = service.job("cd /opt/ml/input/data; cat */*; echo; echo $SM_CHANNELS", InputDataConfig=channels)
    assert job["TrainingJobStatus"] == "Completed"
    assert service.lines(job["TrainingJobName"])[0] == "".join(names)


def test_a_name_that_is_a_file_and_a_directory(service):  # SEMANTICS D5
    service.put("clash/a", b"file")
    service.put("clash/a/b", b"below")
    job = service.job(InputDataConfig=[service.channel(f"s3://{service.bucket}/clash/")])
    assert job["TrainingJobStatus"] == "Failed"
    assert "clash/a/b" in job["FailureReason"] and "directory" in job["FailureReason"]


def test_a_later_put_never_shows_in_a_running_job(service):  # SEMANTICS D3
    uri = service.put("snapshot/a", b"before\n")
    where = service.channel(f"s3://{service.bucket}/snapshot/")
    name = service.create(f"{UP}{GATE}; cd /opt/ml/input/data/training; cat a; ls",
                          InputDataConfig=[where])
    is_up(service, name)
    service.put("snapshot/a", b"after\n")
    service.put("snapshot/b", b"new\n")
    service.open_gate(name)
    service.wait(name)
    assert service.lines(name) == ["up", "before", "a"], uri
    assert prints(service, "cd /opt/ml/input/data/training; cat a; ls", where) == [
        "after", "a", "b"]


def test_a_deleted_object_stays_in_a_running_job(service):  # SEMANTICS D3
    service.put("deleted/a", b"kept\n")
    name = service.create(f"{UP}{GATE}; cat /opt/ml/input/data/training/a", InputDataConfig=[
        service.channel(f"s3://{service.bucket}/deleted/")])
    is_up(service, name)
    service.client("s3").delete_object(Bucket=service.bucket, Key="deleted/a")
    service.open_gate(name)
    assert service.wait(name)["TrainingJobStatus"] == "Completed"
    assert service.lines(name) == ["up", "kept"]


HARM = ("cd /opt/ml/input/data/training && echo harm >> a && chmod 000 a && rm b && mv c d && "
        "ln -s /etc/passwd e && touch -d 2001-01-01 f && truncate -s 0 f && mkdir g && echo mine")


def test_what_a_job_does_to_its_channel_harms_nobody(tmp_path):  # SEMANTICS D4
    """Two jobs over one snapshot: one writes, deletes and changes modes, the other sees nothing."""
    with running(tmp_path, "[machine]\ncpus = 4\n") as service:  # both at the same time
        harm_one_snapshot(service)


def harm_one_snapshot(service):
    want = {f"harm/{key}": f"{key}\n".encode() for key in "abcf"}
    for key, body in want.items():
        service.put(key, body)
    where = [service.channel(f"s3://{service.bucket}/harm/")]
    look = "cd /opt/ml/input/data/training && stat -c '%n %a %s' * && cat *"
    beside = service.create(f"{UP}{GATE}; {look}", InputDataConfig=where)
    is_up(service, beside)
    assert prints(service, HARM, *where) == ["mine"]
    service.open_gate(beside)
    service.wait(beside)
    seen = service.lines(beside)[1:]
    assert [line.split()[0] for line in seen[:4]] == ["a", "b", "c", "f"]
    assert [line.split()[2] for line in seen[:4]] == ["2"] * 4 and seen[4:] == ["a", "b", "c", "f"]
    assert prints(service, look, *where) == seen  # nor does a later job
    assert objects(service, "harm/") == want


def test_channels_do_not_see_each_other(service):  # SEMANTICS D8
    service.put("two/x/f", b"x\n")
    service.put("two/y/f", b"y\n")
    lines = prints(service, "cd /opt/ml/input/data; cat left/f right/f; ls; rm left/f; cat right/f",
                   service.channel(f"s3://{service.bucket}/two/x/", "left"),
                   service.channel(f"s3://{service.bucket}/two/y/", "right"))
    assert lines == ["x", "y", "left", "right", "y"]


# ---- checkpoints ---------------------------------------------------------------------------------

@pytest.mark.parametrize("local", ["/opt/ml/checkpoints", "/opt/ml/other/place", "/root/kept"])
def test_checkpoints_are_restored_and_uploaded(service, local):  # SEMANTICS O10
    prefix = f"ckpt{local}"
    config = {"S3Uri": f"s3://{service.bucket}/{prefix}", "LocalPath": local}
    service.put(f"{prefix}/old", b"1\n")
    service.put(f"{prefix}-beside/no", b"not ours\n")
    job = service.job(f"cd {local} && ls && cat old && echo 2 > old && mkdir d && echo 3 > d/new",
                      CheckpointConfig=config)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert service.lines(job["TrainingJobName"]) == ["old", "1"]
    assert objects(service, prefix + "/") == {f"{prefix}/old": b"2\n", f"{prefix}/d/new": b"3\n"}
    again = service.job(f"cd {local} && cat old d/new", CheckpointConfig=config)
    assert service.lines(again["TrainingJobName"]) == ["2", "3"]


@pytest.mark.parametrize("end", ["exit 5", "kill -KILL $$"])
def test_a_failed_job_keeps_its_checkpoints(service, end):  # SEMANTICS O3
    prefix = f"ckpt-failed-{end[:4]}"
    service.job(f"echo so far > /opt/ml/checkpoints/c; {end}",
                CheckpointConfig={"S3Uri": f"s3://{service.bucket}/{prefix}/"})
    assert objects(service, prefix) == {f"{prefix}/c": b"so far\n"}


def test_a_stopped_job_keeps_checkpoints_model_and_output(service):  # SEMANTICS O1, O2
    name = service.create(
        "echo c > /opt/ml/checkpoints/c; echo m > /opt/ml/model/m; "
        f"echo o > /opt/ml/output/data/o; {UP}exec sleep 600",
        CheckpointConfig={"S3Uri": f"s3://{service.bucket}/ckpt-stopped"})
    is_up(service, name)
    service.client("sagemaker").stop_training_job(TrainingJobName=name)
    assert service.wait(name)["TrainingJobStatus"] == "Stopped"
    assert objects(service, "ckpt-stopped") == {"ckpt-stopped/c": b"c\n"}
    assert files_of(service, name, "model") == {"m": b"m\n"}
    assert files_of(service, name, "output") == {"o": b"o\n"}


# ---- outputs -------------------------------------------------------------------------------------

def test_an_uncompressed_model_lies_as_files(service):  # SEMANTICS O5
    job = service.job("cd /opt/ml/model; echo 1 > a; mkdir d; echo 2 > d/b",
                      OutputDataConfig={"S3OutputPath": f"s3://{service.bucket}/plain/",
                                        "CompressionType": "NONE"})
    where = f"plain/{job['TrainingJobName']}/output/model/"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{service.bucket}/{where}"
    assert objects(service, where) == {where + "a": b"1\n", where + "d/b": b"2\n"}


def test_a_job_that_writes_nothing_has_an_empty_model_and_no_output(service):  # SEMANTICS O4
    job = service.job()
    assert files_of(service, job["TrainingJobName"], "model") == {}
    assert files_of(service, job["TrainingJobName"], "output") is None


def test_links_and_pipes_in_a_model_lead_nowhere(service):  # SEMANTICS O6
    job = service.job("cd /opt/ml/model; echo m > m; ln -s /etc/shadow s; ln -s ../.. up; "
                      "mkfifo p; ln m hard; chmod 000 m")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    model = files_of(service, job["TrainingJobName"], "model")
    assert model == {"m": b"m\n", "hard": b"m\n"}


def test_a_model_directory_that_became_a_link_brings_nothing_of_the_machine(service):
    # SEMANTICS O6
    job = service.job("cd /; rm -rf /opt/ml/model; ln -s /etc /opt/ml/model")
    assert files_of(service, job["TrainingJobName"], "model") == {}
    said = service.lines(job["TrainingJobName"], notices=True)
    assert any(line.startswith("[trainyard] model: is no directory") for line in said), said


def test_an_output_bucket_that_goes_while_the_job_runs_is_named(service):  # SEMANTICS O9
    s3 = service.client("s3")
    s3.create_bucket(Bucket="goes-away")
    name = service.create(f"echo m > /opt/ml/model/m; {UP}{GATE}",
                          OutputDataConfig={"S3OutputPath": "s3://goes-away/out"})
    is_up(service, name)
    s3.delete_bucket(Bucket="goes-away")
    service.open_gate(name)
    job = service.wait(name)
    assert job["TrainingJobStatus"] == "Failed" and "goes-away" in job["FailureReason"]


def test_the_default_bucket_of_another_region_need_not_be_made(service):  # SEMANTICS O9
    bucket = f"sagemaker-eu-north-1-{service.account}"
    job = service.job("echo m > /opt/ml/model/m; echo c > /opt/ml/checkpoints/c",
                      OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
                      CheckpointConfig={"S3Uri": f"s3://sagemaker-eu-west-3-{service.account}/c"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    listed = service.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [o["Key"] for o in listed] == [f"out/{job['TrainingJobName']}/output/model.tar.gz"]


# ---- source archives -----------------------------------------------------------------------------

TRAIN = b"import sys, os; print('args', sys.argv[1:]); print(sorted(os.listdir('.')))\n"


def test_a_source_archive_runs(service):  # SEMANTICS X20
    job = trained(service, "src/good.tar.gz", archive(("train.py", TRAIN), ("lib/x.py", b"")))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "args ['--lr', '0.5']" in service.lines(job["TrainingJobName"])


@pytest.mark.parametrize("what, body", [
    ("no-gzip", b"this is no archive"),
    ("no-tar", gzip.compress(b"this is no archive" * 100)),
    ("cut", archive(("train.py", TRAIN * 2000))[:-40]),
    ("empty", b""),
])
def test_a_source_archive_that_is_none_fails_with_its_reason(service, what, body):  # SEMANTICS T8
    job = trained(service, f"src/{what}.tar.gz", body)
    assert job["TrainingJobStatus"] == "Failed", service.lines(job["TrainingJobName"])
    assert f"{what}.tar.gz" in job["FailureReason"]
    assert not any("args" in line for line in service.lines(job["TrainingJobName"]))


@pytest.mark.parametrize("member, what, says, left", [
    (("../../evil", b"x"), {}, "'../../evil' would have been extracted outside", ["evil"]),
    (("/etc/evil", b"x"), {}, "'/etc/evil' would have been extracted outside", ["etc"]),
    (("d", {"type": tarfile.SYMTYPE, "linkname": "/etc"}), ("d/in", b"x"),
     "Skipping archive member 'd': link target '/etc' points outside", ["d"]),
    (("disk", {"type": tarfile.BLKTYPE, "devmajor": 8}), {},
     "Skipping archive member 'disk': special files are not supported", []),
])
def test_a_member_that_leads_elsewhere_is_defused_and_said(service, member, what, says, left):
    # SEMANTICS T7
    """As the service's own toolkit does it: the rest of the archive is used."""
    members = [member, what, ("train.py", TRAIN)]
    job = trained(service, "src/evil.tar.gz", archive(*[m for m in members if m]))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = service.lines(job["TrainingJobName"])
    assert sum(says in line for line in lines) == 1, lines
    assert str(sorted([*left, "train.py"])) in lines


def test_a_missing_entry_point(service):
    job = trained(service, "src/other.tar.gz", archive(("other.py", TRAIN)))
    assert job["TrainingJobStatus"] == "Failed"
    assert "train.py" in job["FailureReason"], job["FailureReason"]


def test_a_script_that_raises_names_its_error(service):  # SEMANTICS J29
    job = trained(service, "src/raises.tar.gz", archive((
        "train.py", b"raise ValueError('the learning rate is \\u221e')\n")))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:")
    assert "ValueError: the learning rate is \u221e" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")
