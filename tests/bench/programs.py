"""Parts of the program timed by themselves."""

import json
import subprocess
import sys

from service import BUILD, ROOT


def pack(_directory, mib=256):
    """A model packed and how small it gets, against `tar czf`, tarfile and `gzip -6`: tests/bench/pack.py."""
    out = subprocess.run([sys.executable, ROOT / "tests/bench/pack.py", BUILD / "pack", "--mib",
                          str(mib)], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        figure = json.loads(line)
        yield {"name": figure["name"], "value": figure["ratio"], "unit": "times",
               "peer": f"{figure['peer']}, {figure['unit']}; ours {figure['value']}",
               "peer_value": figure["peer_value"]}


def sandbox_start(_directory, rounds=200):
    """What a sandbox costs over a plain process: tests/bench/sandbox_start.cc, interleaved."""
    out = subprocess.run([BUILD / "sandbox_start", str(rounds)], check=True, capture_output=True,
                         text=True).stdout
    times = json.loads(out)
    yield {"name": "sandbox_start_ms", "unit": "ms more than a plain process",
           "value": round(times["sandbox_ms"] - times["spawn_ms"], 2),
           "peer": "fork and exec of /bin/true", "peer_value": round(times["spawn_ms"], 2)}


FIGURES = {"pack_vs_tar": pack, "pack_vs_python": pack, "pack_size_vs_gzip6": pack,
           "sandbox_start_ms": sandbox_start}
