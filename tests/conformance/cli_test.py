"""The `trainyard` command: its words, exit codes, JSON, and what it does when things are wrong."""

import contextlib
import json
import os
import pathlib
import pty
import re
import shlex
import sqlite3
import subprocess
import sys
import time
import unittest.mock

import boto3
import botocore.exceptions
import botocore.session
import pytest

import service as services
from service import IMAGE, TRAINYARD

ADVICE = "start one: trainyard serve --data {}, or name the directory of one that runs: --data, or TRAINYARD_DATA\n"
AWS = pathlib.Path(sys.executable).parent / "aws"


@pytest.fixture(scope="module")
def jobs(service):
    """One job that completed and one that failed."""
    return {"completed": service.job("echo a line")["TrainingJobName"],
            "failed": service.job("echo a line; exit 3")["TrainingJobName"]}


def everything(done):
    return done.returncode, done.stdout, done.stderr


# -- words --------------------------------------------------------------------------------------

COMMANDS = ["serve", "run", "env", "login", "jobs", "describe", "logs", "stop", "why", "envs",
            "cache", "users", "doctor"]


def test_help_names_each_command_and_exit_code(service):
    done = service.run("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\w", done.stdout, re.M), command
    assert "Exit codes: 0 ok, 1 the job failed, 2 usage, 3 no service, 4 refused." in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(service, command):
    done = service.run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: trainyard {command}" in done.stdout
    assert ("--json" in done.stdout) == (command != "run")  # which prints what its command prints


@pytest.mark.parametrize("words", [
    [], ["no-such-command"], ["describe"], ["logs"], ["run"], ["jobs", "-n", "0"],
    ["jobs", "-n", "101"], ["jobs", "--no-such-option"], ["envs", "why"], ["describe", "a", "b"]])
def test_wrong_usage_is_2(service, words):  # SEMANTICS A22
    done = service.run(*words)
    assert done.returncode == 2 and "--help" in done.stderr and done.stdout == ""


def test_the_version(service):
    done = service.run("--version")
    assert (done.returncode, done.stdout) == (0, "trainyard 0.1.0\n")


@pytest.mark.parametrize("words, said", [
    (["stpo"], "'stpo' is no command; did you mean 'stop'? trainyard --help lists them"),
    (["job"], "'job' is no command; did you mean 'jobs'? trainyard --help lists them"),
    (["x.py"], "did you mean: trainyard run -- python x.py"),
    (["x.py", "--lr", "3", "a b"], "did you mean: trainyard run -- python x.py --lr 3 'a b'")])
def test_an_unknown_command_is_named_with_the_closest(service, words, said):  # SEMANTICS A22
    assert everything(service.run(*words)) == (2, "", f"trainyard: {said}\n")


ARGUMENTS = "import sys; print(sys.argv[1:])"


@pytest.mark.parametrize("words", [
    ["--lr", "3", "-v", "pos"], ["--json", "--data", "elsewhere"], ["-n", "5", "--", "--help"],
    ["jobs", "--version", "-h"], ["it's", "a b", ""]])
@pytest.mark.parametrize("separator", [["--"], []])
def test_run_passes_all_of_its_command_on(service, words, separator):
    """With -- or without: what follows the command's name is its own, whatever it looks like."""
    done = service.run("run", *separator, sys.executable, "-c", ARGUMENTS, *words)
    assert everything(done) == (0, f"{words}\n", "")


def test_runs_own_options_come_before_its_command(service):
    done = service.run("run", "--data", service.data, sys.executable, "-c", ARGUMENTS, "--data",
                       env={"TRAINYARD_DATA": "/nowhere"})
    assert everything(done) == (0, "['--data']\n", "")
    done = service.run("run", "--lr", "3", "true")
    assert done.returncode == 2 and "--lr" in done.stderr


