"""FastFile mode over another S3: files that come as they are read."""

import contextlib
import hashlib
import os
import pathlib
import platform
import random
import signal

import pytest

from far import Way
from service import GATE, running, wait_until
from sources_test import failed, ran, s3
from users import CLOSED, NONE, OTHER, running_as

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/fuse"),
                                reason="becomes another user, and makes the device /dev/fuse")
IN = "cd /opt/ml/input/data/training; "
LARGE = 40 << 20
MANY = 5_000


def ran_python(service, script, channel):
    """The lines of a Python script in the channel's directory."""
    code = service.put("code/script.py", script.encode())
    return ran(service, IN + "exec python3 ../code/script.py", channel, service.channel(code, "code"))


def far_settings(address, far, bucket=None, name="far", more=""):
    return (f'[buckets.{name}]\nendpoint = "http://{address}"\nbucket = "{bucket or far.bucket}"\n'
            f'access_key_id = "{far.access_key}"\nsecret_access_key = "{far.secret_key}"\n{more}')


@pytest.fixture(scope="module")
def large():
    return random.Random(1).randbytes(LARGE)


@pytest.fixture(scope="module")
def far(tmp_path_factory, large):
    directory = tmp_path_factory.mktemp("many")
    directory.chmod(0o755)
    (directory / "d").mkdir()
    for n in range(MANY):
        (directory / f"d/{n:06}").touch()
    settings = f'[buckets.many]\npath = "{directory}"\n'
    with running(tmp_path_factory.mktemp("far"), settings) as service:
        for key in ("a.txt", "b.txt", "sub/c.txt"):
            service.put(f"set/{key}", f"{key}\n".encode())
        service.put("large/1", large)
        service.put("empty/nothing", b"")
        yield service


@pytest.fixture(scope="module", params=["root", "ordinary"])
def near(far, request):
    """Of root, who mounts it itself, and of an ordinary user, for whom the job's container does."""
    way = Way(far.listen)
    settings = far_settings(way.address, far) + far_settings(way.address, far, "many", "many")
    with running_as(request.param, settings) as service:
        service.way, service.far, service.who = way, far, request.param
        yield service
    way.close()


def fast(service, uri, **more):
    return s3(service, uri, mode="FastFile", **more)


def notes(service, name):
    return [line for line in service.lines(name, notices=True) if line.startswith("[trainyard]")]


def test_files_come_as_they_are_read(near, large):  # SEMANTICS D28
    before = near.way.passed
    lines = ran(near, "grep training /proc/self/mounts | cut -d\" \" -f1,3; cd /opt/ml/input/data/training; "
                "stat -c '%s %u %g %a' 1; head -c 100 1 | sha256sum | cut -c1-64", fast(near, "s3://far/large/"),
                EnableNetworkIsolation=True)
    assert lines == ["trainyard fuse", f"{LARGE} 0 0 644", hashlib.sha256(large[:100]).hexdigest()]
    assert near.way.passed - before < LARGE / 4


def test_all_of_a_large_file_is_what_was_put(near, large):  # SEMANTICS D28
    script = """
import hashlib, mmap
whole = open("1", "rb").read()
print(hashlib.sha256(whole).hexdigest())
with open("1", "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
    print(m[:] == whole, m[12345678:12345700] == whole[12345678:12345700])
"""
    lines = ran_python(near, script, fast(near, "s3://far/large/"))
    assert lines == [hashlib.sha256(large).hexdigest(), "True True"]


def test_places_that_are_jumped_to_cost_little(near, large):  # SEMANTICS D28
    with running_as(near.who, far_settings(near.way.address, near.far)) as service:
        before = near.way.passed
        script = """
import hashlib, os
f = os.open("1", os.O_RDONLY)
for at in (39 << 20, 7 << 20, 30 << 20, 3 << 20, 21 << 20):
    print(hashlib.sha256(os.pread(f, 1000, at)).hexdigest())
"""
        lines = ran_python(service, script, fast(service, "s3://far/large/"))
        for line, at in zip(lines, (39 << 20, 7 << 20, 30 << 20, 3 << 20, 21 << 20)):
            assert line == hashlib.sha256(large[at:at + 1000]).hexdigest()
        assert near.way.passed - before < 16 << 20


def test_what_one_job_read_whole_the_next_has(near, large):  # SEMANTICS D28
    script = IN + "sha256sum 1 | cut -c1-64"
    ran(near, script, fast(near, "s3://far/large/"))
    before = near.way.passed
    assert ran(near, script, fast(near, "s3://far/large/")) == [hashlib.sha256(large).hexdigest()]
    assert near.way.passed - before < 10_000  # a listing alone


def test_a_checkpoint_location_in_it_fails_the_job(near):  # SEMANTICS D28
    job = near.job(InputDataConfig=[fast(near, "s3://far/set/")],
                   CheckpointConfig={"S3Uri": f"s3://{near.bucket}/kept", "LocalPath": "/opt/ml/input/data/training/x"})
    assert job["TrainingJobStatus"] == "Failed"
    assert "it is in /opt/ml/input/data/training, which is a channel in FastFile mode; choose another" in \
        job["FailureReason"]


