"""A channel that is a copy of a directory of this machine, beside `cp -r` of the same."""

import os
import shutil
import statistics
import subprocess
import time

from elsewhere import aside, staged
from service import running

SETS = {"big": (4, 256 << 20), "small": (2000, 100 << 10)}
ROUNDS = 5


def fill(directory):
    block = os.urandom(1 << 20)
    for name, (count, size) in SETS.items():
        (directory / name).mkdir(parents=True)
        for n in range(count):
            (directory / name / f"{n:04}").write_bytes((block * (size // len(block) + 1))[:size])


def copied(source, trash):
    """Milliseconds of cp."""
    to = trash.parent / "copy"
    began = time.perf_counter()
    subprocess.run(["cp", "-r", source, to], check=True)
    took = (time.perf_counter() - began) * 1000
    aside(to, trash)
    return took


def stage_copy(directory):
    """From the agent's start to the script's of a job whose channel is copied: 4 files of 256 MiB and
    2,000 of 100 KiB."""
    source, trash = directory / "source", directory / "trash"
    fill(source / "set")
    trash.mkdir()
    ours, theirs = [], []
    with running(directory, f'[buckets.far]\npath = "{source}"\nsnapshot = true\n') as service:
        for _ in range(ROUNDS):
            os.sync()
            ours.append(staged(service, "set", trash))
            os.sync()
            theirs.append(copied(source, trash))
        shutil.rmtree(trash)
    peer = statistics.median(theirs)
    yield {"name": "stage_copy_vs_cp", "unit": "times", "value": round(statistics.median(ours) / peer, 2),
           "peer": f"ms of cp -r; ours {statistics.median(ours):.0f}", "peer_value": round(peer)}


FIGURES = {"stage_copy_vs_cp": stage_copy}
