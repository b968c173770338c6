"""What happens to jobs is told: to webhooks, in order and at least once, and to `trainyard events`."""

import contextlib
import json
import sqlite3
import subprocess
import time

import pytest

from receiver import Receiver, is_signed, settings
from service import GATE, TRAINYARD, free_address, running, wait_until

WAY = ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def statuses(events):
    return [event["detail"]["SecondaryStatus"] for event in events]


def ids(events):
    return [event["id"] for event in events]


def test_each_change_is_told_in_order_and_signed(tmp_path):  # SEMANTICS V1, V3, V5
    with Receiver() as receiver, running(tmp_path, receiver.settings()) as service:
        before = time.time()
        names = [service.create(HyperParameters={"token": "hush"}, Environment={"TOKEN": "hush"})
                 for _ in range(3)]
        for name in names:
            told, job = receiver.until_ended(name), service.describe(name)
            assert statuses(told) == WAY
            assert [e["detail"]["TrainingJobStatus"] for e in told] == ["InProgress"] * 4 + ["Completed"]
            last = told[-1]
            assert (last["version"], last["detail-type"], last["source"], last["account"], last["region"],
                    last["resources"]) == ("0", "SageMaker Training Job State Change", "aws.sagemaker",
                                           service.account, service.region, [job["TrainingJobArn"]])
            detail = last["detail"]
            assert set(job) - set(detail) == {"HyperParameters", "Environment", "ResponseMetadata"}
            assert detail["CreationTime"] == int(job["CreationTime"].timestamp() * 1000)
            assert [t["Status"] for t in detail["SecondaryStatusTransitions"]] == ["Starting", *WAY]
            assert detail["ModelArtifacts"] == job["ModelArtifacts"]
        assert len(set(ids(receiver.events()))) == len(receiver.came) == 15
        for path, headers, body in receiver.came:
            assert path == "/hook?team=1" and headers["Content-Type"] == "application/json"
            assert headers["Host"] == receiver.address
            assert is_signed(headers, body) and not is_signed(headers, body, "another")
            assert not is_signed(headers, body.replace(b"InProgress", b"Completed") + b" ")
            assert b"hush" not in body
            signed = int(headers["Trainyard-Signature"].split(",")[0].removeprefix("t="))
            assert before - 1 <= signed <= time.time()


def test_who_was_down_is_told_all_of_it_in_order(tmp_path):  # SEMANTICS V4, V6
    address = free_address()
    with running(tmp_path, settings(address)) as service:
        name = service.job()["TrainingJobName"]
        wait_until(lambda: "it is tried again" in service.log.read_text(), "a delivery had failed")
        assert "team=1" not in service.log.read_text()  # a URL may hold what nobody else should know
        with Receiver(address) as receiver:
            assert statuses(receiver.until_ended(name)) == WAY


def test_a_kill_between_change_and_delivery_loses_nothing(tmp_path):  # SEMANTICS V4
    with Receiver(answer=lambda event: None) as receiver, running(tmp_path, receiver.settings()) as service:
        name = service.job()["TrainingJobName"]
        first = wait_until(receiver.events, "the first was under way")[0]
        service.kill()
        receiver.answer = lambda event: 200
        service.start()
        told = receiver.until_ended(name)
        assert told[0] == told[1] == first  # at least once, and the same
        assert statuses(told[1:]) == WAY
        # What was delivered and is written down does not come again, and a later one does.
        wait_until(lambda: told_of(service) == len(WAY), "that was written down")
        service.kill()
        service.start()
        later = service.job()["TrainingJobName"]
        assert statuses(receiver.until_ended(later)) == WAY
        assert len(receiver.of(name)) == len(told)


def told_of(service):
    with contextlib.closing(sqlite3.connect(service.data / "state/trainyard.db")) as rows:
        return rows.execute("SELECT told FROM webhook").fetchone()[0]


def test_a_silent_endpoint_holds_up_nothing_but_itself(tmp_path):  # SEMANTICS V8
    silent = Receiver(answer=lambda event: None)
    with silent, Receiver() as other, running(tmp_path, silent.settings() + other.settings()) as service:
        names = [service.job()["TrainingJobName"] for _ in range(2)]
        for name in names:
            assert statuses(other.until_ended(name)) == WAY
        begun = time.monotonic()
        assert len(silent.came) == 1
        wait_until(lambda: len(silent.came) == 2, "it was tried again")
        assert time.monotonic() - begun < 14
        assert ids(silent.events()) == ids(other.events())[:1] * 2  # no answer within 10 s is none
        begun = time.monotonic()
        service.stop()
        assert time.monotonic() - begun < 5
        service.start()


def test_a_webhook_is_told_over_tls_where_it_is_trusted(tmp_path):  # SEMANTICS V8
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    tls = {"tls": (tmp_path / "cert", tmp_path / "key")}
    with Receiver(**tls) as trusted, Receiver(**tls) as other, \
            running(tmp_path, trusted.settings(f'ca_bundle = "{tmp_path}/cert"') + other.settings()) as service:
        name = service.job()["TrainingJobName"]
        assert statuses(trusted.until_ended(name)) == WAY
        wait_until(lambda: "is not trusted" in service.log.read_text(), "the other was not trusted")
        assert other.came == []


def test_a_webhook_is_told_of_the_jobs_that_it_names(tmp_path):  # SEMANTICS V8
    with Receiver() as some, Receiver() as every, \
            running(tmp_path, some.settings('jobs = "prod-*"') + every.settings()) as service:
        for name in ("dev-1", "prod-1"):
            service.job(TrainingJobName=name)
        assert statuses(some.until_ended("prod-1")) == WAY
        assert statuses(every.until_ended("dev-1")) == WAY
        assert some.of("dev-1") == []


