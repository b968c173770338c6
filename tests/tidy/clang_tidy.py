"""clang-tidy over the product's sources, as many at once as there are processors. A file is looked
at again only when it, a header it includes or the checks have changed since it was found clean: the
hashes of those that are stand beside ccache's, so that another clone need not look again."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sources(build):
    """{source: its object's name} of what the build compiles from src/, tests left out."""
    commands = json.loads((build / "compile_commands.json").read_text())
    found = {}
    for command in commands:
        path = pathlib.Path(command["file"])
        if path.is_relative_to(ROOT / "src") and not path.stem.endswith("_test"):
            words = command["command"].split()
            found[path] = words[words.index("-o") + 1]
    return found


def dependencies(build):
    """{object: [files it was made from]} as Ninja recorded them."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], text=True, capture_output=True,
                          check=True).stdout
    found, name = {}, ""
    for line in text.splitlines():
        if line.startswith("    "):
            found[name].append(line.strip())
        elif ": #deps" in line:
            name = line.split(":")[0]
            found[name] = []
    return found


def clean_directory():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(cache) / "trainyard/clang-tidy"


def state_of(files):
    """A hash of the project's files among these; system headers change with a new machine only."""
    total = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted(pathlib.Path(name) for name in files):
        if path.is_relative_to(ROOT):
            total.update(bytes(path.relative_to(ROOT)) + b"\0" + path.read_bytes())
    return total.hexdigest()


def check(build, source):
    ran = subprocess.run(["clang-tidy-19", "--quiet", "-p", build, source], text=True,
                         capture_output=True)
    return source, ran.returncode, ran.stdout


def main(build):
    clean = clean_directory()
    clean.mkdir(parents=True, exist_ok=True)
    made_from = dependencies(build)
    todo = {}
    for source, output in sources(build).items():
        mark = clean / state_of([*made_from.get(output, []), str(source)])
        if not mark.exists():
            todo[source] = mark
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, code, text in pool.map(lambda s: check(build, s), sorted(todo, key=str)):
            if code != 0:
                bad += 1
                print(text)
            else:
                todo[source].touch()
    print(f"{len(todo)} files looked at, {bad} with mistakes")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(ROOT / sys.argv[1]))
