"""Odd and hostile scripts: how each ends, what its log holds, and that nothing of it lives on."""

import contextlib
import hashlib
import io
import os
import pathlib
import socket
import tarfile
import threading

import botocore.exceptions
import pytest

from service import GATE, SANITIZED, free_address, wait_until

pytestmark = pytest.mark.usefixtures("no_job_stays")

UP = "echo up; "


def archive_of(service, name, which):
    """The files of a job's output.tar.gz or model.tar.gz; None where there is none."""
    key = f"out/{name}/output/{which}.tar.gz"
    try:
        body = service.client("s3").get_object(Bucket=service.bucket, Key=key)["Body"].read()
    except botocore.exceptions.ClientError:
        return None
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}


def states(job):
    return [entry["Status"] for entry in job["SecondaryStatusTransitions"]]


def is_up(service, name):
    wait_until(lambda: "up" in service.lines(name), f"{name} was up")


def live(mark):
    """The processes of this machine whose command line holds `mark`."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [file.parent.name] if mark.encode() in file.read_bytes() else []
        except OSError:
            pass
    return found


# ---- ends ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("script, reason", [
    ("exit 3", "AlgorithmError: , exit code: 3"),
    ("exit 255", "AlgorithmError: , exit code: 255"),
    ("printf 'no such thing: r\\303\\266d' > /opt/ml/output/failure; exit 1",
     "AlgorithmError: no such thing: r\u00f6d, exit code: 1"),
    ("kill -KILL $$", "AlgorithmError: killed by SIGKILL, exit code: 137"),
    ("kill -SEGV $$", "AlgorithmError: killed by SIGSEGV, exit code: 139"),
    ("kill -TERM $$", "AlgorithmError: killed by SIGTERM, exit code: 143"),
    ("kill -ABRT $$", "AlgorithmError: killed by SIGABRT, exit code: 134"),
    ("/no/such/program", "AlgorithmError: , exit code: 127"),
])
def test_a_failing_script_and_its_reason(service, script, reason):  # SEMANTICS J29, J31, O3
    job = service.job(script)
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", reason)
    assert states(job)[-1] == "Failed"
    assert "S3ModelArtifacts" not in job["ModelArtifacts"] or not job["ModelArtifacts"][
        "S3ModelArtifacts"]


def test_a_program_that_is_not_there(service):  # SEMANTICS X27
    request = service.request()
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["/no/such/program"]
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Failed"
    assert "/no/such/program" in job["FailureReason"]


def test_a_long_failure_is_cut_at_a_whole_character(service):  # SEMANTICS J29
    """Half a character is no UTF-8; and the exit code at the end is still told."""
    job = service.job("i=0; while [ $i -lt 900 ]; do printf '\\303\\266\\342\\202\\254'; "
                      "i=$((i+1)); done > /opt/ml/output/failure; exit 1")
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: \u00f6\u20ac\u00f6\u20ac")
    assert reason.endswith("\u20ac, exit code: 1") or reason.endswith("\u00f6, exit code: 1")
    assert "\ufffd" not in reason and 1018 <= len(reason.encode()) <= 1024


@pytest.mark.parametrize("trick", [
    "ln -s /etc/shadow /opt/ml/output/failure", "mkdir /opt/ml/output/failure",
    "mkfifo /opt/ml/output/failure", "rm -rf /opt/ml/output; ln -s /etc /opt/ml/output",
    "head -c 3000000 /dev/zero > /opt/ml/output/failure",
    "printf '\\377\\376' > /opt/ml/output/failure"])
def test_a_failure_file_that_is_none(service, trick):  # SEMANTICS J30
    job = service.job(f"{trick}; exit 9")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].endswith(", exit code: 9"), job["FailureReason"]
    assert "root:" not in job["FailureReason"]


def test_a_failed_job_keeps_its_output_and_no_model(service):  # SEMANTICS O3
    job = service.job("echo kept > /opt/ml/output/data/o; echo m > /opt/ml/model/m; exit 3")
    assert archive_of(service, job["TrainingJobName"], "output") == {"o": b"kept\n"}
    assert archive_of(service, job["TrainingJobName"], "model") is None


def test_the_time_limit_ends_a_job_as_stopped_and_keeps_its_model(service):  # SEMANTICS J9, J11, O2
    job = service.job("echo made > /opt/ml/model/m; exec sleep 600",
                      StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert states(job)[-3:] == ["Stopping", "Uploading", "MaxRuntimeExceeded"]
    assert "FailureReason" not in job
    assert archive_of(service, job["TrainingJobName"], "model") == {"m": b"made\n"}


# ---- too much ------------------------------------------------------------------------------------

def test_a_model_that_is_larger_than_its_volume_fails_the_job(service):  # SEMANTICS O15
    """A file of 40 GiB that is all hole: as a file too large, in an archive next to nothing."""
    script = "truncate -s 40G /opt/ml/model/m"
    output = {"S3OutputPath": f"s3://{service.bucket}/out", "CompressionType": "NONE"}
    job = service.job(script, OutputDataConfig=output)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "ClientError: the outputs could not be stored: /opt/ml/model: it is larger than 30 GiB, the "
        "most that is stored; ask for a larger VolumeSizeInGB, or write less. The files are kept on the "
        f"machine that ran it: trainyard cp {job['TrainingJobName']}:/opt/ml/model .")
    assert service.job(script)["TrainingJobStatus"] == "Completed"


def test_a_checkpoint_that_is_too_large_is_left_out_with_a_line(service):  # SEMANTICS O6, O15
    prefix = f"s3://{service.bucket}/too-large"
    name = service.job("cd /opt/ml/checkpoints; echo a > a; truncate -s 1T huge; mkfifo f; "
                       "mkfifo /opt/ml/model/f", CheckpointConfig={"S3Uri": prefix})
    assert name["TrainingJobStatus"] == "Completed", name.get("FailureReason")
    listed = service.client("s3").list_objects_v2(Bucket=service.bucket, Prefix="too-large/")
    assert [entry["Key"] for entry in listed["Contents"]] == ["too-large/a"]
    notes = service.lines(name["TrainingJobName"], notices=True)
    assert any(line.startswith("[trainyard] checkpoints/huge: 1099511627776 bytes: left out")
               for line in notes), notes
    assert "[trainyard] checkpoints/f: neither a file nor a directory: left out" in notes
    assert "[trainyard] model/f: a FIFO: left out" in notes


def test_what_cannot_be_restored_is_named_in_the_log(service):  # SEMANTICS O12
    service.put("odd/../escape", b"x")
    service.put("odd/good", b"x")
    job = service.job("ls /opt/ml/checkpoints", CheckpointConfig={
        "S3Uri": f"s3://{service.bucket}/odd"})
    lines = service.lines(job["TrainingJobName"], notices=True)
    assert any("checkpoints/../escape: the key" in line and "left out" in line for line in lines), lines
    assert "good" in lines


# ---- another place -------------------------------------------------------------------------------

ASK_THE_DOOR = """
import json, os, urllib.request
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={
    "Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
print(sorted(json.load(urllib.request.urlopen(request))))
"""


@pytest.mark.parametrize("isolated", [False, True])
def test_a_service_that_comes_back_at_another_port(own_service, isolated):  # SEMANTICS O8, X20
    """Door and uploads go by its socket, whose path stays."""
    name = own_service.create(f'{GATE}; echo m > /opt/ml/model/m; exec /usr/bin/python3 -c "$ASK"',
                              Environment={"ASK": ASK_THE_DOOR}, EnableNetworkIsolation=isolated)
    own_service.wait_for(name, "Training")
    own_service.kill()
    before, own_service.listen = own_service.listen, free_address()
    own_service.start()
    assert own_service.listen != before
    own_service.open_gate(name)
    job = own_service.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "AccessKeyId" in own_service.lines(name)[0]
    assert archive_of(own_service, name, "model") == {"m": b"m\n"}


# ---- stops ---------------------------------------------------------------------------------------

def test_a_stopped_script_may_finish_and_its_model_is_kept(service):  # SEMANTICS J11, O2
    name = service.create("trap 'echo asked; echo half > /opt/ml/model/m; exit 7' TERM; " + UP +
                          "sleep 600 & wait")
    is_up(service, name)
    sagemaker = service.client("sagemaker")
    sagemaker.stop_training_job(TrainingJobName=name)
    job = service.wait(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert states(job)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert service.lines(name) == ["up", "asked"]
    assert archive_of(service, name, "model") == {"m": b"half\n"}
    assert "FailureReason" not in job


@pytest.mark.parametrize("script, status", [("exit 0", "Completed"), ("exit 1", "Failed")])
def test_an_ended_job_cannot_be_stopped(service, script, status):  # SEMANTICS J15
    name = service.job(script)["TrainingJobName"]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        service.client("sagemaker").stop_training_job(TrainingJobName=name)
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f"The request was rejected because the training job is in status {status}."}


def test_a_stop_at_once_and_stops_again(service):  # SEMANTICS J13, J15
    """Asked for right after Create, wherever the job is by then, and three times: one end."""
    sagemaker = service.client("sagemaker")
    for _ in range(8):
        name = service.create("exec sleep 600")
        sagemaker.stop_training_job(TrainingJobName=name)
        for _ in range(2):
            try:
                sagemaker.stop_training_job(TrainingJobName=name)
            except botocore.exceptions.ClientError as refused:
                assert "is in status Stopped" in str(refused)
        job = service.wait(name)
        assert job["TrainingJobStatus"] == "Stopped"
        assert states(job).count("Stopping") == 1 and states(job).count("Stopped") == 1


def test_a_stop_while_uploading_keeps_the_model(service):  # SEMANTICS J14
    """Stops at any moment around the script's end: Completed or Stopped, with its model."""
    for _ in range(2 if SANITIZED else 8):
        name = service.create(f"{GATE}; head -c 20000000 /dev/urandom > /opt/ml/model/m")
        service.open_gate(name)
        wait_until(lambda: service.describe(name)["SecondaryStatus"] in ("Uploading", "Completed"),
                   f"{name} uploaded")
        try:
            service.client("sagemaker").stop_training_job(TrainingJobName=name)
        except botocore.exceptions.ClientError as refused:
            assert "is in status Completed" in str(refused)
        job = service.wait(name)
        assert job["TrainingJobStatus"] in ("Completed", "Stopped")
        assert len(archive_of(service, name, "model")["m"]) == 20_000_000


# ---- what is left --------------------------------------------------------------------------------

def test_who_forks_and_leaves_takes_its_children_along(service):  # SEMANTICS X19, X23
    mark = "sleep 98765"
    job = service.job(f"(setsid {mark} &) ; (trap '' TERM HUP; {mark}) & echo left")
    assert job["TrainingJobStatus"] == "Completed"
    assert service.lines(job["TrainingJobName"]) == ["left"]
    wait_until(lambda: not live("98765"), "the children were gone", 10)
    wait_until(lambda: not service.leftovers(), f"{service.leftovers()} were gone", 20)


def test_a_child_that_holds_the_log_open_does_not_hold_the_job(service):  # SEMANTICS X19
    job = service.job("(while :; do sleep 60; done) & echo parent is done; exit 4")
    assert job["FailureReason"] == "AlgorithmError: , exit code: 4"
    assert service.lines(job["TrainingJobName"]) == ["parent is done"]


# Hands its output to a process outside, by an abstract socket of the machine's network.
HAND_OVER = """
import array, socket
outside = socket.socket(socket.AF_UNIX)
outside.connect("\\0NAME")
print("mine", flush=True)
outside.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1]))])
outside.recv(1)
"""


def test_a_job_that_hands_its_output_to_another_process_ends(service):  # SEMANTICS X19
    """Who was handed it writes without pause; the job ends all the same, with its own lines."""
    mark = f"trainyard-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + mark)
        listener.listen()
        name = service.create('exec /usr/bin/python3 -c "$SCRIPT"',
                              Environment={"SCRIPT": HAND_OVER.replace("NAME", mark)})
        listener.settimeout(60)
        peer, _ = listener.accept()
        _, fds, _, _ = socket.recv_fds(peer, 1, 1)

        def write_on():
            with os.fdopen(fds[0], "wb", 0) as stolen, contextlib.suppress(BrokenPipeError):
                while True:
                    stolen.write(b"another's\n")

        writer = threading.Thread(target=write_on)
        writer.start()
        peer.close()  # the job ends
        assert service.wait(name)["TrainingJobStatus"] == "Completed"
        writer.join(60)
        assert not writer.is_alive(), "the log was still open"
    assert service.lines(name)[0] == "mine"


def test_a_script_that_closes_its_output(service):
    job = service.job("echo last; exec >&- 2>&-; echo m > /opt/ml/model/m")
    assert job["TrainingJobStatus"] == "Completed"
    assert service.lines(job["TrainingJobName"]) == ["last"]


# ---- logs ----------------------------------------------------------------------------------------

def test_a_million_lines_come_in_order(service):  # SEMANTICS L3
    count = 100_000 if SANITIZED else 1_000_000
    job = service.job(f"seq 1 {count}", HyperParameters={})
    shown = service.run("logs", job["TrainingJobName"])
    assert shown.returncode == 0, shown.stderr
    lines = [line for line in shown.stdout.splitlines() if not line.startswith("[trainyard]")]
    assert len(lines) == count
    assert lines == [str(n) for n in range(1, count + 1)]


def test_the_first_and_last_of_many_lines_by_api(service):  # SEMANTICS L10
    name = service.job("seq 1 25000")["TrainingJobName"]
    assert service.lines(name) == [str(n) for n in range(1, 25_001)]


def test_lines_of_megabytes_lose_nothing(service):  # SEMANTICS L5
    program = ("import sys, hashlib\n"
               "text = ''.join(hashlib.sha256(b'%d' % i).hexdigest() for i in range(50000))\n"
               "sys.stdout.write(text + '\\n' + 'short\\n')\n")
    text = "".join(hashlib.sha256(b"%d" % i).hexdigest() for i in range(50000))
    name = service.job(f"python3 -c \"{program}\"")["TrainingJobName"]
    lines = service.lines(name)
    assert lines[-1] == "short"
    assert "".join(lines[:-1]) == text  # in pieces of what an event may hold
    assert all(len(line.encode()) <= 262_144 for line in lines)


def test_binary_bytes_and_no_final_newline(service):  # SEMANTICS L7, L8
    name = service.job("printf 'a\\000b\\377\\033[1mc\\r\\nhalf'")["TrainingJobName"]
    first, last = service.lines(name)
    assert first.startswith("a\0b\ufffd\x1b[1mc")
    assert last == "half"


def test_stdout_and_stderr_are_one_log(service):  # SEMANTICS L2
    name = service.job("for i in 1 2 3; do echo out $i; echo err $i >&2; done")["TrainingJobName"]
    assert service.lines(name) == ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3"]


def test_a_silent_script_has_a_log_all_the_same(service):  # SEMANTICS L17
    name = service.job("exit 0")["TrainingJobName"]
    assert service.lines(name) == []
    assert service.run("logs", name).returncode == 0


def test_a_scripts_lines_cannot_pass_for_trainyards_alone(service):  # SEMANTICS E3, L15
    """A script may write any line; what Trainyard says itself comes before it and after it."""
    name = service.job("echo '[trainyard] lies'")["TrainingJobName"]
    lines = service.lines(name, notices=True)
    assert lines[0].startswith("[trainyard] image ") and "[trainyard] lies" in lines
