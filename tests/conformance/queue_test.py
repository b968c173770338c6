"""The queue: whose turn it is, who makes room for whom, and what people are told of it."""

import botocore.exceptions
import pytest

import service as services
from service import GATE, wait_until

WAITS = "trap 'echo told to end; exit 0' TERM; echo at work; tail -f /dev/null & wait"
MACHINE = """
[machine]
cpus = 4
[instances."ml.m5.large"]
cpus = 1
memory = "1GiB"
[instances."ml.m5.xlarge"]
cpus = 4
memory = "1GiB"
"""
ONCE = "[ -e /opt/ml/checkpoints/begun ] && exit 0; touch /opt/ml/checkpoints/begun; "


def sized(kind="ml.m5.large", seconds=600, **more):
    return {"ResourceConfig": {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds}, **more}


def spot(service, name, **more):
    return {**sized(**more), "TrainingJobName": name, "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
            "CheckpointConfig": {"S3Uri": f"s3://{service.bucket}/checkpoints/{name}"}}


def at_work(service, name):
    wait_until(lambda: "at work" in service.lines(name), f"{name} was at work")


def phase(service, name):
    return service.describe(name)["SecondaryStatus"]


def why(service, name):
    return service.run("why", name).stdout.strip()


@pytest.fixture
def four_cores(tmp_path):
    with services.running(tmp_path, MACHINE) as running:
        yield running


def test_the_newest_spot_job_leaves_for_an_on_demand_one_and_goes_on_later(four_cores):  # SEMANTICS J22, J55
    names = [four_cores.create(WAITS, **spot(four_cores, f"spot-{n}")) for n in range(4)]
    for name in names:
        at_work(four_cores, name)
    name = four_cores.create(WAITS, **sized(), TrainingJobName="on-demand")
    at_work(four_cores, name)
    left = names[-1]
    interrupted = [t for t in four_cores.describe(left)["SecondaryStatusTransitions"] if t["Status"] == "Interrupted"]
    assert [t["StatusMessage"] for t in interrupted] == [
        "Interrupted: leaves its machine to on-demand of trainyard, an on-demand job (of the spot jobs of no "
        "higher priority the newest yield)"]
    assert four_cores.lines(left) == ["at work", "told to end"]
    wait_until(lambda: phase(four_cores, left) == "Pending", f"{left} waited again")
    assert [phase(four_cores, other) for other in names[:-1]] == ["Training"] * 3
    assert "waits for capacity: 0 of 1 cores free, held by spot-0, spot-1, spot-2 and 1 more; free by" \
        in why(four_cores, left)
    four_cores.run("stop", name)
    wait_until(lambda: four_cores.lines(left).count("at work") == 2, f"{left} went on")
    for other in names:
        four_cores.run("stop", other)
        assert four_cores.wait(other)["TrainingJobStatus"] == "Stopped"


def test_a_job_says_whom_it_waits_for_while_they_leave(tmp_path):  # SEMANTICS J6, J55
    with services.running(tmp_path, "stop_grace_seconds = 600\n" + MACHINE) as service:
        name = service.create(ONCE + f"trap '' TERM; echo at work; {GATE}; exit 0", **spot(service, "slow"))
        at_work(service, name)
        waits = service.create("exit 0", **sized("ml.m5.xlarge"))
        assert why(service, waits) == f"{waits} waits for spot jobs that leave the machine to it: slow"
        assert phase(service, name) == "Interrupted" and phase(service, waits) == "Pending"
        service.open_gate(name)
        assert service.wait(waits)["TrainingJobStatus"] == "Completed"
        assert service.wait(name)["TrainingJobStatus"] == "Completed"


