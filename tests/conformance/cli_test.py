"""The `trainyard` command: its words, exit codes, JSON, and what it does when things are wrong."""

import json
import os
import pathlib
import pty
import re
import shlex
import subprocess
import sys
import time

import pytest

import service as services
from service import IMAGE, TRAINYARD

ADVICE = "start one: trainyard serve"
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
            "doctor"]


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
    assert f"Usage: trainyard {command}" in done.stdout and "--json" in done.stdout


@pytest.mark.parametrize("words", [
    [], ["no-such-command"], ["describe"], ["logs"], ["run"], ["jobs", "-n", "0"],
    ["jobs", "-n", "101"], ["jobs", "--no-such-option"], ["envs", "why"], ["describe", "a", "b"]])
def test_wrong_usage_is_2(service, words):  # SEMANTICS A22
    done = service.run(*words)
    assert done.returncode == 2 and "--help" in done.stderr and done.stdout == ""


def test_a_bare_script_is_asked_about(service):
    done = service.run("run", "--", "launch.py", "--epochs", "3")
    assert everything(done) == (
        2, "", "trainyard: did you mean: trainyard run -- python launch.py --epochs 3\n")


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
    assert everything(done) == (4, "", "trainyard: Requested resource not found.\n")


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
    assert done.stderr == (f"trainyard: no service is listening on {tmp_path}; "
                           f"{ADVICE} --data {tmp_path}\n")


def test_3_where_there_is_none_any_more(own_service):
    own_service.stop()
    done = own_service.run("jobs")
    assert done.returncode == 3
    assert f"at {own_service.url}; {ADVICE} --data {own_service.data}\n" in done.stderr


@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_run_ends_as_its_command_does(service, script, code):
    assert service.run("run", "--", "sh", "-c", script).returncode == code


def test_run_says_what_it_cannot_start(service):
    done = service.run("run", "--", "no-such-program")
    assert everything(done) == (
        127, "", "trainyard: run no-such-program: No such file or directory\n")


# -- JSON ---------------------------------------------------------------------------------------

def test_json_of_each_command(service, jobs, tmp_path):  # SEMANTICS E9
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
    assert why(failed) == f"{failed} failed: {service.describe(failed)['FailureReason']}\n"
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
    assert f"{second} waits for capacity: " in full_service.run("why", second).stdout
    assert "held by 1 running job" in full_service.run("why", second).stdout
    assert f"{third} waits behind 1 job; " in full_service.run("why", third).stdout
    with subprocess.Popen([TRAINYARD, "logs", "-f", second], env=full_service.environment,
                          text=True, stdout=subprocess.PIPE) as follower:
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
    assert done.returncode in (2, 4) and "none.toml" in done.stderr


# -- the surroundings ---------------------------------------------------------------------------

def test_a_shell_takes_the_environment(service):
    bare = {"PATH": os.environ["PATH"], "TRAINYARD_DATA": str(service.data),
            "HOME": "/nonexistent"}
    script = f"eval \"$({shlex.quote(str(TRAINYARD))} env)\" && {AWS} sts get-caller-identity"
    done = subprocess.run(["sh", "-euc", script], env=bare, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == service.account


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
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_PROFILE": "trainyard"}
    done = subprocess.run([AWS, "sts", "get-caller-identity"], env=bare, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and service.account in done.stdout, done.stderr
