"""The original's `train`, many times over at the price of one start: what it imports of others is imported
here once, and each line of standard input, {"environment", "stdout", "stderr"}, has a fork of this process
become one run. Its own modules, which look around as they are imported, are each run's own. A line of
standard output is how a run ended: the exit code, or minus the signal.

Usage: PYTHON warm_train.py TRAIN"""

import importlib
import json
import os
import runpy
import sys

# All that sagemaker_training imports and that costs anything.
for module in ("asyncio.subprocess", "boto3.s3.transfer", "botocore.httpsession", "concurrent.futures.thread", "csv",
               "inotify_simple", "logging.config", "multiprocessing.context", "paramiko", "psutil", "retrying",
               "tarfile", "textwrap", "traceback"):
    try:
        importlib.import_module(module)
    except ImportError:
        pass  # a run finds out for itself


def become(train, asked):
    """This process as if it had just been started as that program."""
    for number, path in ((1, asked["stdout"]), (2, asked["stderr"])):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = open(0, closefd=False)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(asked["environment"])
    more = asked["environment"].get("PYTHONPATH", "")
    sys.path[:1] = [os.path.dirname(train), *(more.split(":") if more else [])]
    sys.argv = [train, "train"]
    assert not any(name.startswith("sagemaker_") for name in sys.modules)
    runpy.run_path(train, run_name="__main__")


while line := sys.stdin.readline():
    pid = os.fork()
    if pid == 0:
        become(sys.argv[1], json.loads(line))
        break
    status = os.waitpid(pid, 0)[1]
    print(os.waitstatus_to_exitcode(status), flush=True)
