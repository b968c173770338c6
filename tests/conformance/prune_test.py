"""What takes space, and what of it may go."""

import json
import os
import re
import sqlite3
import time

import pytest

from service import GATE, running, wait_until

OLD = time.time() - 40 * 86400


@pytest.fixture
def aged(tmp_path):
    """A service with two ended jobs, one of them of long ago, whose caches were used by nobody since."""
    with running(tmp_path) as service:
        service.names = []
        for n in range(2):
            uri = service.put(f"data-{n}/x", b"x" * 100_000)
            service.names.append(service.create(f"echo line {n}", InputDataConfig=[service.channel(uri)]))
            service.wait(service.names[-1])
        wait_until(lambda: not list(service.data.glob("scratch/instances/*")), "they were released")
        layer = service.data / "scratch/packages/0123"
        layer.mkdir(parents=True)
        (layer / "module.py").write_text("x")
        kept = service.data / "scratch/cache/kept/ab"
        kept.mkdir(parents=True)
        for name in ("old", "new"):
            (kept / name).write_bytes(b"x" * 5000)
        service.stop()
        snapshots = list((service.data / "blobs/snapshots").iterdir())
        for path in [snapshots[0], layer, kept / "old"]:
            os.utime(path, (OLD, OLD))
        with sqlite3.connect(service.data / "state/trainyard.db") as rows:
            rows.execute("UPDATE job SET ended_ms = ?, created_ms = ? WHERE name = ?",
                         (int(OLD * 1000), int(OLD * 1000), service.names[0]))
        service.layer, service.kept, service.snapshots = layer, kept, snapshots
        yield service.start()


def counts(text):
    return {line.split()[0]: int(re.search(r"(\d+) [a-z]", line.split("B", 1)[1])[1])
            for line in text.splitlines()[1:-1]}


def test_disk_says_what_takes_how_much(aged):  # SEMANTICS J46
    said = aged.run("disk")
    assert said.returncode == 0, said.stderr
    lines = {line.split()[0]: line for line in said.stdout.splitlines()}
    assert "195.4 KiB" in lines[f"s3://{aged.bucket}"], said.stdout
    assert "2 jobs" in lines["logs"] and "1 layer" in lines["packages"] and "2 files" in lines["cache"]
    shares = json.loads(aged.run("disk", "--json").stdout)
    assert shares["TotalBytes"] > shares["FreeBytes"] > 0


def test_prune_removes_what_is_old_and_nothing_else(aged):  # SEMANTICS J46
    told = aged.run("prune", "--dry-run")
    assert told.returncode == 0 and "nothing was removed" in told.stdout, told
    assert counts(told.stdout) == {"logs": 1, "kept": 0, "snapshots": 1, "packages": 1, "cache": 1}
    assert aged.layer.exists() and aged.snapshots[0].exists() and aged.lines(aged.names[0]) == ["line 0"]
    done = aged.run("prune", "--older", "30d")
    assert counts(done.stdout) == counts(told.stdout) and done.stdout.splitlines()[-1].endswith(" removed")
    assert not aged.layer.exists() and not aged.snapshots[0].exists() and aged.snapshots[1].exists()
    assert sorted(p.name for p in aged.kept.iterdir()) == ["new"]
    assert aged.lines(aged.names[0]) == [] and aged.lines(aged.names[1]) == ["line 1"]
    assert aged.describe(aged.names[0])["TrainingJobStatus"] == "Completed"
    job = aged.job("cat /opt/ml/input/data/training/x | wc -c",
                   InputDataConfig=[aged.channel(f"s3://{aged.bucket}/data-0/")])
    assert aged.lines(job["TrainingJobName"]) == ["100000"]
    assert counts(aged.run("prune").stdout) == {"logs": 0, "kept": 0, "snapshots": 0, "packages": 0, "cache": 0}


def test_caches_are_shown_and_cleared_and_logs_stay(aged):  # SEMANTICS J47
    shown = aged.run("cache")
    assert shown.returncode == 0 and shown.stdout == aged.run("cache", "list").stdout, shown
    assert counts(shown.stdout) == {"snapshots": 2, "packages": 1, "cache": 2}
    assert shown.stdout.splitlines()[3].endswith("100.0 GiB") and " free; " in shown.stdout
    as_json = json.loads(aged.run("cache", "--json").stdout)
    assert as_json["CacheBytesMax"] == 100 << 30 and len(as_json["Shares"]) == 3
    told = aged.run("cache", "clear", "--dry-run", "--older", "30d")
    assert "kept" not in told.stdout and "logs" not in told.stdout
    assert counts(told.stdout) == {"snapshots": 1, "packages": 1, "cache": 1}
    assert "nothing was removed" in told.stdout and aged.layer.exists()
    just_now = time.time() - 60
    os.utime(aged.kept / "new", (just_now, just_now))
    assert counts(aged.run("cache", "clear").stdout) == {"snapshots": 1, "packages": 1, "cache": 1}
    assert not aged.layer.exists() and [p.name for p in aged.kept.iterdir()] == ["new"]
    two_hours_ago = time.time() - 7200
    for path in (aged.kept / "new", aged.snapshots[1]):
        os.utime(path, (two_hours_ago, two_hours_ago))
    cleared = json.loads(aged.run("cache", "clear", "--json").stdout)["Shares"]
    assert {s["Name"]: s["Count"] for s in cleared} == {"snapshots": 1, "packages": 0, "cache": 1}
    assert [aged.lines(name) for name in aged.names] == [["line 0"], ["line 1"]]


def test_what_a_job_may_use_stays(aged):  # SEMANTICS J46
    name = aged.create(GATE)
    aged.stop()
    with sqlite3.connect(aged.data / "state/trainyard.db") as rows:
        rows.execute("UPDATE job SET created_ms = ? WHERE name = ?", (int(OLD * 1000) - 1000, name))
    aged.start()
    assert counts(aged.run("prune").stdout) == {"logs": 1, "kept": 0, "snapshots": 0, "packages": 0, "cache": 0}
    assert aged.layer.exists()
    aged.open_gate(name)
    aged.wait(name)


def test_retention_prunes_by_itself(aged, tmp_path):  # SEMANTICS J46
    aged.stop()
    (tmp_path / "settings.toml").write_text('[retention]\nolder = "30d"\n')
    aged.options += ["--settings", str(tmp_path / "settings.toml")]
    aged.start()
    wait_until(lambda: not aged.layer.exists(), "the layer went")
    assert aged.snapshots[1].exists()


@pytest.mark.parametrize("age", ["", "30", "0d", "1m", "-1d", "5000d", "1.5d"])
def test_an_age_that_is_none_is_refused(service, age):  # SEMANTICS J46
    for command in (["prune"], ["cache", "clear"]):
        said = service.run(*command, "--older", age)
        assert said.returncode in (2, 4) and "write days or hours, as 30d or 12h" in said.stderr, said