def test_nothing_can_be_written(near):  # SEMANTICS D28
    lines = ran(near, IN + "for c in 'touch x' 'echo y > a.txt' 'rm b.txt' 'chmod 600 a.txt' 'mkdir d'; do "
                "sh -c \"$c\" 2>&1 | grep -c 'Read-only file system'; done; cat a.txt sub/c.txt; find . | sort",
                fast(near, "s3://far/set/"))
    assert lines[:5] == ["1"] * 5
    assert lines[5:] == ["a.txt", "sub/c.txt", ".", "./a.txt", "./b.txt", "./sub", "./sub/c.txt"]


def test_a_manifest_whose_objects_sizes_nobody_told(near):  # SEMANTICS D28
    uri = near.put("some.json", b'[{"prefix": "s3://far/"}, "set/a.txt", "set/sub/c.txt", "empty/nothing"]')
    lines = ran(near, IN + "find . -type f -printf '%p %s\\n' | sort; cat set/a.txt",
                fast(near, uri, kind="ManifestFile"))
    assert lines == ["./empty/nothing 0", "./set/a.txt 6", "./set/sub/c.txt 10", "a.txt"]


@pytest.mark.release_alone  # the far side lists a directory anew for each page
def test_a_directory_of_many_files_and_thousands_open(near):  # SEMANTICS D28
    script = f"""
import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
names = os.listdir("d")
print(len(names), len(set(names)), min(names), max(names))
files = [open("d/%06d" % n) for n in range({MANY})]
print(len(files), {{f.read() for f in files}})
print(sum(e.stat().st_size for e in os.scandir("d")))
"""
    lines = ran_python(near, script, fast(near, "s3://many/"))
    assert lines == [f"{MANY} {MANY} 000000 {MANY - 1:06}", f"{MANY} {{''}}", "0"]


def test_an_s3_that_is_away_costs_time_alone(near, large):  # SEMANTICS D28
    with running_as(near.who, far_settings(near.way.address, near.far)) as service:
        name = service.create(GATE + "; " + IN + "sha256sum 1 | cut -c1-64",
                              InputDataConfig=[fast(service, "s3://far/large/")])
        service.wait_for(name, "Training")
        near.way.cut_after, near.way.cuts = 1 << 20, 2
        near.far.kill()
        refused = near.way.refused
        service.open_gate(name)
        try:
            wait_until(lambda: near.way.refused > refused + 3, "it was missed")
        finally:
            near.far.start()
        assert service.wait(name)["TrainingJobStatus"] == "Completed", service.describe(name)
        assert service.lines(name) == [hashlib.sha256(large).hexdigest()]


def test_a_job_that_waits_for_bytes_can_be_stopped(near):  # SEMANTICS D28
    """Its script sleeps in the kernel, where no signal wakes it but by this file system's answer."""
    settings = "stop_grace_seconds = 1\n" + far_settings(near.way.address, near.far)
    with running_as(near.who, settings) as service:
        name = service.create(GATE + "; " + IN + "trap '' TERM; cat 1 > /dev/null; cat 1 > /dev/null; sleep 600",
                              InputDataConfig=[fast(service, "s3://far/large/")])
        service.wait_for(name, "Training")
        with near.way.silent():
            service.open_gate(name)
            service.client("sagemaker").stop_training_job(TrainingJobName=name)
            assert service.wait(name, 30)["TrainingJobStatus"] == "Stopped"
        wait_until(lambda: not service.leftovers(), "nothing was left")


READ = {"x86_64": "0"}.get(platform.machine(), "63")  # the system call's number


def waiting_reader(command):
    """The process whose command begins so and whose read waits in the kernel for this file system's
    answer; what it asks before it reads (to look up, to open) is answered soon."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cmdline").read_bytes().replace(b"\0", b" ").startswith(command) and \
                    (process / "wchan").read_text() == "request_wait_answer" and \
                    (process / "syscall").read_text().split()[0] == READ:
                return int(process.name)


def state_of(process):
    return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_kill_ends_a_process_that_waits_for_bytes_and_no_other_signal_does(near):  # SEMANTICS D28
    """O_DIRECT: for the page cache it is the kernel that waits."""
    for name in "12":
        near.far.put(f"held/{name}", random.Random(int(name)).randbytes(5 << 20))
    script = b"""
