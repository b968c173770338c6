"""Interruptions: a spot job that loses its machine goes on from its checkpoints."""

import contextlib
import os
import signal

import pytest

from service import GATE, running, wait_until

pytestmark = pytest.mark.usefixtures("no_job_stays")

# Saves at SIGTERM, as a script for spot machines does, and ends once it was begun behind step 1.
RESUMES = """
n=$(cat /opt/ml/checkpoints/step 2>/dev/null || echo 0); echo "from step $n"
[ $n = 0 ] || exit 0
trap 'echo 1 > /opt/ml/checkpoints/step; echo told to end; exit 0' TERM
tail -f /dev/null &
echo at work
wait
"""


def spot(service, name, **more):
    return {"EnableManagedSpotTraining": True,
            "CheckpointConfig": {"S3Uri": f"s3://{service.bucket}/checkpoints/{name}"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}, **more}


def statuses(job):
    return [t["Status"] for t in job["SecondaryStatusTransitions"]]


def at_work(service, name):
    wait_until(lambda: "at work" in service.lines(name), f"{name} was at work")


def test_an_interrupted_job_goes_on_from_its_checkpoints(service):  # SEMANTICS J2, J22
    name = service.create(RESUMES, **spot(service, "resumes"))
    at_work(service, name)
    told = service.run("interrupt", name)
    assert told.returncode == 0 and "waits for a machine again" in told.stdout, told
    job = service.wait(name)
    attempt = ["Starting", "Downloading", "Training"]
    assert statuses(job) == ["Starting", *attempt, "Interrupted", *attempt, "Uploading", "Completed"]
    interrupted = job["SecondaryStatusTransitions"][4]
    assert interrupted["StatusMessage"] == "Interrupted by trainyard interrupt"
    # One log, whole, in one stream.
    assert service.lines(name) == ["from step 0", "at work", "told to end", "from step 1"]
    streams = service.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name + "/")["logStreams"]
    assert len(streams) == 1
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1


def test_what_is_no_running_spot_job_is_not_interrupted(service):  # SEMANTICS J48
    name = service.job()["TrainingJobName"]
    told = service.run("interrupt", name)
    assert told.returncode == 4 and "it is no spot job" in told.stderr, told
    name = service.job(**spot(service, "ended"))["TrainingJobName"]
    told = service.run("interrupt", name)
    assert told.returncode == 4 and "it has ended (Completed)" in told.stderr, told


def test_an_interrupted_job_can_be_stopped_and_its_model_is_kept(tmp_path):  # SEMANTICS J48
    with running(tmp_path, "stop_grace_seconds = 2\n") as service:
        name = service.create("trap : TERM; echo m > /opt/ml/model/m; echo at work; "
                              "while :; do tail -f /dev/null & wait $!; done", **spot(service, "stopped"))
        at_work(service, name)
        assert service.run("interrupt", name).returncode == 0
        assert service.describe(name)["SecondaryStatus"] == "Interrupted"
        service.client("sagemaker").stop_training_job(TrainingJobName=name)
        job = service.wait(name)
        assert job["TrainingJobStatus"] == "Stopped"
        assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")


@pytest.mark.parametrize("more, restarts", [
    ({}, True), ({"RetryStrategy": {"MaximumRetryAttempts": 1}, "CheckpointConfig": None}, True),
    ({"CheckpointConfig": None}, False)], ids=["checkpoints", "RetryStrategy", "neither"])
def test_a_lost_agent_is_tried_again(service, more, restarts):  # SEMANTICS J33
    request = {k: v for k, v in spot(service, f"lost-{len(more)}", **more).items() if v is not None}
    name = service.create(f"echo at work; {GATE}", **request)
    at_work(service, name)
    for lock in service.data.glob("scratch/instances/*/lock"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
    if restarts:
        wait_until(lambda: service.lines(name) == ["at work"] * 2, f"{name} was at work again")
        service.open_gate(name)
    job = service.wait(name)
    restarted = [t["StatusMessage"] for t in job["SecondaryStatusTransitions"] if t["Status"] == "Restarting"]
    assert len(restarted) == int(restarts)
    assert all("the agent of algo-1 ended without a report" in message for message in restarted)
    assert job["TrainingJobStatus"] == ("Completed" if restarts else "Failed"), job


def limited(seconds):
    return {"EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": seconds}}


def test_max_wait_below_max_run_bounds_waiting_and_never_running(service):  # SEMANTICS J24, J27
    """As the seed's script has it: the service refuses such a pair."""
    runs = service.create("timeout 3 tail -f /dev/null; echo done", **limited(1))
    everything = {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    waits = service.create("exit 0", ResourceConfig=everything, **limited(1))
    job = service.wait(waits)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert "by MaxWaitTimeInSeconds (max_wait)" in service.run("why", waits).stdout
    assert service.wait(runs)["TrainingJobStatus"] == "Completed"
    assert service.lines(runs) == ["done"]
