#!/usr/bin/env python3
"""How fast a model is packed and how small it gets, against `tar czf`, Python's tarfile and `gzip -6` in the
same run.

    pack.py PACK [--mib 256] [--rounds 5]

PACK is the `pack` program of a release build. Prints one JSON line a figure:
pack_vs_tar (tar's time / ours, wanted: 10 or more), pack_vs_python (the same of tarfile.open(mode="w:gz"),
which is level 9, wanted: 40 or more) and pack_size_vs_gzip6 (our size / gzip -6's, wanted: 1.03 or
less). Times are medians. The model is made anew each time from a fixed seed: three parts in four are
float32 weights, the rest is a vocabulary, a JSON file and an embedding that is mostly zeros.
"""

import argparse
import array
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
TARFILE = "import sys, tarfile; tarfile.open(sys.argv[1], 'w:gz').add(sys.argv[2], '.')"


def weights(rng, size):
    """Normal floats, as trained layers have them. Deflate looks back 32 KiB: a longer period is random to it."""
    period = array.array("f", (rng.gauss(0, 0.02) for _ in range(2 * MIB // 4)))
    return (period.tobytes() * (size // (2 * MIB) + 1))[:size]


def vocabulary(rng, size):
    syllables = [a + b for a in "bcdfghklmnprstvwz" for b in ("a", "e", "i", "o", "u", "en", "or", "ing")]
    lines = []
    total = 0
    while total < size:
        line = "".join(rng.choice(syllables) for _ in range(rng.randint(1, 4))) + f"\t{rng.randint(1, 99999)}\n"
        lines.append(line)
        total += len(line)
    return "".join(lines).encode()[:size]


def sparse_embedding(rng, size):
    row = bytearray()
    while len(row) < min(size, 2 * MIB):
        row += array.array("f", [rng.gauss(0, 1) if rng.random() < 0.1 else 0.0 for _ in range(64)]).tobytes()
    return bytes((row * (size // len(row) + 1))[:size])


def make_model(directory, total):
    rng = random.Random(20261124)
    os.makedirs(f"{directory}/tokenizer")
    parts = {
        "model.pth": weights(rng, total * 3 // 4),
        "embedding.bin": sparse_embedding(rng, total // 8),
        "tokenizer/vocabulary.tsv": vocabulary(rng, total // 16),
    }
    parts["tokenizer/merges.json"] = json.dumps(
        [[w, i] for i, w in enumerate(vocabulary(rng, total // 32).decode(errors="ignore").split())]
    ).encode()[: total // 16]
    for name, content in parts.items():
        with open(f"{directory}/{name}", "wb") as file:
            file.write(content)


def timed(command, output):
    began = time.monotonic()
    with open(output, "wb") as file:
        subprocess.run(command, stdout=file, check=True)
    return time.monotonic() - began


def figure(name, value, unit, peer, peer_value, ratio, command):
    print(json.dumps({"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value,
                      "ratio": round(ratio, 3), "command": command}), flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pack")
    arguments.add_argument("--mib", type=int, default=256)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="trainyard-pack-") as work:
        model, ours = f"{work}/model", f"{work}/ours.tar.gz"
        make_model(model, options.mib * MIB)
        commands = {"ours": [options.pack, model], "tar": ["tar", "czf", "-", "-C", model, "."],
                    "python": [sys.executable, "-c", TARFILE, "/dev/stdout", model]}
        took = {who: [] for who in commands}
        for _ in range(options.rounds):
            for who, command in commands.items():
                os.sync()
                took[who].append(timed(command, f"{work}/{who}.tar.gz"))
        ours_s, tar_s, python_s = (statistics.median(took[who]) for who in commands)
        with open(f"{work}/plain.tar", "wb") as file:
            subprocess.run(["gzip", "-dc", ours], stdout=file, check=True)
        timed(["gzip", "-6nc", f"{work}/plain.tar"], f"{work}/gzip6")
        size, gzip6_size = os.path.getsize(ours), os.path.getsize(f"{work}/gzip6")
        figure("pack_vs_tar", round(ours_s, 3), "s", "tar czf", round(tar_s, 3), tar_s / ours_s, "pack MODEL")
        figure("pack_vs_python", round(ours_s, 3), "s", "Python's tarfile, w:gz", round(python_s, 3),
               python_s / ours_s, "pack MODEL")
        figure("pack_size_vs_gzip6", size, "bytes", "gzip -6", gzip6_size, size / gzip6_size, "pack MODEL")


if __name__ == "__main__":
    main()
