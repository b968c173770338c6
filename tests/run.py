"""Builds and runs every suite, one line each, and counts tests. A skipped test counts as a failed one:
it showed nothing."""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build/log"
LONGEST_S = 1800  # of one suite

# What is marked release_alone drives clients and installers for most of its time, or needs the static
# toolkit: it is a suite of its own. Under the sanitizers run the unit tests and the rest of these, in two
# halves: what runs one test after the other would be the last to end.
SANITIZED = ("conformance",)

# Suites wait for much of their time, those of the SDK for most of it: so many run at a time, the longest
# begin first.
AT_A_TIME = 5
LONG = ("conformance clients", "conformance", "crash", "examples", "conformance asan", "conformance asan 2",
        "toolkit", "refmodel", "simulation", "sandbox", "agent")

# What a test works on lies in memory where there is room, but of suites that meet a real disk on behalf of
# all: ext4 without a journal, as many virtual machines have it, passes over each inode that was freed in the
# last minutes whenever it makes a file, and tests free very many.
MEMORY, ROOM_BYTES = pathlib.Path("/dev/shm"), 8 << 30
ON_DISK = {"conformance", "conformance clients", "agent"}


def run(name, command, **environment):
    """Runs a command with its output in a log; (exit code, output, seconds). Whoever runs it: what Python
    has compiled once is not compiled for each process."""
    began = time.monotonic()
    log = LOGS / (name.replace("/", "-").replace(" ", "-") + ".log")
    with open(log, "wb") as out:
        process = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=out,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
                                   start_new_session=True)
        try:
            code = process.wait(LONGEST_S)
        except BaseException as error:
            os.killpg(process.pid, 9)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            code = 124
    return code, log.read_text(errors="replace"), time.monotonic() - began


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def doctest_counts(code, text):
    cases = re.search(r"test cases: +\d+ \| +(\d+) passed \| +(\d+) failed", text)
    passed, failed = (int(cases[1]), int(cases[2])) if cases else (0, 0)
    return passed, max(failed, int(code != 0)) if passed + failed else 1


def pytest_counts(code, text):
    last = text.strip().rsplit("\n", 1)[-1]
    bad = sum(number(rf"(\d+) {word}", last) for word in ("failed", "error", "skipped", "xfailed"))
    passed = number(r"(\d+) passed", last)
    return passed, max(bad, int(code != 0 or passed == 0))


def exit_counts(code, text):
    return (1, 0) if code == 0 else (0, 1)


def build(preset, *targets):
    commands = []
    if not (ROOT / f"build/{preset}/build.ninja").exists():
        commands.append(["cmake", "--preset", preset])
    commands.append(["cmake", "--build", "--preset", preset, "--target", *targets])
    for command in commands:
        code, text, seconds = run(f"build {preset}", command)
        if code != 0:
            print(text[-5000:])
            print(f"building {preset} failed\n0 passed, 1 failed")
            sys.exit(1)
    print(f"built {preset}: {seconds:.0f} s", flush=True)


def pytest(*words):
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=20", *words]


def readings():
    """(name, command, how to count, environment) of each suite that reads the source."""
    yield "tidy", [sys.executable, "tests/tidy/tidy.py"], exit_counts, {}
    yield "format", [sys.executable, "tests/tidy/tidy.py", "--format"], exit_counts, {}
    yield ("clang-tidy", [sys.executable, "tests/tidy/clang_tidy.py", "build/release"],
           exit_counts, {})


def runnings():
    """The same of those that run what was built."""
    unit = [t.name for t in sorted((ROOT / "build/release").glob("*_test")) if t.is_file()]
    found = [(f"unit {test.removesuffix('_test')} {preset}", [f"build/{preset}/{test}"],
              doctest_counts, {}) for test in unit for preset in ("release", "asan")]
    found.append(("simulation", ["build/release/simulation", "--lives", "1000000"], exit_counts, {}))
    found.append(("mutations", [sys.executable, "tests/simulation/mutations.py"], exit_counts, {}))
    for directory in sorted({p.parent for p in (ROOT / "tests").glob("*/*_test.py")}):
        if directory.name not in SANITIZED:
            found.append((directory.name, pytest(directory), pytest_counts, {}))
            continue
        files = sorted(directory.glob("*_test.py"))
        for part, marked, build, some in (
                ("", "not release_alone", "release", files), (" clients", "release_alone", "release", files),
                (" asan", "not release_alone", "asan", files[::2]),
                (" asan 2", "not release_alone", "asan", files[1::2])):
            found.append((directory.name + part, pytest(*some, "-m", marked), pytest_counts,
                          {"TRAINYARD_BUILD": str(ROOT / "build" / build)}))
    return sorted(found, key=lambda suite: LONG.index(suite[0]) if suite[0] in LONG else len(LONG))


def chosen(suites, names):
    return [s for s in suites if not names or any(s[0].startswith(n) for n in names)]


def has_room(directory):
    """Whether it takes what the tests write; overlays of ordinary users keep their notes in attributes."""
    try:
        os.setxattr(directory, "user.trainyard", b"1")
        return shutil.disk_usage(directory).free >= ROOM_BYTES
    except OSError:
        return False


@contextlib.contextmanager
def memory():
    """A directory in memory that goes afterwards, or None."""
    if not MEMORY.is_dir():
        yield None
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="t-", ignore_cleanup_errors=True) as directory:
        os.chmod(directory, 0o755)  # jobs are other users
        yield directory if has_room(directory) else None


def run_suite(suite, place=None):
    """Runs it, with its files in `place`, and says so; (passed, failed)."""
    name, command, counts, environment = suite
    if place and name not in ON_DISK:
        environment = {**environment, "TMPDIR": place}
    code, text, seconds = run(name, command, **environment)
    good, bad = counts(code, text)
    said = f"{name}: {good} passed, {bad} failed, {seconds:.1f} s"
    print(f"{said}\n{text[-20000:]}" if bad else said, flush=True)
    return good, bad


def main(names):
    LOGS.mkdir(parents=True, exist_ok=True)
    build("release", "all")
    first, then = chosen(readings(), names), chosen(runnings(), names)
    if any("asan" in suite[0] for suite in then):
        build("asan", "trainyard", "trainyard-train", "print_shapes", "unit_tests")
    counts = [run_suite(suite) for suite in first]
    with memory() as place, concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        counts += pool.map(lambda suite: run_suite(suite, place), then)
    passed, failed = map(sum, zip(*counts)) if counts else (0, 0)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