# -- trainyard events ---------------------------------------------------------------------------

def followed(service, *arguments):
    return subprocess.Popen(["timeout", "100", TRAINYARD, "events", "-f", *arguments], text=True,
                            env=service.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_jobs_whole_way_is_followed(service, no_job_stays):  # SEMANTICS V10
    script = ("[ -e /opt/ml/checkpoints/step ] && exit 0; trap 'echo 1 > /opt/ml/checkpoints/step; exit 0' TERM; "
              "echo at work; tail -f /dev/null & wait")
    name = service.create(script, EnableManagedSpotTraining=True, StoppingCondition={
        "MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
        CheckpointConfig={"S3Uri": f"s3://{service.bucket}/checkpoints/followed"})
    with followed(service, "--job", name) as one, followed(service, "--json") as all_of_them:
        lines = [one.stdout.readline() for _ in range(3)]
        wait_until(lambda: "at work" in service.lines(name), f"{name} was at work")
        assert service.run("interrupt", name).returncode == 0
        rest, said = one.communicate(timeout=60)  # it ends with the job
        assert one.returncode == 0 and said == ""
        lines += rest.splitlines(keepends=True)
        bodies = []
        while not bodies or bodies[-1]["detail"]["TrainingJobStatus"] != "Completed":
            event = json.loads(all_of_them.stdout.readline())
            bodies += [event] if event["detail"]["TrainingJobName"] == name else []
        all_of_them.terminate()
    way = ["Starting", "Downloading", "Training", "Interrupted", *WAY]
    assert statuses(bodies) == way
    assert [line.split()[4].rstrip(":") for line in lines] == way
    words = [line.split(maxsplit=2)[2] for line in lines]
    assert words[3] == f"{name}  InProgress  Interrupted: Interrupted by trainyard interrupt\n"
    assert words[-1] == f"{name}  Completed   Completed: Training job completed\n"


def test_the_last_events_are_listed(own_service):  # SEMANTICS V10
    service = own_service
    nothing = service.run("events")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    failed = service.job("echo why > /opt/ml/output/failure; exit 3")["TrainingJobName"]
    name = service.job()["TrainingJobName"]
    lines = service.run("events").stdout.splitlines()
    assert [line.split()[2] for line in lines] == [failed] * 5 + [name] * 5
    assert "Failed      Failed: AlgorithmError: why" in lines[4]
    assert service.run("events", "-n", "3").stdout.splitlines() == lines[-3:]
    assert service.run("events", "-n", "2", "--job", failed).stdout.splitlines() == lines[3:5]
    told = service.run("events", "-f", "--job", failed)  # it has ended
    assert (told.returncode, told.stdout.splitlines()) == (1, lines[:5])
    unknown = service.run("events", "--job", "unknown")
    assert unknown.returncode == 4 and "no job of that name" in unknown.stderr
    other = service.run("events", env={"AWS_DEFAULT_REGION": "eu-west-1"})
    assert (other.returncode, other.stdout) == (0, "")


def test_an_alarm_is_listed(own_service):  # SEMANTICS V2
    service = own_service
    name = service.job()["TrainingJobName"]
    with contextlib.closing(sqlite3.connect(service.data / "state/trainyard.db")) as rows, rows:
        rows.execute("INSERT INTO outbox (job, at_ms, type, payload) SELECT id, modified_ms, ?, ? FROM job", (
            "Trainyard Job Alarm", json.dumps({"Alarm": "CheckpointStall", "Message": "nothing\nfor 2 h"})))
    line = service.run("events", "-n", "1").stdout
    assert line.split(maxsplit=2)[2] == f"{name}  Alarm       CheckpointStall: nothing for 2 h\n"
    event = json.loads(service.run("events", "-n", "1", "--json").stdout)
    assert (event["detail-type"], event["source"]) == ("Trainyard Job Alarm", "trainyard")
    assert event["detail"] == {"TrainingJobName": name, "Alarm": "CheckpointStall", "Message": "nothing\nfor 2 h"}


def test_who_follows_is_told_at_once(own_service):  # SEMANTICS V10
    service = own_service
    name = service.create(GATE)
    with followed(service, "--job", name) as one, followed(service) as every:
        for follower in (one, every):
            assert "Training" in [follower.stdout.readline() for _ in range(3)][-1]
        opened = time.monotonic()
        service.open_gate(name)
        for follower in (one, every):
            assert "Uploading" in follower.stdout.readline()
        assert time.monotonic() - opened < 10  # who asks again does so after 20 s
        one.communicate(timeout=60)
        every.terminate()


@pytest.mark.parametrize("text, told", [
    ('[[events]]\nurl = "https://h/x"', "settings.toml:1: [[events]] needs url"),
    ('[[events]]\nurl = "h"\nsecret = "0123456789abcdef"', "settings.toml:2: 'h' is no URL"),
    ('[[events]]\nurl = "http://h"\nsecrets = "0123456789abcdef"', "did you mean 'secret'?")])
def test_a_wrong_webhook_is_named_with_its_line(tmp_path, text, told):  # SEMANTICS A20
    file = tmp_path / "settings.toml"
    file.write_text(text)
    done = subprocess.run([TRAINYARD, "serve", "--data", tmp_path / "data", "--settings", file], text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 2 and told in done.stderr
