"""Jobs with GPUs, by a service that root runs and by an ordinary user's. The driver is a fake
(tests/agent/fake_nvml.cc), and so are its devices: each is this machine's /dev/null under another name."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import pytest

from service import BUILD, GATE, Service, ending, wait_until

NOBODY = pwd.getpwnam("nobody")
ONE = {"ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}}
TWO_GPUS = "gpu GPU-aa 1 81920 NVIDIA H100 80GB HBM3\ngpu GPU-bb 0 81920 NVIDIA H100 80GB HBM3\n"
GONE = "process GPU-aa 4194303 18432\n"  # no process of this machine: past the largest pid
DEVICES = ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm")
PLAIN = ("full", "null", "random", "tty", "urandom", "zero")
# A /dev that has these, for the service alone.
SHELL = """
mount -t tmpfs none {place}/dev
for name in {plain}; do touch {place}/dev/$name; mount --bind /dev/$name {place}/dev/$name; done
for name in {devices}; do touch {place}/dev/$name; mount --bind /dev/{stands} {place}/dev/$name; done
mkdir {place}/dev/shm {place}/dev/pts
mount --rbind {place}/dev /dev
mount --bind {build} {place}/bin
exec {become} env LD_LIBRARY_PATH={place}/driver {place}/bin/trainyard "$@"
"""


class Driver:
    """A libnvidia-ml.so.1 in a directory of its own, and what it shows."""

    def __init__(self, place):
        place.mkdir()
        shutil.copy(BUILD / "fake_nvml/libnvidia-ml.so.1", place)
        self.file = place / "gpus"

    def show(self, text):
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)  # whole at once, for agents read it


@contextlib.contextmanager
def running(who, shown=TWO_GPUS, settings="", devices=DEVICES, stands="null"):
    """A service, and the driver that it and its agents ask."""
    place = pathlib.Path(tempfile.mkdtemp(prefix=f"{who}-gpus-", dir="/tmp"))
    try:
        place.chmod(0o755)
        for name in ("dev", "bin"):
            (place / name).mkdir()
        driver = Driver(place / "driver")
        driver.show(shown)
        become = ""
        if who == "ordinary":
            shutil.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
            become = f"setpriv --reuid={NOBODY.pw_uid} --regid={NOBODY.pw_gid} --clear-groups env HOME={place}"
        inner = SHELL.format(place=place, plain=" ".join(PLAIN), devices=" ".join(devices), stands=stands,
                             build=BUILD, become=become)
        program = place / "serve"
        program.write_text(f"#!/bin/sh\nexec unshare -m sh -ec '{inner}' sh \"$@\"\n")
        program.chmod(0o755)
        with ending(Service(place, settings, program=program)) as service:
            yield service, driver
    finally:
        shutil.rmtree(place)


SEEN = ("echo devices $(ls /dev | grep nvidia); echo variables $(env | grep VISIBLE_DEVICES | sort); "
        "echo library $LD_LIBRARY_PATH $(ls /opt/trainyard/driver 2>/dev/null); "
        "echo x > /dev/nvidia1 && echo written; true")


def seen(service, **more):
    """What a job says of its GPUs, and its log's own lines."""
    name = service.create(SEEN, **more)
    job = service.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = service.lines(name)
    own = [line for line in service.lines(name, notices=True) if line.startswith("[trainyard]")]
    return {line.split(" ")[0]: line.partition(" ")[2] for line in lines}, own


@pytest.mark.parametrize("who", ["root", "ordinary"])
def test_a_job_sees_its_own_gpus_alone(who):  # SEMANTICS X25, X32, J40
    with running(who) as (service, _):
        said, own = seen(service, **ONE)
        assert said["devices"].split() == ["nvidia-uvm", "nvidia1", "nvidiactl"]
        assert said["variables"].split() == ["CUDA_VISIBLE_DEVICES=GPU-aa", "NVIDIA_VISIBLE_DEVICES=GPU-aa"]
        assert "written" in said  # as a device, by the jobs' user
        assert said["library"] == "/opt/trainyard/driver libnvidia-ml.so.1"  # LD_LIBRARY_PATH alone led to it
        assert not [line for line in own if "finds no GPU" in line], own
        said, own = seen(service, **ONE, Environment={"CUDA_VISIBLE_DEVICES": "0"})
        assert said["variables"].split() == ["CUDA_VISIBLE_DEVICES=0", "NVIDIA_VISIBLE_DEVICES=GPU-aa"]
        said, own = seen(service)  # ml.m5.large has none
        assert (said["devices"], said["variables"], said["library"]) == ("", "", "")
        all_of_it = {**ONE["ResourceConfig"], "InstanceType": "ml.p4d.24xlarge"}
        said, own = seen(service, ResourceConfig=all_of_it)
        assert {"nvidia0", "nvidia1"} < set(said["devices"].split())
        assert "CUDA_VISIBLE_DEVICES=GPU-aa,GPU-bb" in said["variables"]
        assert any("8 GPUs; this machine gives it" in line and line.endswith("2 GPUs") for line in own), own


