"""Trainyard's train beside the one of sagemaker-training, where a container would run it: in PyTorch mode,
over the same tree (tests/toolkit/container.py)."""

import os
import re
import statistics
import subprocess
import sys
import time

from service import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests/toolkit"))

import container  # noqa: E402

OURS = BUILD / "trainyard-train"
BEGUN = "#!/bin/bash\necho begun $EPOCHREALTIME\n"  # by bash itself, and nothing before it
LINE, OUR_LINES, OUR_ERROR_LINES, THEIR_LINES = "step {:07} loss 0.5731\n", 4_000_000, 1_000_000, 300_000
ROUNDS = 5


def is_here():
    if not container.ORIGINAL.exists():
        print("toolkit: no sagemaker-training here; see ./setup bench", file=sys.stderr)
    return container.ORIGINAL.exists()


def begun_in(text):
    return float(re.search(r"begun ([\d.]+)", text)[1])


def shell(script, **files):
    return container.Container(program="run.sh", pytorch=True, files={"run.sh": script, **files})


def run(program, base, job):
    """When it was launched and how it ended."""
    container.build(base, job)
    os.sync()
    launched = time.time()
    ended = container.finish(container.launch(program, base, job), base)
    assert ended.code == 0, ended.stderr
    return launched, ended


def started(program, base):
    """Milliseconds from the launch of `train` to its script's first instruction."""
    launched, ended = run(program, base, shell(BEGUN))
    return (begun_in(ended.stdout) - launched) * 1000


def started_alone(base):
    """The same for the script alone, as both start it: by a shell."""
    launched = time.time()
    ran = subprocess.run(["/bin/sh", "-c", "./run.sh"], cwd=base / "code", check=True, text=True,
                         capture_output=True)
    return (begun_in(ran.stdout) - launched) * 1000


def start(directory):
    if not is_here():
        return
    base, ours, theirs, alone = directory / "ml", [], [], []
    for _ in range(ROUNDS):
        ours.append(started(OURS, base))
        alone.append(started_alone(base))
        theirs.append(started(container.ORIGINAL, base))
    value, peer = statistics.median(ours), statistics.median(theirs)
    yield {"name": "toolkit_start_ms", "value": round(value, 1), "unit": "ms",
           "peer": "the script alone, by /bin/sh", "peer_value": round(statistics.median(alone), 1)}
    yield {"name": "toolkit_vs_python", "value": round(peer / value, 1), "unit": "times",
           "peer": "ms of sagemaker-training's train", "peer_value": round(peer)}


def passed(program, base, count, first=""):
    """Lines a second, from the script's first to the end of what `train` prints."""
    lines = first + "".join(map(LINE.format, range(count)))
    _, ended = run(program, base, shell(BEGUN + "exec cat lines\n", lines=lines))
    took = time.time() - begun_in(ended.stdout)
    assert ended.stdout.count("\n") >= count, ended.stderr  # the original breaks some in two
    return count / took


def lines_per_s(directory):
    """Short lines that a script prints as fast as cat can."""
    if not is_here():
        return
    base, ours, theirs = directory / "ml", [], []
    for _ in range(ROUNDS):
        ours.append(passed(OURS, base, OUR_LINES))
        theirs.append(passed(container.ORIGINAL, base, THEIR_LINES))
    yield {"name": "toolkit_lines_per_s", "value": round(statistics.median(ours)), "unit": "lines/s",
           "peer": f"sagemaker-training, of {THEIR_LINES} lines",
           "peer_value": round(statistics.median(theirs))}


def error_lines_per_s(directory):
    """The same, where the first line looks like an error: from there on lines are kept."""
    rates = []
    for _ in range(ROUNDS):
        rates.append(passed(OURS, directory / "ml", OUR_ERROR_LINES, "ValueError: only a warning\n"))
    yield {"name": "toolkit_error_lines_per_s", "value": round(statistics.median(rates)), "unit": "lines/s"}


FIGURES = {"toolkit_start_ms": start, "toolkit_vs_python": start, "toolkit_lines_per_s": lines_per_s,
           "toolkit_error_lines_per_s": error_lines_per_s}
