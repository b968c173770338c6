"""MPI on one host: the command is the original's, word for word, but for its library that makes up a host
name. The original's is asked for by its own function: to run it takes an ssh daemon and half a minute."""

import atexit
import functools
import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import container
from container import DUMP, Container

ASK = """
import json, sys
from sagemaker_training import environment, runner
variables = environment.Environment().to_env_vars()
variables["PYTHONPATH"] = ""  # as it stands behind the others where a script is run
runner_ = runner.get(runner.MPIRunnerType, env_vars=variables)
print("COMMAND" + json.dumps(runner_._create_command()))
"""


@functools.cache
def fake_mpirun():
    """A directory with an mpirun that shows what it was given."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-mpirun-"))
    atexit.register(shutil.rmtree, directory)
    (directory / "mpirun").write_text(f"#!/usr/bin/python3\n{DUMP}\nif 'MPIRUN_FAILS' in os.environ:\n"
                                      "    sys.exit('RuntimeError: rank 1 failed')\n")
    (directory / "mpirun").chmod(0o755)
    return directory


def mpi(types="ml.m5.xlarge", program="train.py", env=None, files=None, pytorch=True, **more):
    group = {"instance_group_name": "homogeneousCluster", "instance_type": types, "hosts": ["algo-1"]}
    return Container(
        pytorch=pytorch, program=program, files=files or {"train.py": DUMP},
        hyperparameters={"sagemaker_mpi_enabled": "true",
                         "sagemaker_instance_type": json.dumps(types), **more},
        resources={**container.RESOURCES, "current_instance_type": types, "instance_groups": [group]},
        env={"PATH": f"{fake_mpirun()}:{container.VENV}/bin:/usr/bin:/bin", **(env or {})})


CASES = {
    "plain": mpi(lr="0.1", name='"a b"'),
    "generic": mpi(pytorch=False),
    "processes": mpi(sagemaker_mpi_num_of_processes_per_host="4"),
    "processes_in_all": mpi(sagemaker_mpi_num_of_processes_per_host="4", sagemaker_mpi_num_processes="3"),
    "custom": mpi(sagemaker_mpi_custom_mpi_options='"-verbose --NCCL_DEBUG WARN  -x ORION=1 --output"'),
    "shortened": mpi(sagemaker_mpi_custom_mpi_options='"--NCCL=TRACE -x A=--NCCL_DEBUG --NCCL_DEBUGS"'),
    "efa": mpi("ml.g5.48xlarge"),
    "rdma": mpi("ml.p4d.24xlarge"),
    "keys": mpi(env={"AWS_ACCESS_KEY_ID": "a", "AWS_SESSION_TOKEN": "t"}),
    "sh": mpi(program="run.sh", files={"run.sh": "#!/bin/sh\n"}, a="it's"),
}


def originals(base, job):
    """The original's command for the same job."""
    container.build(base, job)
    done = subprocess.run([container.python(), "-c", ASK], env=container.environment(base, job),
                          cwd=base / "code", capture_output=True, text=True, check=True)
    line, = (line for line in done.stdout.splitlines() if line.startswith("COMMAND"))
    command = json.loads(line.removeprefix("COMMAND"))
    at = next(i for i, word in enumerate(command) if word.startswith("LD_PRELOAD="))
    return command[:at - 1] + command[at + 1:]


@pytest.mark.parametrize("name", CASES)
def test_the_command_is_the_originals(ours, base, name):  # SEMANTICS T9
    expected = originals(base, CASES[name])
    ended = container.run(ours, base, CASES[name])
    assert ended.code == 0, ended.stderr
    assert [pathlib.Path(ended.seen["argv"][0]).name, *ended.seen["argv"][1:]] == expected
    assert "Network interface name: eth0" in ended.stderr


def test_a_failure_of_one_process_is_the_jobs(ours, base):  # SEMANTICS T9
    ended = container.run(ours, base, mpi(env={"MPIRUN_FAILS": "1"}))
    assert ended.code == 1 and "RuntimeError: rank 1 failed" in ended.failure, ended.failure


def test_a_machine_without_mpirun_is_told_so(ours, base):  # SEMANTICS T9
    ended = container.run(ours, base, mpi(env={"PATH": f"{container.VENV}/bin"}))
    assert ended.code == 1 and "Install Open MPI on this machine" in ended.failure, ended.failure


def test_more_than_one_host_is_refused(ours, base):  # SEMANTICS T9
    job = mpi()
    job.resources = {**job.resources, "hosts": ["algo-1", "algo-2"], "instance_groups": [
        {**job.resources["instance_groups"][0], "hosts": ["algo-1", "algo-2"]}]}
    ended = container.run(ours, base, job)
    assert ended.code == 1 and "MPI on 2 hosts; Trainyard starts it on one" in ended.failure, ended.failure


@pytest.mark.parametrize("options", ['"--NCCL_DEBUG"', '"-x A --N"'])
def test_an_option_without_its_value_is_refused(ours, base, options):  # SEMANTICS T9
    ended = container.run(ours, base, mpi(sagemaker_mpi_custom_mpi_options=options))
    assert ended.code == 1 and "needs a value" in ended.failure, ended.failure