import ctypes, mmap, os, signal
signal.signal(signal.SIGUSR1, lambda *_: print("signal", flush=True))
libc, page = ctypes.CDLL(None, use_errno=True), (ctypes.c_char * 4096).from_buffer(mmap.mmap(-1, 4096))
print(libc.read(os.open("2", os.O_RDONLY | os.O_DIRECT), page, 4096), ctypes.get_errno())
"""
    code = near.put("code/told.py", script)
    name = near.create(GATE + "; " + IN + "dd if=1 iflag=direct count=1 >/dev/null & wait $!; echo $?; "
                       "t='python3 ../code/told.py'; $t & wait $!; echo $?; exec $t",
                       InputDataConfig=[fast(near, "s3://far/held/"), near.channel(code, "code")])
    near.wait_for(name, "Training")
    with near.way.silent():
        near.open_gate(name)
        reader = wait_until(lambda: waiting_reader(b"dd if=1 iflag=direct"), "it waited")
        os.kill(reader, signal.SIGTERM)
        wait_until(lambda: "143" in near.lines(name), "it ended")
        reader = wait_until(lambda: waiting_reader(b"python3 ../code/told.py"), "the second one waited")
        os.kill(reader, signal.SIGUSR1)  # of which the kernel tells, and of no other signal of that read
        wait_until(lambda: state_of(reader) == "D", "only a kill would wake it")
        # What is asked behind it is answered: it was heard. In an ordinary user's nobody else may look.
        for n in range(20 if near.who == "root" else 0):
            assert not pathlib.Path(f"/proc/{reader}/root/opt/ml/input/data/training/none-{n}").exists()
        os.kill(reader, signal.SIGKILL)
        wait_until(lambda: "137" in near.lines(name), "it ended", 10)
        reader = wait_until(lambda: waiting_reader(b"python3 ../code/told.py"), "the third one waited")
        os.kill(reader, signal.SIGUSR1)
    near.wait(name)
    assert near.lines(name)[-5:] == ["143", "Killed", "137", "signal", "4096 0"]


def test_nothing_waits_for_an_agent_that_was_killed(near):  # SEMANTICS D28
    near.far.put("dead/1", random.Random(3).randbytes(5 << 20))
    name = near.create(GATE + "; " + IN + "exec dd if=1 iflag=direct bs=4096 count=1 of=/dev/null",
                       InputDataConfig=[fast(near, "s3://far/dead/")])
    near.wait_for(name, "Training")
    with near.way.silent():
        near.open_gate(name)
        reader = wait_until(lambda: waiting_reader(b"dd if=1 iflag=direct"), "it waited")
        gate = next(near.data.glob(f"scratch/instances/*/ml/output/{name}.gate"))
        os.kill(int((gate.parents[2] / "lock").read_text().split()[0]), signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/proc/{reader}"), "it ended")
        assert near.wait(name)["TrainingJobStatus"] == "Failed"
    wait_until(lambda: not near.leftovers(), "nothing was left")


@pytest.mark.parametrize("change, says", [("put", "PreconditionFailed"), ("delete", "NoSuchKey")])
def test_an_object_that_is_another_one_by_now_is_an_error_by_name(near, change, says):  # SEMANTICS D28
    near.far.put("changing/1", b"before")
    name = near.create(GATE + "; " + IN + "cat 1", InputDataConfig=[fast(near, "s3://far/changing/")])
    near.wait_for(name, "Training")
    if change == "put":
        near.far.put("changing/1", b"after!")
    else:
        near.far.client("s3").delete_object(Bucket=near.far.bucket, Key="changing/1")
    near.open_gate(name)
    assert near.wait(name)["TrainingJobStatus"] == "Failed"
    assert any("Input/output error" in line for line in near.lines(name))
    told = [line for line in notes(near, name) if "s3://far/changing/1" in line]
    assert told and says in told[0], notes(near, name)


def test_two_objects_of_one_name(near):  # SEMANTICS D28
    near.far.put("both/x", b"1")
    near.far.put("both/x/y", b"1")
    assert "both/x" in failed(near, "exit 0", fast(near, "s3://far/both/"))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("who, device, says", [
    ("root", NONE, "modprobe fuse"), ("root", OTHER, "mount a FUSE file system: Invalid argument"),
    ("ordinary", CLOSED, "chmod 666 /dev/fuse"),
    ("ordinary", OTHER, "mount a FUSE file system in a user namespace (trainyard doctor tells what this machine "
     "allows): Invalid argument")],
    ids=["root-none", "root-other", "ordinary-closed", "ordinary-other"])
def test_where_there_is_no_fuse_it_is_said_and_staged(far, who, device, says, strict):  # SEMANTICS D28
    settings = ("strict = true\n" if strict else "") + far_settings(far.listen, far)
    with running_as(who, settings, device) as service:
        channel = fast(service, "s3://far/set/")
        if strict:
            reason = failed(service, "exit 0", channel)
            assert "FastFile" in reason and says in reason, reason
            return
        name = service.create(IN + "cat a.txt; touch x || echo no", InputDataConfig=[channel])
        assert service.wait(name)["TrainingJobStatus"] == "Completed"
        assert service.lines(name)[0] == "a.txt" and service.lines(name)[-1] == "no"
        told = [line for line in notes(service, name) if "FastFile mode is not possible here" in line]
        assert told and says in told[0], notes(service, name)
