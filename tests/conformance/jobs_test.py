"""What the job operations promise: Describe echoes Create, lists filter and page, stops, tags."""

import datetime
import re
import subprocess
import sys

import botocore.exceptions
import botocore.session
import pytest

import service as services
from service import GATE, TRAINYARD, wait_until

REFUSED = botocore.exceptions.ClientError

# Members that Trainyard refuses when they are set (they name other machines or other sources).
NOT_OFFERED = {"AlgorithmName", "InstanceGroups", "FileSystemDataSource"}
# One value that fits each of the patterns, by member; any other text member is "text".
TEXTS = {
    "S3Uri": "s3://BUCKET/echo/", "S3OutputPath": "s3://BUCKET/echo-out",
    "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.10-cpu-py38",
    "TrainingRepositoryCredentialsProviderArn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    "RoleArn": "arn:aws:iam::123456789012:role/Echo", "ChannelName": "training",
    "InstanceType": "ml.m5.large", "SelectedInstanceType": "ml.m5.large",
    "LocalPath": "/opt/ml/echo",
    "RuleEvaluatorImage": "image", "SequenceLength": "8K",
    "SecurityGroupIds": "sg-0123456789abcdef0", "Subnets": "subnet-0123456789abcdef0",
    "TrainingPlanArn": "arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan-0123456789",
    "TrainingPlanArns": "arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan-0123456789",
    "BaseModelArn": "arn:aws:sagemaker:us-east-1:aws:hub-content/hub/Model/name/1.0.0",
    "MlflowResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app",
    "ModelPackageGroupArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/g",
    "SourceModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/p",
    "DatasetArn": "arn:aws:sagemaker:us-east-1:aws:hub-content/hub/DataSet/name/1.0.0",
    "HubContentArn": "arn:aws:sagemaker:us-east-1:123456789012:hub-content/h/Model/n/1.0.0",
}
CHOSEN = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated",
          "CompressionType": "None", "RecordWrapperType": "None", "TrainingInputMode": "File",
          "InputMode": "File"}
