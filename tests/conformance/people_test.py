"""Several people on one service: who there is, whose a job is, what others see of it."""

import json
import re
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

from people import add, seen_by
from refusals import refusal
from service import GATE, running, wait_until


SMALL = "[instances.\"ml.m5.large\"]\ncpus = 0.2\nmemory = \"512MiB\"\n"  # several jobs fit at a time


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A service with kim and lee, who are users, and ada, an admin."""
    with running(tmp_path_factory.mktemp("people"), SMALL) as service:
        yield service, add(service, "kim"), add(service, "lee"), add(service, "ada", "--admin")


@pytest.fixture(scope="module")
def service(people):
    return people[0]


@pytest.fixture(scope="module")
def kim(people):
    return people[1]


@pytest.fixture(scope="module")
def lee(people):
    return people[2]


@pytest.fixture(scope="module")
def ada(people):
    return people[3]


def arn_of(service, user):
    return f"arn:aws:sts::{service.account}:assumed-role/TrainyardRole/{user}"


def job_arn(service, name):
    return f"arn:aws:sagemaker:{service.region}:{service.account}:training-job/{name}"


# ---- users ---------------------------------------------------------------------------------------

def test_a_user_is_added_and_the_key_is_shown_once(service):  # SEMANTICS A24
    done = service.run("users", "add", "mia")
    found = re.fullmatch(r"mia is added\. Their key, which is shown this once:\n"
                         r"  access key id      (AKIA\w{16})\n  secret access key  (\S{40})\n", done.stdout)
    assert done.returncode == 0 and found, done
    mia = seen_by(service, {"AccessKeyId": found[1], "SecretAccessKey": found[2]})
    assert mia.client("sts").get_caller_identity()["Arn"] == arn_of(service, "mia")
    shown = service.run("users", "list", "--json").stdout + service.run("users").stdout
    assert found[2] not in shown and found[1] not in shown
    assert re.search(r"^mia +\d\S+ \S+ +no +-$", shown, re.M), shown
    assert re.search(r"^trainyard \(you\) +\d\S+ \S+ +yes +-$", shown, re.M), shown


def test_names_are_taken_and_well_formed(service, kim):  # SEMANTICS A24
    done = service.run("users", "add", "kim")
    assert (done.returncode, done.stderr) == (
        4, "trainyard: add the user kim: there is one of that name. Choose another; or, for a new key, "
           "first trainyard users revoke kim\n")
    done = service.run("users", "add", "kim/x")
    assert done.returncode == 4 and "at 'name' failed to satisfy constraint" in done.stderr
    done = service.run("users", "revoke", "nobody")
    assert (done.returncode, done.stderr) == (
        4, "trainyard: revoke nobody: there is no user of that name (trainyard users list)\n")
    done = service.run("users", "revoke", "trainyard")
    assert (done.returncode, done.stderr) == (
        4, "trainyard: revoke trainyard: it is who runs the service, and always an admin\n")


def test_only_admins_say_who_users_are(service, kim, ada):  # SEMANTICS A24
    for words in (["add", "eve"], ["revoke", "lee"]):
        done = kim.run("users", *words)
        action = {"add": "AddUser", "revoke": "RevokeUser"}[words[0]]
        assert (done.returncode, done.stderr) == (
            4, f"trainyard: User: {arn_of(service, 'kim')} is not authorized to perform: trainyard:{action} "
               "because only an admin may (trainyard users list shows who is one)\n")
    listed = {u["Name"]: u for u in json.loads(kim.run("users", "--json").stdout)["Users"]}
    assert "eve" not in listed and listed["lee"].get("Revoked") is None
    assert listed["kim"]["You"] and not listed["ada"]["You"] and listed["ada"]["Admin"]
    assert ada.run("users", "add", "zoe").returncode == 0
    assert ada.run("users", "revoke", "zoe").returncode == 0


def test_what_is_everybodys_is_changed_by_admins(service, kim, ada):  # SEMANTICS A26
    assert kim.run("prune", "--dry-run").returncode == 0
    done = kim.run("prune")
    assert done.returncode == 4 and "not authorized to perform: trainyard:Prune because only an admin" in done.stderr
    assert kim.run("cache", "clear").returncode == 4
    done = kim.run("envs", "remove", "any")
    assert done.returncode == 4 and "not authorized to perform: trainyard:RemoveEnvironment" in done.stderr
    assert ada.run("prune").returncode == 0


def test_a_revoked_users_keys_are_unknown_at_once(service):  # SEMANTICS A25
    eve = add(service, "eve")
    running_job = eve.create(f"{GATE}; echo made > /opt/ml/model/m")
    service.wait_for(running_job, "Training")
    url = eve.client("s3").generate_presigned_url("get_object", {"Bucket": eve.bucket, "Key": "x"})
    assert service.run("users", "revoke", "eve").stdout == (
        "eve is revoked: their keys are unknown from now on, their jobs go on\n")
    assert refusal(service, eve.client("sagemaker").list_training_jobs)[0] == "UnrecognizedClientException"
    assert refusal(service, eve.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        eve.client("s3").list_buckets()
    assert refused.value.response["Error"]["Code"] == "InvalidAccessKeyId"
    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(url)
    assert gone.value.code == 403 and b"InvalidAccessKeyId" in gone.value.read()

    service.open_gate(running_job)
    job = service.wait(running_job)  # its outputs are stored with the job's own credentials
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    again = add(service, "eve")
    assert again.access_key != eve.access_key and again.describe(running_job)
    assert refusal(service, eve.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


# ---- whose a job is ------------------------------------------------------------------------------

def test_all_see_all_jobs_and_change_their_own(service, kim, lee, ada):  # SEMANTICS J60
    name = kim.create(f"echo kims line; {GATE}")
    service.wait_for(name, "Training")
    assert lee.describe(name)["TrainingJobStatus"] == "InProgress"
    listed = lee.client("sagemaker").list_training_jobs(NameContains=name)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == [name]
    wait_until(lambda: lee.lines(name) == ["kims line"], "lee read the log")

    because = " because it is a job of kim, who may, as may an admin (trainyard users list)"
    for action, call, arguments in [
            ("sagemaker:StopTrainingJob", "stop_training_job", {"TrainingJobName": name}),
            ("sagemaker:AddTags", "add_tags",
             {"ResourceArn": job_arn(service, name), "Tags": [{"Key": "k", "Value": "v"}]})]:
        assert refusal(service, getattr(lee.client("sagemaker"), call), **arguments) == (
            "AccessDeniedException", 400,
            f"User: {arn_of(service, 'lee')} is not authorized to perform: {action} on resource: "
            f"{job_arn(service, name)}{because}")
    done = lee.run("interrupt", name)
    assert done.returncode == 4 and "not authorized to perform: trainyard:Interrupt" in done.stderr
    assert lee.run("stop", name).returncode == 4
    assert service.describe(name)["SecondaryStatus"] == "Training"
    assert kim.client("sagemaker").list_tags(ResourceArn=job_arn(service, name))["Tags"] == []

    kim.client("sagemaker").add_tags(ResourceArn=job_arn(service, name), Tags=[{"Key": "k", "Value": "v"}])
    ada.client("sagemaker").add_tags(ResourceArn=job_arn(service, name), Tags=[{"Key": "a", "Value": "v"}])
    kim.client("sagemaker").stop_training_job(TrainingJobName=name)
    assert service.wait(name)["TrainingJobStatus"] == "Stopped"


def test_an_admin_stops_anybodys(service, kim, ada):  # SEMANTICS J60
    for admin in (ada, service):
        name = kim.create(GATE)
        service.wait_for(name, "Training")
        admin.client("sagemaker").stop_training_job(TrainingJobName=name)
        assert service.wait(name)["TrainingJobStatus"] == "Stopped"


ASK = """
exec 2>&1
curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"; echo
""" + GATE


def credentials_inside(service, owner, **more):
    """A job that waits at its gate, and the service as the job sees it."""
    name = owner.create(ASK, **more)
    line = wait_until(lambda: service.lines(name), f"{name} had its credentials")[0]
    return name, seen_by(service, json.loads(line))


def test_a_jobs_credentials_act_for_its_user_and_for_no_admin(service, kim, lee, ada):  # SEMANTICS J61
    kims, inside = credentials_inside(service, kim)
    adas, admins = credentials_inside(service, ada)
    assert inside.client("sts").get_caller_identity()["Arn"] == arn_of(service, "kim")
    child = inside.create("exit 0")
    assert service.wait(child)["TrainingJobStatus"] == "Completed"
    assert refusal(service, inside.client("sagemaker").stop_training_job, TrainingJobName=adas)[0] == (
        "AccessDeniedException")
    assert refusal(service, admins.client("sagemaker").stop_training_job, TrainingJobName=kims)[0] == (
        "AccessDeniedException")
    done = admins.run("users", "add", "mole")
    assert done.returncode == 4 and "because a job's credentials are never an admin's" in done.stderr
    admins.client("sagemaker").stop_training_job(TrainingJobName=adas)  # its own
    service.open_gate(kims)
    assert service.wait(kims)["TrainingJobStatus"] == "Completed"


def test_the_job_of_a_revoked_user_begins_nothing(service):  # SEMANTICS A25
    tom = add(service, "tom")
    name, inside = credentials_inside(service, tom)
    assert service.run("users", "revoke", "tom").returncode == 0
    code, _, words = refusal(service, inside.client("sagemaker").create_training_job, **inside.request())
    assert code == "AccessDeniedException" and words.endswith(
        "is not authorized to perform: sagemaker:CreateTrainingJob because tom, whose job asks, was revoked")
    inside.put("from-inside")
    service.open_gate(name)
    assert service.wait(name)["TrainingJobStatus"] == "Completed"


# ---- what others see of it -----------------------------------------------------------------------

SECRETS = {
    "Environment": {"HF_TOKEN": "hf-abc", "MODE": "fast", "DATABASE": "postgres://kim:hunter2@db/x"},
    "HyperParameters": {"api_key": "\"k-12345\"", "lr": "0.1"}}
MASKED = {
    "Environment": {"HF_TOKEN": "******", "MODE": "fast", "DATABASE": "******"},
    "HyperParameters": {"api_key": "******", "lr": "0.1"}}


def test_secrets_in_requests_are_masked_for_others(service, kim, lee, ada):  # SEMANTICS J62
    script = "echo \"no k-12345 for $DATABASE\" > /opt/ml/output/failure; exit 1"
    name = kim.job(script, **SECRETS)["TrainingJobName"]
    members = list(SECRETS)
    for owner in (kim, ada, service):
        seen = owner.describe(name)
        assert {m: seen[m] for m in members} == SECRETS
        assert "no k-12345 for postgres://kim:hunter2@db/x" in seen["FailureReason"]
    seen = lee.describe(name)
    assert {m: seen[m] for m in members} == MASKED
    assert seen["AlgorithmSpecification"]["ContainerArguments"] == [script.replace("k-12345", "******")]
    everything = json.dumps(seen, default=str) + "".join(
        lee.run(*words).stdout for words in (["describe", name], ["describe", name, "--json"], ["why", name]))
    assert "no ****** for ******" in everything
    assert not [s for s in ("hf-abc", "hunter2", "k-12345") if s in everything]