def test_settings_say_how_many_gpus_jobs_may_have():  # SEMANTICS J40
    every = {**ONE["ResourceConfig"], "InstanceType": "ml.p4d.24xlarge"}
    with running("root", settings="[machine]\ngpus = 1\n") as (service, _):
        said, _ = seen(service, ResourceConfig=every)
        assert "CUDA_VISIBLE_DEVICES=GPU-aa " in said["variables"]
    with running("root", settings="[machine]\ngpus = 0\n") as (service, _):
        said, _ = seen(service, ResourceConfig=every)
        assert (said["devices"], said["variables"]) == ("", "")


@pytest.mark.parametrize("who", ["root", "ordinary"])
def test_a_device_that_is_not_there_or_closed_is_told_of(who):  # SEMANTICS X35
    closed = tempfile.NamedTemporaryFile(prefix="closed-device-")
    os.chmod(closed.name, 0o600)
    with running(who, devices=("nvidia1", "nvidiactl"), stands=f"../{closed.name}") as (service, _):
        _, own = seen(service, **ONE)
        assert any("there is no /dev/nvidia-uvm on this machine, so the script finds no GPU" in line
                   for line in own), own
        for device in ("nvidia1", "nvidiactl"):
            assert any(f"use /dev/{device}: Permission denied" in line and "NVreg_DeviceFileMode=0666" in line
                       for line in own), own


def test_a_gpu_is_held_until_the_driver_shows_nobody_on_it():  # SEMANTICS J6, X33
    with running("root", TWO_GPUS + GONE) as (service, driver):
        # One is free, and the job's.
        said, _ = seen(service, **ONE)
        assert said["variables"].split() == ["CUDA_VISIBLE_DEVICES=GPU-bb", "NVIDIA_VISIBLE_DEVICES=GPU-bb"]
        both = {**ONE["ResourceConfig"], "InstanceType": "ml.p4d.24xlarge"}
        name = service.create(GATE, ResourceConfig=both)
        waits = "The job waits: GPU 0 is used by pid 4194303 (18 GiB), not a job"
        wait_until(lambda: service.describe(name)["SecondaryStatusTransitions"][-1].get("StatusMessage") == waits,
                   "it was told for what the job waits")
        driver.show(TWO_GPUS)
        service.wait_for(name, "Training")
        lock = service.data / "state/run/gpu/GPU-aa"
        assert held(lock) and lock.read_text().startswith("instance ")
        driver.show(TWO_GPUS + GONE)  # the script's, when it has ended
        service.open_gate(name)
        wait_until(lambda: any("waits for a GPU" in log.read_text()
                               for log in service.data.glob("scratch/instances/*/agent.log")), "the agent waits")
        assert held(lock) and service.describe(name)["SecondaryStatus"] == "Uploading"
        driver.show(TWO_GPUS)
        assert service.wait(name)["TrainingJobStatus"] == "Completed"
        assert not held(lock)


def test_a_job_that_waits_for_a_gpu_can_be_stopped():  # SEMANTICS J6, J13
    with running("root", TWO_GPUS + GONE) as (service, _):
        both = {**ONE["ResourceConfig"], "InstanceType": "ml.p4d.24xlarge"}
        name = service.create("echo ran", ResourceConfig=both)
        wait_until(lambda: "not a job" in service.run("why", name).stdout, "it waits")
        service.client("sagemaker").stop_training_job(TrainingJobName=name)
        assert service.wait(name, 20)["TrainingJobStatus"] == "Stopped"
        assert service.lines(name) == []


def test_doctor_tells_of_the_gpus(tmp_path):
    driver = Driver(tmp_path / "driver")

    def said(shown):
        driver.show(shown)
        out = subprocess.run([BUILD / "trainyard", "doctor", "--json", "--data", tmp_path], check=True, text=True,
                             env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path / "driver")}, capture_output=True)
        found = next(check for check in json.loads(out.stdout) if check["name"] == "gpu")
        return found["ok"], found["detail"]

    assert said(TWO_GPUS + "gpu GPU-cc 2 15360 Tesla T4\n") == (
        True, "2 x NVIDIA H100 80GB HBM3, 80 GiB; 1 x Tesla T4, 15 GiB: each a job's alone while it runs")
    assert said("") == (False, "no NVIDIA driver shows a GPU")
    ok, detail = said("fails nvmlInit_v2 18\n")
    assert not ok and "Driver/library version mismatch" in detail


def held(lock):
    """Whether another process holds a lock, as the kernel lists them."""
    if not lock.exists():
        return False
    inode = f":{lock.stat().st_ino} "
    return any(inode in line and "POSIX" in line for line in pathlib.Path("/proc/locks").read_text().splitlines())
