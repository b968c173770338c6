"""A log under kills: whatever a script's write() returned for is in the log, in order, also while
the service or the instance's agent is killed, and is complete before the job's status is terminal."""

import contextlib
import os
import pathlib
import struct

from service import wait_until

# Writes numbered lines, one write() each; how many returned stands in a file at every moment, also
# when the writer is killed between two of them.
WRITER = r"""
import mmap, os
file = open("/opt/ml/output/returned", "w+b")
file.truncate(8)
returned = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")
for n in range({lines}):
    line = b"%08d the quick brown fox\n" % n
    assert os.write(1, line) == len(line)
    returned[0] = n + 1
"""
LINE_BYTES = 29


def create(service, lines):
    size = {"InstanceType": "ml.c5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}  # full speed
    return service.create('exec /usr/bin/python3 -c "$WRITER"', ResourceConfig=size,
                          Environment={"WRITER": WRITER.format(lines=lines)})


def numbers(lines):
    """The numbers of whole lines; whatever was under way at a kill may be torn at the end."""
    return [int(line.split()[0]) for line in lines if line.endswith("the quick brown fox")]


def raw_log(service):
    logs = list(service.data.glob("blobs/logs/*/raw.log"))
    return logs[0] if logs else None


def size(service):
    log = raw_log(service)
    return log.stat().st_size if log else 0


def descendants(pid):
    """Processes below `pid`, in any namespace."""
    out = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                out += [int(child), *descendants(int(child))]
    return out


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_every_line_is_in_the_log_when_the_service_is_killed_while_a_job_writes(own_service):
    # SEMANTICS C4, L3, L4
    count = 600_000
    name = create(own_service, count)
    kills = 0
    while size(own_service) < count * LINE_BYTES:
        before = wait_until(lambda: size(own_service), "the job wrote")
        own_service.kill()
        kills += 1
        wait_until(lambda: size(own_service) > before or size(own_service) >= count * LINE_BYTES,
                   "the job wrote on without the service")
        own_service.start()
    job = own_service.wait(name)
    lines = raw_log(own_service).read_bytes().decode().splitlines()  # the moment it is terminal
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert kills >= 2, "it ended too early to be killed while it wrote"
    assert numbers(lines) == list(range(count))


def test_the_api_has_every_line_at_the_moment_the_status_is_terminal(own_service):  # SEMANTICS L4
    count = 30_000
    name = create(own_service, count)
    wait_until(lambda: size(own_service), "the job wrote")
    own_service.kill()
    own_service.start()
    assert own_service.wait(name)["TrainingJobStatus"] == "Completed"
    assert numbers(own_service.lines(name)) == list(range(count))


def test_what_write_returned_for_is_in_the_log_when_the_agent_is_killed(own_service):
    # SEMANTICS J33, L3, X24
    for _ in range(4):
        name = create(own_service, 100_000_000)
        instance = wait_until(lambda: next(own_service.data.glob("scratch/instances/*/lock"), None),
                              "the agent began").parent
        log = own_service.data / "blobs/logs" / instance.name / "raw.log"
        wait_until(lambda: log.exists() and log.stat().st_size > 1 << 20, "the job wrote")
        agent = int((instance / "lock").read_text().split()[0])
        below = descendants(agent)
        assert len(below) >= 2  # the sandbox's first process and the script
        own_service.kill()  # else it would remove the instance's directory, and with it the witness
        os.kill(agent, 9)
        wait_until(lambda: not any(alive(pid) for pid in [agent, *below]), "all of it had ended")
        returned, = struct.unpack("q", next(instance.rglob("returned")).read_bytes())
        kept = numbers(log.read_bytes().decode().splitlines())
        assert kept == list(range(len(kept)))
        assert len(kept) >= returned > 30_000, (len(kept), returned)
        own_service.start()
        job = own_service.wait(name)
        assert job["TrainingJobStatus"] == "Failed"
        assert "the agent of algo-1 ended without a report" in job["FailureReason"]
        assert numbers(log.read_bytes().decode().splitlines()) == kept
        wait_until(lambda: not own_service.leftovers(), "nothing was left")
