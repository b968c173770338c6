"""Writes that fail for a while, as on a full disk, hang nothing: what could not be written is tried
again."""

import contextlib
import os
import signal
import sqlite3

import botocore.exceptions
import pytest
from service import GATE, wait_until


@contextlib.contextmanager
def no_writes(service):
    """Nothing can be written until the block is left, and something was tried."""
    said = service.log.read_text().count("commit failed")
    with contextlib.closing(sqlite3.connect(service.data / "state/trainyard.db",
                                            isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        wait_until(lambda: service.log.read_text().count("commit failed") > said,
                   "a write had failed", 60)
        db.execute("ROLLBACK")


def kill_agent(service):
    lock, = service.data.glob("scratch/instances/*/lock")
    os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)


# SEMANTICS C11
@pytest.mark.parametrize("what", ["ends", "dies"])
def test_what_an_agent_tells_is_taken_once_it_can_be_written(own_service, what):
    name = own_service.create(GATE)
    own_service.wait_for(name, "Training")
    with no_writes(own_service):
        own_service.open_gate(name) if what == "ends" else kill_agent(own_service)
    ended = own_service.wait(name, 30)
    assert ended["TrainingJobStatus"] == ("Completed" if what == "ends" else "Failed")


# SEMANTICS C11
def test_a_request_that_cannot_be_written_is_answered_503(own_service):
    with no_writes(own_service):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            own_service.create()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert own_service.job()["TrainingJobStatus"] == "Completed"


# SEMANTICS C11
def test_a_job_begins_once_that_can_be_written(own_service):
    everything = {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    first = own_service.create(GATE, ResourceConfig=everything)
    own_service.wait_for(first, "Training")
    second = own_service.create("exit 0", ResourceConfig=everything)
    with no_writes(own_service):
        own_service.open_gate(first)
    assert own_service.wait(second, 30)["TrainingJobStatus"] == "Completed"


# SEMANTICS C13
def test_a_damaged_instance_is_the_end_of_its_own_job_only(own_service):
    damaged, whole = own_service.create(GATE), own_service.create(GATE)
    for name in (damaged, whole):
        own_service.wait_for(name, "Training")
    own_service.kill()
    for spec in own_service.data.glob("scratch/instances/*/spec.json"):
        if f'"{damaged}"' in spec.read_text():
            process = os.pidfd_open(int((spec.parent / "lock").read_text().split()[0]))
            signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)
            report = spec.parent / "report.log"
    report.write_text("garbage\n")
    own_service.start()
    ended = own_service.wait(damaged, 30)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "line 1 is no report" in ended["FailureReason"]
    own_service.open_gate(whole)
    assert own_service.wait(whole, 30)["TrainingJobStatus"] == "Completed"