def test_what_cannot_be_printed_is_no_success(service, jobs):  # SEMANTICS A22
    for words in (["jobs"], ["describe", jobs["completed"]], ["logs", jobs["completed"]], ["env"],
                  ["jobs", "--json"], ["doctor"]):
        with open("/dev/full", "w") as full:
            done = service.run(*words, stdout=full, capture_output=False, stderr=subprocess.PIPE)
        assert done.returncode == 4, words
        assert "trainyard: write the answer: No space left on device\n" in done.stderr


def test_a_bare_script_is_asked_about(service):
    done = service.run("run", "--", "launch.py", "--epochs", "3")
    assert everything(done) == (
        2, "", "trainyard: did you mean: trainyard run -- python launch.py --epochs 3\n")
    done = service.run("run", "launch.py", "--epochs", "3", "a b")
    assert everything(done) == (
        2, "", "trainyard: did you mean: trainyard run -- python launch.py --epochs 3 'a b'\n")


# -- exit codes ---------------------------------------------------------------------------------

@pytest.mark.parametrize("command", ["describe", "logs", "why"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_0_for_a_job_that_completed_and_1_for_one_that_failed(service, jobs, command, options):
    # SEMANTICS A22
    for state, code in (("completed", 0), ("failed", 1)):
        done = service.run(command, jobs[state], *options)
        assert (done.returncode, done.stderr) == (code, ""), done


@pytest.mark.parametrize("command", ["describe", "logs", "why", "stop"])
def test_4_for_what_is_refused(service, command):  # SEMANTICS A22
    done = service.run(command, "there-is-none")
    assert everything(done) == (
        4, "", "trainyard: there is no job of that name; the newest: trainyard jobs\n")


def test_4_for_a_job_that_cannot_be_stopped(service, jobs):
    done = service.run("stop", jobs["completed"])
    assert done.returncode == 4 and "is in status Completed" in done.stderr


@pytest.mark.parametrize("command", [["jobs"], ["describe", "j"], ["logs", "j"], ["stop", "j"],
                                     ["why", "j"], ["envs"], ["run", "--", "true"], ["env"]])
def test_3_where_there_is_no_service(tmp_path, command):  # SEMANTICS A22
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TRAINYARD_"))}
    words = [str(TRAINYARD), command[0], "--data", str(tmp_path), *command[1:]]
    done = subprocess.run(words, env=kept, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and done.stdout == ""
    assert done.stderr == f"trainyard: no service is listening on {tmp_path}; {ADVICE.format(tmp_path)}"


def test_3_where_there_is_none_any_more(own_service):
    own_service.stop()
    done = own_service.run("jobs")
    assert done.returncode == 3
    assert f"at {own_service.url}; {ADVICE.format(own_service.data)}" in done.stderr


@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_run_ends_as_its_command_does(service, script, code):
    assert service.run("run", "--", "sh", "-c", script).returncode == code


def test_run_says_what_it_cannot_start(service):
    done = service.run("run", "--", "no-such-program")
    assert everything(done) == (
        127, "", "trainyard: run no-such-program: No such file or directory\n")


# -- JSON ---------------------------------------------------------------------------------------

def test_an_image_that_nothing_here_runs(service):  # SEMANTICS E9
    done = service.run("envs", "why", IMAGE.replace("pytorch", "mxnet"))
    assert done.returncode == 4 and "mxnet" in done.stdout, done.stdout
    assert "[environments." in done.stdout
    assert service.run("envs", "why", IMAGE).returncode == 0


def test_json_of_each_command(service, jobs, tmp_path):
    def answer(*words, **more):
        return json.loads(service.run(*words, "--json", **more).stdout)

    done, failed = jobs["completed"], jobs["failed"]
    listed = {job["TrainingJobName"] for job in answer("jobs")["TrainingJobSummaries"]}
    assert {done, failed} <= listed
    assert len(answer("jobs", "-n", "1")["TrainingJobSummaries"]) == 1
    assert answer("describe", done)["TrainingJobStatus"] == "Completed"
    why = answer("why", failed)
    assert why["TrainingJobStatus"] == "Failed" and "exit code: 3" in why["Sentence"]
    assert answer("env")["AWS_ENDPOINT_URL"] == service.url
    assert all({"Name", "Python"} <= e.keys() for e in answer("envs")["Environments"])
    assert answer("envs") == answer("envs", "list")
    assert "torch" in answer("envs", "why", IMAGE)["Sentence"]
    assert answer("login", env={"HOME": str(tmp_path)})["Profile"] == "trainyard"
    checks = answer("doctor")
    assert all(check["ok"] or check["cure"] for check in checks)
    lines = service.run("logs", done, "--json").stdout.splitlines()
    assert "a line" in [json.loads(line)["message"] for line in lines]


def test_json_of_stop(service):
    name = service.create("exec tail -f /dev/null")
    assert json.loads(service.run("stop", name, "--json").stdout) == {}
    assert service.wait(name)["TrainingJobStatus"] == "Stopped"


# -- logs and why -------------------------------------------------------------------------------

def test_logs_follow_a_job_to_its_end(service):
    name = service.create("echo one; echo two >&2; exit 3")
    done = service.run("logs", "-f", name)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("[trainyard]")]
    assert (done.returncode, lines) == (1, ["one", "two"])


def test_a_followed_line_is_there_within_100_ms(service):  # SEMANTICS L16
    """The script writes its clock's time, which is the test's too; the middle one of twenty, since
    what else runs on this machine may hold up some."""
    name = service.create("for n in $(seq 20); do date +%s.%N; sleep 0.05; done")
    with subprocess.Popen([TRAINYARD, "logs", "-f", name], env=service.environment, text=True,
                          stdout=subprocess.PIPE) as follower:
        delays = [time.time() - float(line) for line in follower.stdout
                  if not line.startswith("[trainyard]")]
    assert follower.returncode == 0 and len(delays) == 20
    assert sorted(delays)[10] < 0.1, delays


def test_why_says_what_became_of_a_job(service, jobs):  # SEMANTICS J6
    def why(name):
        return service.run("why", name).stdout

    done, failed = jobs["completed"], jobs["failed"]
    spans = r"Starting \d+\.\d s, .*Training \d+\.\d s, Uploading \d+\.\d s"
    assert re.fullmatch(rf"{done} completed in \d+\.\d s: {spans}\n", why(done))
    reason = service.describe(failed)["FailureReason"].replace("\n", " ")
    assert why(failed) == (f"{failed} failed: {reason} (its last lines: trainyard logs {failed})\n")
    stopped = service.create("exec tail -f /dev/null")
    service.wait_for(stopped, "Training")
    assert f"{stopped} is Training, so far " in why(stopped)
    service.run("stop", stopped)
    service.wait(stopped)
    assert why(stopped).startswith(f"{stopped} was stopped by request after ")


@pytest.fixture
def full_service(tmp_path):
    """A service whose machine one job fills."""
    with services.running(tmp_path, "[machine]\ncpus = 1\n[instances.\"ml.m5.large\"]\ncpus = 1\n"
                          ) as running:
        yield running


def test_why_a_job_waits_and_its_log_from_before_its_start(full_service):  # SEMANTICS J5, J6
    until_stopped = "trap 'exit 0' TERM; tail -f /dev/null & wait"
    first = full_service.create(until_stopped)
    full_service.wait_for(first, "Training")
    second, third = full_service.create("echo at last"), full_service.create("exit 0")
    short = r"0 of 1 cores free, held by {}; free by \d{{4}}-\d\d-\d\d \d\d:\d\d UTC at the latest " \
            r"\(MaxRuntimeInSeconds\)\n".format(first)
    assert re.fullmatch(f"{second} waits for capacity: {short}", full_service.run("why", second).stdout)
    assert re.fullmatch(f"{third} waits behind 1 job, {second}: {short}", full_service.run("why", third).stdout)
    table = full_service.run("jobs", "--waiting").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["NAME", second, third]
    assert table[1].split()[1:3] == ["trainyard", "0"] and "waits for capacity: 0 of 1 cores" in table[1]
    listed = full_service.run("jobs").stdout.splitlines()
    assert [line.split()[-2:] for line in listed[1:3]] == [["-", "Pending"]] * 2
    assert "has no log yet; what it waits for: trainyard why" in full_service.run("logs", second).stderr
    with subprocess.Popen([TRAINYARD, "logs", "-f", second], env=full_service.environment,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as follower:
        full_service.run("stop", first)
        assert "at last\n" in follower.stdout.readlines()
    assert follower.returncode == 0
    full_service.wait(third)


# -- settings -----------------------------------------------------------------------------------

@pytest.mark.parametrize("text, line, words", [
    ("strict = true\nacount = '123456789012'\n", 2,
     "'acount' is no setting; did you mean 'account'?"),
    ("[machine]\n\ncpu = 4\n", 3, "'cpu' is no setting in [machine]; did you mean 'cpus'?"),
    ("[machine]\nmemory = 16\n", 2, "must be a size in quotes, as \"16GiB\""),
    ("[machine]\nmemory = '16 apples'\n", 2, "must be a size in quotes"),
    ("[machine]\ncpus = -1\n", 2, "must be a number of cores above 0"),
    ("strict = 'yes'\n", 1, "must be true or false"),
    ("account = '12'\n", 1, "account must be twelve digits"),
    ("[instances.\"ml.p4d.24xlarge\"]\ngpu = 1\n", 2, "did you mean 'gpus'?"),
    ("strict = true\n[machine\n", 2, ""),
    ("\n\n\naccount = 'x'\n", 4, "account must be twelve digits"),
    ("[listen]\naddress = 'nonsense'\n", 2, "'nonsense' is no address to listen on"),
    ("[listen]\naddress = '::1:8430'\n", 2, "'::1:8430' is IPv6, which is not offered yet"),
    ("region = ''\n", 1, "region must be one of AWS, as us-east-1"),
    ("region = 'mars'\n", 1, "'mars' is no region of AWS; did you mean '"),
    ("region = 'us-east1'\n", 1, "did you mean 'us-east-1'?"),
    ("[environments.mine]\npython = '/bin/sh'\n\n[[images]]\nmatch = '*'\nenvironment = 'mien'\n",
     4, "'mien' is none of [environments]; did you mean 'mine'?"),
    ("[environments.mine]\npython = '/no/python'\n", 2, "'/no/python' is no program"),
    ("[sandbox]\nmounts = ['/usr',\n'data']\n", 3, "'data' is no directory"),
    ("[sandbox]\nmounts = ['/no/data']\n", 2, "'/no/data' is no directory"),
    *([("[sandbox]\nuser = 'no-such-user'\n", 2, "there is no user 'no-such-user'"),
       ("[sandbox]\nuser = 'root'\n", 2, "no job runs as root")] if os.geteuid() == 0 else []),
    ("[instances.\"ml.p4d.24xlrage\"]\ngpus = 1\n", 1,
     "'ml.p4d.24xlrage' is no instance type; did you mean 'ml.p4d.24xlarge'?"),
    ("[instances.p4d]\ngpus = 1\n", 1, "'p4d' is no instance type; did you mean 'ml."),
    ("[machine]\ncpus = inf\n", 2, "must be a number of cores above 0"),
    ("[machine]\ncpus = nan\n", 2, "must be a number of cores above 0"),
    ("[machine]\nmemory = '0'\n", 2, "must be a size in quotes"),
    ("stop_grace_seconds = 0\n", 1, "must be a whole number from 1 to 3600"),
    ("log_limit = 64\n", 1, "must be a size in quotes"),
])
def test_a_wrong_settings_file_is_named_with_line_and_closest_key(tmp_path, text, line, words):
    # SEMANTICS A20
    (tmp_path / "s.toml").write_text(text)
    done = subprocess.run([TRAINYARD, "serve", "--data", tmp_path / "data", "--settings",
                           tmp_path / "s.toml"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"trainyard: {tmp_path}/s.toml:{line}: ") and words in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_settings_file_that_is_not_there(tmp_path):
    done = subprocess.run([TRAINYARD, "serve", "--data", tmp_path / "data", "--settings",
                           tmp_path / "none.toml"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "none.toml" in done.stderr


def serve(tmp_path, *options):
    return subprocess.run([TRAINYARD, "serve", "--data", tmp_path / "data", *options],
                          capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("option, value, words", [
    ("--account", "12", "account must be twelve digits"),
    ("--region", "mars", "'mars' is no region of AWS; did you mean '"),
    ("--listen", "nonsense", "'nonsense' is no address to listen on"),
    ("--listen", "127.0.0.1", "is no address to listen on"),
    ("--listen", "::1:8430", "is IPv6, which is not offered yet: write an IPv4 address and a port"),
    ("--listen", "[::1]:8430", "is IPv6, which is not offered yet")])
def test_the_command_line_is_held_to_the_same_rules(tmp_path, option, value, words):
    # SEMANTICS A20
    done = serve(tmp_path, option, value)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"trainyard: {option}: ") and words in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.release_alone
def test_every_region_of_aws_is_one(tmp_path):  # SEMANTICS A20
    """Each that the installed botocore knows passes; the file is wrong in the line behind it."""
    known = botocore.session.get_session()
    regions = {region for partition in known.get_available_partitions() for region in
               known.get_data("endpoints")["partitions"][0]["regions"]} | {
        region for partition in known.get_data("endpoints")["partitions"]
        for region in partition["regions"]}
    assert len(regions) >= 40
    for region in sorted(r for r in regions if not r.startswith("aws-")):
        (tmp_path / "s.toml").write_text(f"region = '{region}'\nstrict = 1\n")
        done = serve(tmp_path, "--settings", tmp_path / "s.toml")
        assert done.stderr.startswith(f"trainyard: {tmp_path}/s.toml:2: "), done.stderr


def test_localhost_is_an_address(tmp_path):
    service = services.Service(tmp_path)
    service.listen = "localhost:0"
    with services.ending(service):
        assert service.url.startswith("http://127.0.0.1:")
        assert service.run("jobs").returncode == 0


# -- the surroundings ---------------------------------------------------------------------------

def bare(service, home, **more):
    """Variables of somebody who has none of AWS's."""
    return {"PATH": os.environ["PATH"], "TRAINYARD_DATA": str(service.data), "HOME": str(home),
            **more}


@pytest.mark.release_alone
def test_a_shell_takes_the_environment(service, tmp_path):
    script = f"eval \"$({shlex.quote(str(TRAINYARD))} env)\" && {AWS} sts get-caller-identity"
    other = {"AWS_PROFILE": "other", "AWS_SESSION_TOKEN": "of-another-key"}
    done = subprocess.run(["sh", "-euc", script], env=bare(service, tmp_path, **other), text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == service.account


def test_a_shell_reads_values_as_they_are(service, tmp_path):
    odd = "it's; echo \"no\" $HOME `id`"
    script = f"eval \"$({shlex.quote(str(TRAINYARD))} env)\" && printf %s \"$AWS_SECRET_ACCESS_KEY\""
    done = service.run("run", "--", "sh", "-euc", f"export AWS_SECRET_ACCESS_KEY={shlex.quote(odd)};"
                       f"AWS_ENDPOINT_URL={service.url}; {script}", env={"HOME": str(tmp_path)})
    assert done.stdout == odd, done.stderr


TELEMETRY = """
import sagemaker
from sagemaker.config.config_schema import TELEMETRY_OPT_OUT_PATH
from sagemaker.utils import resolve_value_from_config
session = sagemaker.Session()
print(resolve_value_from_config(config_path=TELEMETRY_OPT_OUT_PATH, sagemaker_session=session))
"""


@pytest.mark.release_alone
def test_env_switches_the_sdks_telemetry_off(service, tmp_path):  # SEMANTICS A16
    script = tmp_path / "telemetry.py"
    script.write_text(TELEMETRY)
    python = f"{shlex.quote(sys.executable)} {script}"
    words = f"eval \"$({shlex.quote(str(TRAINYARD))} env)\" && {python}"
    done = subprocess.run(["sh", "-euc", words], env=bare(service, tmp_path), capture_output=True,
                          text=True, timeout=120)
    assert done.stdout.endswith("True\n"), done.stdout + done.stderr


@pytest.mark.release_alone
def test_env_under_run_has_the_sessions_token(service, tmp_path):
    """Taken over by somebody who has nothing else of that command's environment."""
    done = service.run("run", "--", TRAINYARD, "env", env={"HOME": str(tmp_path)})
    assert service.secret_key not in done.stdout
    words = done.stdout + f"{AWS} sts get-caller-identity"
    done = subprocess.run(["sh", "-euc", words], env=bare(service, tmp_path), capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == service.account


def test_a_sessions_key_is_good_for_30_days_and_with_its_token_alone(service):  # SEMANTICS A17
    done = service.run("run", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY")
    key, secret = done.stdout.split()
    sts = boto3.client("sts", endpoint_url=service.url, region_name=service.region,
                       aws_access_key_id=key, aws_secret_access_key=secret)
    with pytest.raises(botocore.exceptions.ClientError, match="token.* is invalid"):
        sts.get_caller_identity()
    with contextlib.closing(sqlite3.connect(service.data / "state/trainyard.db")) as rows:
        (lasts_ms,), = rows.execute("SELECT expires_ms - created_ms FROM access_key WHERE id=?", (key,))
    assert abs(lasts_ms - 30 * 86_400_000) < 60_000
    assert (service.data / "state/credentials").stat().st_mode & 0o777 == 0o600


def test_a_command_under_run_is_a_client(service):  # SEMANTICS A16
    done = service.run("run", "--", "sh", "-c", "aws sts get-caller-identity && env",
                       env={"PATH": f"{AWS.parent}:{os.environ['PATH']}", "AWS_PROFILE": "other"})
    assert done.returncode == 0, done.stderr
    assert service.account in done.stdout
    assert f"AWS_ENDPOINT_URL={service.url}\n" in done.stdout
    assert "AWS_PROFILE" not in done.stdout
    assert service.secret_key not in done.stdout  # a session's own key, not the service's


def on_a_terminal(service, *words, **more):
    """What the command writes to a terminal."""
    ours, its = pty.openpty()
    try:
        subprocess.run([str(TRAINYARD), *words], stdout=its, timeout=60, check=True,
                       env={**service.environment, **more})
        os.close(its)
        its = None
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # all read, and the other end is closed
            pass
        return text.decode()
    finally:
        os.close(ours)
        if its is not None:
            os.close(its)


def test_colour_is_for_terminals(service, jobs):
    assert "\x1b[" in on_a_terminal(service, "describe", jobs["completed"])
    assert "\x1b[" in on_a_terminal(service, "jobs")
    assert "\x1b" not in on_a_terminal(service, "jobs", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(service, "jobs", "--json")
    for words in (["jobs"], ["describe", jobs["completed"]], ["describe", jobs["failed"]]):
        assert "\x1b" not in service.run(*words).stdout


def test_doctor_looks_where_the_data_is_and_who_jobs_are(service, tmp_path):
    def check(name, *words):
        answer = json.loads(service.run("doctor", "--json", *words).stdout)
        return {c["name"]: c for c in answer}[name]

    assert str(service.data) in check("disk")["detail"]
    assert check("disk", "--data", "/dev/shm/not/yet")["detail"].endswith(" in /dev/shm")
    (tmp_path / "s.toml").write_text("strict = 1\n")
    assert service.run("doctor", "--settings", tmp_path / "s.toml").returncode == 2
    if os.geteuid() == 0:
        assert check("user")["ok"] and "'trainyard'" in check("user")["detail"]
        (tmp_path / "s.toml").write_text("[sandbox]\nuser = 'nobody'\n")
        assert "'nobody'" in check("user", "--settings", tmp_path / "s.toml")["detail"]
    assert not list(service.data.glob(".trainyard-doctor-*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_doctor_of_an_ordinary_user_gives_each_no_its_cure(tmp_path):
    done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                           TRAINYARD, "doctor", "--json", "--data", "/var/tmp/none"], text=True,
                          env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=60)
    checks = {c["name"]: c for c in json.loads(done.stdout)}
    assert all(check["ok"] or check["cure"] for check in checks.values()), checks
    assert "jobs run as this user" in checks["user"]["detail"]


def test_doctor_gives_each_no_its_cure(service):
    done = service.run("doctor")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    checks = [line.split()[1] for line in lines if line.startswith(("ok ", "no "))]
    assert {"sandbox", "overlay", "cgroups", "apparmor", "fuse", "gpu", "disk", "linger"} <= \
        set(checks)
    for line, next_line in zip(lines, [*lines[1:], ""]):
        assert not line.startswith("no ") or next_line.startswith("     cure: "), line


def test_login_writes_a_profile_beside_what_is_there(service, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text("[other]\naws_access_key_id = mine\n")
    for _ in range(2):  # again changes nothing
        assert service.run("login", env={"HOME": str(tmp_path)}).returncode == 0
    kept = (tmp_path / ".aws/credentials").read_text()
    assert kept.startswith("[other]\naws_access_key_id = mine\n")
    assert kept.count("[trainyard]") == 1 and kept.count(service.secret_key) == 1
    assert_profile_works(service, tmp_path)
    done = subprocess.run([AWS, "sts", "get-caller-identity"], capture_output=True, text=True,
                          env=bare(service, tmp_path, AWS_PROFILE="trainyard"), timeout=60)
    assert done.returncode == 0 and service.account in done.stdout, done.stderr


def assert_profile_works(service, home):
    """By boto3, whose files these are."""
    with unittest.mock.patch.dict(os.environ, bare(service, home, AWS_PROFILE="trainyard"), clear=True):
        assert boto3.Session().client("sts").get_caller_identity()["Account"] == service.account


@pytest.mark.parametrize("heading", ["[trainyard]  ", "[trainyard] # mine", " [trainyard]\t; mine"])
def test_login_replaces_its_section_however_it_is_written(service, tmp_path, heading):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        f"{heading}\naws_access_key_id = old\naws_session_token = old\n[z]\nregion = x\n")
    (tmp_path / ".aws/config").write_text("[profile  trainyard]\nregion = old\n")
    assert service.run("login", env={"HOME": str(tmp_path)}).returncode == 0
    kept = (tmp_path / ".aws/credentials").read_text()
    assert "old" not in kept and kept.count("trainyard]") == 1 and "[z]\nregion = x\n" in kept
    assert "old" not in (tmp_path / ".aws/config").read_text()
    assert_profile_works(service, tmp_path)


def test_login_writes_through_a_link_and_keeps_the_files_mode(service, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles/credentials"
    real.write_text("[other]\na = b\n")
    real.chmod(0o640)
    (tmp_path / ".aws/credentials").symlink_to("../dotfiles/credentials")
    (tmp_path / ".aws/config").symlink_to("../dotfiles/config")  # which is not there yet
    assert service.run("login", env={"HOME": str(tmp_path)}).returncode == 0
    assert (tmp_path / ".aws/credentials").is_symlink() and (tmp_path / ".aws/config").is_symlink()
    assert "[other]\na = b\n[trainyard]\n" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert_profile_works(service, tmp_path)


def test_login_writes_a_key_that_lasts(service, tmp_path):
    """Under `run` the key at hand is a session's: the first one is written, or nothing."""
    login = f"{shlex.quote(str(TRAINYARD))} login"
    home = {"HOME": str(tmp_path)}
    assert service.run("run", "--", "sh", "-c", login, env=home).returncode == 0
    assert service.access_key in (tmp_path / ".aws/credentials").read_text()
    assert_profile_works(service, tmp_path)
    (tmp_path / ".aws/credentials").unlink()
    done = service.run("run", "--", "sh", "-c", f"TRAINYARD_DATA=/nowhere {login}", env=home)
    assert done.returncode == 4 and "ends within a day" in done.stderr
    assert not (tmp_path / ".aws/credentials").exists()