def test_small_jobs_begin_before_a_large_one_only_where_they_cannot_delay_it(four_cores):  # SEMANTICS J51
    first = four_cores.create(WAITS, **sized(seconds=600))
    at_work(four_cores, first)
    large = four_cores.create("exit 0", **sized("ml.m5.xlarge"), TrainingJobName="large")
    longer = four_cores.create("exit 0", **sized(seconds=700), TrainingJobName="longer")
    assert four_cores.job(**sized(seconds=300))["TrainingJobStatus"] == "Completed"
    assert phase(four_cores, large) == phase(four_cores, longer) == "Pending"
    assert why(four_cores, longer) == ("longer waits behind 1 job, large: what it needs is free, but by its "
                                       "MaxRuntimeInSeconds it could delay them")
    words = f"waits for capacity: 3 of 4 cores free, held by {first}; free by"
    wait_until(lambda: words in why(four_cores, large), "the short job's core was free again")
    four_cores.run("stop", first)
    began = {name: four_cores.wait(name)["TrainingStartTime"] for name in (large, longer)}
    assert began[large] <= began[longer]


def test_priority_by_tag_and_by_command(four_cores):  # SEMANTICS J52
    first = four_cores.create(WAITS, **sized("ml.m5.xlarge"))
    at_work(four_cores, first)
    tagged = {"Tags": [{"Key": "trainyard:priority", "Value": "7"}]}
    names = ["a", "b", "c", "d"]
    for name in names:
        four_cores.create("exit 0", TrainingJobName=name, **sized("ml.m5.xlarge"), **(tagged if name == "c" else {}))
    assert four_cores.run("priority", "d", "9").stdout == "d has priority 9 now\n"
    order = [line.split()[0] for line in four_cores.run("jobs", "--waiting").stdout.splitlines()[1:]]
    assert order == ["d", "c", "a", "b"]
    four_cores.stop()
    four_cores.start()  # rows tell
    assert [line.split()[0] for line in four_cores.run("jobs", "--waiting").stdout.splitlines()[1:]] == order
    four_cores.run("stop", first)
    began = [four_cores.wait(name)["TrainingStartTime"] for name in order]
    assert began == sorted(began)
    refused = four_cores.run("priority", "d", "9")
    assert refused.returncode == 4 and "d has ended (Completed): a priority changes nothing" in refused.stderr
    assert four_cores.run("priority", "a", "1001").returncode == 2
    with pytest.raises(botocore.exceptions.ClientError, match="The tag trainyard:priority is 'high': write a whole"):
        four_cores.create(Tags=[{"Key": "trainyard:priority", "Value": "high"}])


QUOTAS = MACHINE + """
[queue.quotas."*"]
"ml.m5.large" = 1
"ml.m5.xlarge" = 0
"""


def test_who_is_over_a_quota_waits_and_holds_up_nobody(tmp_path):  # SEMANTICS J54
    with services.running(tmp_path, QUOTAS) as service:
        first = service.create(WAITS, **sized())
        at_work(service, first)
        second = service.create("exit 0", **sized())
        assert why(service, second) == f"{second} waits for quota: trainyard holds 1 of 1 instance of ml.m5.large"
        other = {"InstanceType": "ml.c5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        assert service.job(ResourceConfig=other)["TrainingJobStatus"] == "Completed"
        with pytest.raises(botocore.exceptions.ClientError, match="'ml.m5.xlarge for training job usage' is 0") as e:
            service.create(**sized("ml.m5.xlarge"))
        assert e.value.response["Error"]["Code"] == "ResourceLimitExceeded"
        service.run("stop", first)
        assert service.wait(second)["TrainingJobStatus"] == "Completed"


def test_a_strict_service_refuses_what_would_wait_for_a_quota(tmp_path):  # SEMANTICS J54
    with services.running(tmp_path, "strict = true\n" + QUOTAS) as service:
        first = service.create(WAITS, **sized())
        at_work(service, first)
        with pytest.raises(botocore.exceptions.ClientError, match="of 1 Instances and a request delta of 1"):
            service.create(**sized())
        service.run("stop", first)
        service.wait(first)