NUMBERS = {"InstanceCount": 1, "MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 700}


def value_of(shape, name, bucket):
    """A value of a botocore shape with every member set."""
    if shape.type_name == "structure":
        return {member: value_of(inner, member, bucket) for member, inner in shape.members.items()
                if member not in NOT_OFFERED}
    if shape.type_name == "list":
        return [value_of(shape.member, name, bucket)]
    if shape.type_name == "map":
        return {"a_key": value_of(shape.value, "", bucket)}
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long"):
        return NUMBERS.get(name, max(1, shape.metadata.get("min", 1)))
    if shape.enum:
        return CHOSEN.get(name, shape.enum[0])
    return TEXTS.get(name, "text").replace("BUCKET", bucket)


def full_request(service, name):
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model("CreateTrainingJob").input_shape
    request = value_of(shape, "", service.bucket)
    request["TrainingJobName"] = name
    request["AlgorithmSpecification"] |= {"ContainerEntrypoint": ["/bin/sh", "-c"],
                                          "ContainerArguments": ["exit 0"]}
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    return request, set(model.operation_model("DescribeTrainingJob").output_shape.members)


def missing_from(wanted, got, path=""):
    """The paths at which `got` is not what `wanted` says; more than that may be there."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return [line for key, inner in wanted.items()
                for line in missing_from(inner, got.get(key), f"{path}.{key}")]
    return [] if wanted == got else [f"{path}: {wanted!r} came back as {got!r}"]


@pytest.fixture(scope="module")
def echoed(service):
    service.put("echo/a")
    request, members = full_request(service, "echo")
    service.client("sagemaker").create_training_job(**request)
    return request, members, service.wait("echo")


def test_describe_echoes_every_member_of_create(echoed):  # SEMANTICS J18
    request, members, job = echoed
    assert len(request) >= 28  # the model was read whole
    wanted = {key: value for key, value in request.items() if key in members}
    assert set(request) - set(wanted) == {"Tags", "SessionChainingConfig"}  # never described
    assert missing_from(wanted, job) == []
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


# Every member of CreateTrainingJob that decides where, how or how long a job runs, or that every
# client sends: what it asks for is done, or is said elsewhere (SEMANTICS J20).
IN_EFFECT = {
    "TrainingJobName", "HyperParameters", "AlgorithmSpecification", "TrainingImage",
    "TrainingInputMode", "ContainerEntrypoint", "ContainerArguments", "InputDataConfig",
    "ChannelName", "DataSource", "S3DataSource", "S3DataType", "S3Uri", "S3DataDistributionType",
    "ContentType", "InputMode", "OutputDataConfig", "S3OutputPath", "ResourceConfig",
    "InstanceType", "InstanceCount", "StoppingCondition", "MaxRuntimeInSeconds", "Tags",
    "EnableManagedSpotTraining", "MaxWaitTimeInSeconds", "MaxPendingTimeInSeconds", "RetryStrategy",
    "MaximumRetryAttempts",
    "EnableNetworkIsolation", "CheckpointConfig", "TensorBoardOutputConfig", "Environment"}
QUIET = {"RoleArn", "VolumeSizeInGB", "EnableSageMakerMetricsTimeSeries"}
# Of these one line is for all that they hold.
STRUCTURES = {"AlgorithmSpecification", "InputDataConfig", "DataSource", "S3DataSource",
              "OutputDataConfig", "ResourceConfig", "StoppingCondition", "RetryStrategy"}


def members_of(shape, inside=True):
    """Names of members, and of those within the structures that are no wish of their own."""
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name != "structure" or not inside:
        return set()
    return {name for member, inner in shape.members.items() if member not in NOT_OFFERED
            for name in {member} | members_of(inner, member in STRUCTURES)}


def test_a_member_without_effect_says_so_once(service, echoed):  # SEMANTICS J19, J20
    """Each member of the model is in effect, or known to be quiet, or has its line."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    members = members_of(model.operation_model("CreateTrainingJob").input_shape)
    assert IN_EFFECT | QUIET < members and len(members) >= 60
    loud = service.create(
        InputDataConfig=[{**service.channel(f"s3://{service.bucket}/echo/"),
                          "CompressionType": "Gzip", "RecordWrapperType": "RecordIO"}],
        ProfilerConfig={"ProfilingIntervalInMilliseconds": 100})
    service.wait(loud)
    lines = service.lines("echo", notices=True) + service.lines(loud, notices=True)
    said = [match[1] for line in lines
            if (match := re.match(r"\[trainyard\] ([A-Z]\w+) has no effect yet: ", line))]
    assert sorted(set(said)) == sorted(members - IN_EFFECT - QUIET)
    assert len(said) == len(set(said)), said


def test_what_the_sdk_sends_unasked_stays_quiet(service):  # SEMANTICS J21
    name = service.create(
        DebugHookConfig={"S3OutputPath": f"s3://{service.bucket}/debug", "CollectionConfigurations":
                         []},
        ProfilerConfig={"S3OutputPath": f"s3://{service.bucket}/profile", "DisableProfiler": False},
        EnableManagedSpotTraining=False, EnableInterContainerTrafficEncryption=False,
        Environment={}, MlflowConfig={
            "MlflowResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app"},
        OutputDataConfig={"S3OutputPath": f"s3://{service.bucket}/out", "KmsKeyId": ""},
        RemoteDebugConfig={"EnableRemoteDebug": False}, InfraCheckConfig={"EnableInfraCheck": False},
        SessionChainingConfig={"EnableSessionTagChaining": False}, DebugRuleConfigurations=[],
        ExperimentConfig={}, InputDataConfig=[{
            **service.channel(service.put("quiet/a")), "CompressionType": "None",
            "RecordWrapperType": "None", "InputMode": "File"}])
    service.wait(name)
    said = [line for line in service.lines(name, notices=True) if "effect" in line]
    assert len(said) == 1 and "MlflowConfig" in said[0], said


def test_a_wait_as_long_as_the_run_is_quiet_and_a_shorter_one_is_said(service):  # SEMANTICS J25
    def said(wait):
        name = service.create(EnableManagedSpotTraining=True, StoppingCondition={
            "MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": wait})
        assert service.wait(name)["TrainingJobStatus"] == "Completed"
        return [line for line in service.lines(name, notices=True) if "MaxWaitTime" in line]

    assert said(600) == []
    assert said(599) == ["[trainyard] MaxWaitTimeInSeconds is below MaxRuntimeInSeconds, which the "
                         "service refuses: here it bounds each wait for a machine, and never ends a running job"]


@pytest.mark.parametrize("seconds", [9223372036854776, 2**62, 2**63 - 1])
def test_a_huge_limit_is_none(service, seconds):  # SEMANTICS J9
    job = service.job("echo ran", StoppingCondition={"MaxRuntimeInSeconds": seconds})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert service.lines(job["TrainingJobName"]) == ["ran"]
    assert job["StoppingCondition"]["MaxRuntimeInSeconds"] == seconds


def test_an_entry_point_that_is_not_there_is_the_requests_fault(service):  # SEMANTICS J32, X27
    request = service.request()
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["/opt/no-such-program"]
    service.client("sagemaker").create_training_job(**request)
    job = service.wait(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "ClientError: the container could not start the command: run /opt/no-such-program: ")


def test_the_service_defaults_are_filled_in(service):  # SEMANTICS J23, J28
    name = service.create(StoppingCondition={})
    job = service.wait(name)
    assert job["StoppingCondition"]["MaxRuntimeInSeconds"] == 86400
    assert job["EnableNetworkIsolation"] is False
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert job["TrainingJobArn"].endswith(f":training-job/{name}")
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1


# ---- a job that waits ----------------------------------------------------------------------------

FULL = "[machine]\ncpus = 1\n[instances.\"ml.m5.large\"]\ncpus = 1\n"
# The SDK looks at a job every 10 and 30 s: by a clock of its own that runs 20 times as fast.
FAST_CLOCK = """
import time
began, now, pause = time.time(), time.time, time.sleep
time.time = lambda: began + 20 * (now() - began)
time.sleep = lambda seconds: pause(seconds / 20)
"""

SAVINGS = FAST_CLOCK + """
import sagemaker
sagemaker.Session().logs_for_job({name!r}, wait=True)
print("the SDK is content")
"""


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A service whose machine one job fills, and a spot job that waits behind it."""
    with services.running(tmp_path_factory.mktemp("full"), FULL) as service:
        first = service.create("trap 'exit 0' TERM; tail -f /dev/null & wait")
        service.wait_for(first, "Training")
        yield service, service.create(
            EnableManagedSpotTraining=True, TrainingJobName="waits",
            StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60})


def test_a_waiting_job_is_pending_and_says_for_what(waiting):  # SEMANTICS J7, J8
    service, name = waiting
    job = service.describe(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("InProgress", "Pending")
    last = job["SecondaryStatusTransitions"][-1]
    sentence = service.run("why", name).stdout.strip().removeprefix(name)
    assert last["Status"] == "Pending" and "EndTime" not in last
    assert last["StatusMessage"] == "The job" + sentence
    assert "waits for capacity: " in sentence
    listed = service.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert {j["TrainingJobName"]: j["SecondaryStatus"] for j in listed}[name] == "Pending"
    assert "TrainingTimeInSeconds" not in job and "BillableTimeInSeconds" not in job


@pytest.mark.release_alone
def test_a_job_that_never_had_a_machine_has_no_training_time(waiting, tmp_path):
    # SEMANTICS J13, J23
    service, name = waiting
    service.client("sagemaker").stop_training_job(TrainingJobName=name)
    job = service.wait(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert "TrainingTimeInSeconds" not in job and "BillableTimeInSeconds" not in job
    script = tmp_path / "savings.py"
    script.write_text(SAVINGS.format(name=name))
    done = services.python(service, script)
    assert done.returncode == 0 and "the SDK is content" in done.stdout, done.stdout + done.stderr


# ---- lists ---------------------------------------------------------------------------------------

def names(answer):
    return [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]]


@pytest.fixture(scope="module")
def listed(service):
    """Five jobs named listed-a to listed-e, the third of them failed, with a time between two."""
    made = []
    for letter in "abcde":
        name = f"listed-{letter}"
        service.wait(service.create("exit 3" if letter == "c" else "exit 0", TrainingJobName=name))
        made.append(service.describe(name))
    return made


def test_lists_filter_by_name_and_status(service, listed):  # SEMANTICS J34
    ask = service.client("sagemaker").list_training_jobs
    assert names(ask(NameContains="listed-", SortBy="Name", SortOrder="Ascending")) == [
        f"listed-{letter}" for letter in "abcde"]
    assert names(ask(NameContains="isted-c")) == ["listed-c"]
    assert names(ask(NameContains="listed-", StatusEquals="Failed")) == ["listed-c"]
    assert names(ask(NameContains="listed-", StatusEquals="Stopped")) == []
    assert names(ask(NameContains="LISTED-nowhere")) == []
    one = ask(NameContains="listed-c")["TrainingJobSummaries"][0]
    assert one["TrainingJobStatus"] == one["SecondaryStatus"] == "Failed"
    assert one["TrainingEndTime"] == listed[2]["TrainingEndTime"]
    assert one["TrainingJobArn"] == listed[2]["TrainingJobArn"]


def test_lists_sort(service, listed):  # SEMANTICS J34
    ask = service.client("sagemaker").list_training_jobs
    by_default = names(ask(NameContains="listed-"))
    assert by_default == [f"listed-{letter}" for letter in "edcba"]  # the newest first
    assert names(ask(NameContains="listed-", SortOrder="Ascending")) == by_default[::-1]
    assert names(ask(NameContains="listed-", SortBy="Name")) == by_default
    by_status = names(ask(NameContains="listed-", SortBy="Status", SortOrder="Descending"))
    assert by_status[0] == "listed-c" and sorted(by_status) == sorted(by_default)


def test_lists_page_without_repeat_or_gap(service, listed):  # SEMANTICS J34
    ask = service.client("sagemaker").list_training_jobs
    seen, token, pages = [], {}, 0
    while True:
        page = ask(NameContains="listed-", MaxResults=2, SortBy="Name", SortOrder="Ascending",
                   **token)
        seen += names(page)
        pages += 1
        if "NextToken" not in page:
            break
        assert len(names(page)) == 2
        token = {"NextToken": page["NextToken"]}
    assert (seen, pages) == ([f"listed-{letter}" for letter in "abcde"], 3)
    paginator = service.client("sagemaker").get_paginator("list_training_jobs")
    pages = paginator.paginate(NameContains="listed-", PaginationConfig={"PageSize": 1})
    assert sum(len(names(page)) for page in pages) == 5


def test_a_token_is_of_its_order(service, listed):  # SEMANTICS J35
    ask = service.client("sagemaker").list_training_jobs
    token = ask(NameContains="listed-", MaxResults=1)["NextToken"]
    with pytest.raises(REFUSED, match="begin again without it"):
        ask(NameContains="listed-", SortBy="Name", NextToken=token)


def test_no_job_has_a_warm_pool_or_a_plan(service, listed):  # SEMANTICS J35
    ask = service.client("sagemaker").list_training_jobs
    assert names(ask(WarmPoolStatusEquals="Available")) == []
    assert names(ask(TrainingPlanArnEquals=TEXTS["TrainingPlanArn"])) == []


def test_lists_filter_by_times(service, listed):  # SEMANTICS J34
    ask = service.client("sagemaker").list_training_jobs
    middle = listed[2]["CreationTime"]
    shortly = datetime.timedelta(milliseconds=1)
    after = ask(NameContains="listed-", CreationTimeAfter=middle + shortly)
    assert names(after) == ["listed-e", "listed-d"]
    before = ask(NameContains="listed-", CreationTimeBefore=middle - shortly)
    assert names(before) == ["listed-b", "listed-a"]
    changed = listed[3]["LastModifiedTime"]
    assert names(ask(NameContains="listed-", LastModifiedTimeAfter=changed + shortly)) == [
        "listed-e"]
    assert names(ask(NameContains="listed-", LastModifiedTimeBefore=changed - shortly)) == [
        "listed-c", "listed-b", "listed-a"]
    with pytest.raises(REFUSED, match="begin again without it"):
        ask(NextToken="bm90LW91cnM=")


@pytest.mark.parametrize("by", ["CreationTime", "Name", "Status"])
@pytest.mark.parametrize("order", ["Ascending", "Descending"])
def test_a_job_that_comes_between_two_pages_moves_none(service, listed, by, order):
    # SEMANTICS J34, J35
    """The newcomer sorts before, among or behind them; those of before come once each, in order."""
    ask = service.client("sagemaker").list_training_jobs
    how = {"NameContains": "listed-", "SortBy": by, "SortOrder": order}
    before = names(ask(**how))
    first = ask(**how, MaxResults=2)
    newcomers = [service.create(TrainingJobName=f"{letter}-listed-{by}-{order}")
                 for letter in "Az"]
    rest = ask(**how, MaxResults=100, NextToken=first["NextToken"])
    assert [n for n in names(first) + names(rest) if n in before] == before
    for name in newcomers:
        service.wait(name)


def test_regions_do_not_see_each_others_jobs(service, listed):  # SEMANTICS A14
    elsewhere = service.client("sagemaker", region="eu-central-1")
    assert names(elsewhere.list_training_jobs(NameContains="listed-")) == []
    with pytest.raises(REFUSED, match="Requested resource not found."):
        elsewhere.describe_training_job(TrainingJobName="listed-a")


# ---- tags ----------------------------------------------------------------------------------------

def test_tags_are_added_replaced_and_limited(service):  # SEMANTICS J36
    sagemaker = service.client("sagemaker")
    name = service.create(Tags=[{"Key": "team", "Value": "blue"}])
    arn = service.wait(name)["TrainingJobArn"]

    def tags():
        return {t["Key"]: t["Value"] for t in sagemaker.list_tags(ResourceArn=arn)["Tags"]}

    assert tags() == {"team": "blue"}
    added = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "r\u00f6d"},
                                                      {"Key": "empty", "Value": ""}])
    assert {t["Key"] for t in added["Tags"]} == {"team", "empty"}
    assert tags() == {"team": "r\u00f6d", "empty": ""}
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{i}", "Value": "v"} for i in range(48)])
    full = tags()
    assert len(full) == 50
    with pytest.raises(REFUSED) as refused:
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "one-more", "Value": "v"}])
    assert refused.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    assert tags() == full


@pytest.mark.parametrize("change", [
    lambda arn: arn.replace("us-east-1", "eu-west-1"), lambda arn: arn + "x",
    lambda arn: re.sub(r":\d{12}:", ":999999999999:", arn),
    lambda arn: arn.replace(":training-job/", ":endpoint/")])
def test_tags_of_what_is_not_there(service, change):  # SEMANTICS J36
    sagemaker = service.client("sagemaker")
    arn = change(service.describe(service.create())["TrainingJobArn"])
    with pytest.raises(REFUSED, match="Requested resource not found."):
        sagemaker.list_tags(ResourceArn=arn)
    with pytest.raises(REFUSED, match="Requested resource not found."):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])


# ---- attach --------------------------------------------------------------------------------------

ATTACH = FAST_CLOCK + """
import sagemaker
from sagemaker.config.config_schema import TELEMETRY_OPT_OUT_PATH
from sagemaker.pytorch import PyTorch
from sagemaker.utils import resolve_value_from_config
session = sagemaker.Session()
print("no telemetry:", resolve_value_from_config(config_path=TELEMETRY_OPT_OUT_PATH,
                                                 sagemaker_session=session))
session.logs_for_job({name!r}, wait=True)
estimator = PyTorch.attach({name!r}, sagemaker_session=session)
print("attached to", estimator.latest_training_job.name, estimator.hyperparameters().get("lr"))
print("model", estimator.model_data)
"""


@pytest.mark.release_alone
def test_attach_streams_on_to_the_end(service, tmp_path):  # SEMANTICS A16, J37
    """A second client comes while the job runs; the lines that come later are streamed too."""
    service.put("attach/sourcedir.tar.gz")
    name = service.create(
        f"echo before; {GATE}; echo after",
        HyperParameters={"lr": '"0.5"', "sagemaker_program": '"train.py"',
                         "sagemaker_submit_directory":
                         f'"s3://{service.bucket}/attach/sourcedir.tar.gz"',
                         "sagemaker_region": '"us-east-1"', "sagemaker_job_name": '"x"',
                         "sagemaker_container_log_level": "20"})
    wait_until(lambda: "before" in service.lines(name), "the job had begun")
    script = tmp_path / "attach.py"
    script.write_text(ATTACH.format(name=name))
    client = subprocess.Popen([TRAINYARD, "run", "--", sys.executable, "-u", script],
                              env=service.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
    with client:
        said = []
        for line in client.stdout:
            said.append(line)
            if "before" in line and "after" not in "".join(said):
                service.open_gate(name)
        said = "".join(said)
    assert client.returncode == 0, said
    assert said.index("before") < said.index("after") < said.index("attached to")
    assert "no telemetry: True" in said
    assert f'attached to {name} "0.5"' in said
    assert f"model s3://{service.bucket}/out/{name}/output/model.tar.gz" in said
