"""The control plane under load and at rest, moto_server beside it in the same run."""

import contextlib
import pathlib
import socket
import subprocess
import sys

from service import running, wait_until
from signed import play, sagemaker

CONNECTIONS = 32
BUSY = "[machine]\ncpus = 2\n"  # the first job takes all of it, so that no other begins


@contextlib.contextmanager
def moto():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([pathlib.Path(sys.executable).parent / "moto_server", "-p",
                                str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def listens():
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(listens, "moto_server listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def creates(service, url, count, round_):
    body = service.request("exit 0")
    return [sagemaker(service, url, "CreateTrainingJob",
                      {**body, "TrainingJobName": f"load-{round_}-{n}"}) for n in range(count)]


def against_moto(directory, requests=6000, for_moto=600, rounds=3):
    with running(directory, BUSY) as service, moto() as peer:
        first = service.create("exec tail -f /dev/null", ResourceConfig={
            "InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1})
        service.wait_for(first, "Training")
        created, described = [], []
        for r in range(rounds):
            theirs = play(peer, creates(service, peer, for_moto, r), CONNECTIONS)["per_second"]
            ours = play(service.url, creates(service, service.url, requests, r), CONNECTIONS)
            created.append((ours["per_second"], theirs))
            wanted = {"TrainingJobName": f"load-{r}-1"}
            theirs = play(peer, [sagemaker(service, peer, "DescribeTrainingJob", wanted)]
                          * for_moto, CONNECTIONS)["per_second"]
            ours = play(service.url, [sagemaker(service, service.url, "DescribeTrainingJob", wanted)]
                        * requests * 3, CONNECTIONS)["per_second"]
            described.append((ours, theirs))
        service.kill()  # what waits is thrown away with the directory
        service.start()
        service.client("sagemaker").stop_training_job(TrainingJobName=first)
        service.wait(first)
        service.kill()
        service.data.rename(service.data.with_name("full"))
    for name, pairs in (("create_vs_moto", created), ("describe_vs_moto", described)):
        ours, theirs = sorted(pairs, key=lambda p: p[0] / p[1])[len(pairs) // 2]
        yield {"name": name, "value": round(ours / theirs, 1), "unit": "times",
               "peer": f"moto_server's requests per second, {CONNECTIONS} connections; "
                       f"ours {ours:.0f}", "peer_value": round(theirs, 1)}


def describe_p99(directory, requests=20_000):
    """The 99th percentile of Describe, four connections, while a job writes and fsyncs 1 GiB."""
    with running(directory) as service:
        done = service.create("exit 0")
        service.wait(done)
        load = [sagemaker(service, service.url, "DescribeTrainingJob", {"TrainingJobName": done})]
        alone = play(service.url, load * requests, 4)["p99_ms"]
        writer = service.create(
            "echo begun; while :; do dd if=/dev/zero of=/opt/ml/checkpoints/model bs=1M count=1024 "
            "conv=fsync 2>/dev/null; done",
            CheckpointConfig={"S3Uri": f"s3://{service.bucket}/checkpoints"})
        wait_until(lambda: "begun" in service.lines(writer), "it writes")
        beside = play(service.url, load * requests, 4)["p99_ms"]
        service.client("sagemaker").stop_training_job(TrainingJobName=writer)
        service.wait(writer, 300)
    yield {"name": "describe_p99_ms", "value": beside, "unit": "ms",
           "peer": "the same without that job", "peer_value": alone}


def status(pid, *names):
    """Sums of fields of /proc/PID/task/*/status."""
    totals = dict.fromkeys(names, 0)
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in totals:
                totals[name] += int(value.split()[0])
    return [totals[name] for name in names]


def pass_time(service, seconds):
    with contextlib.suppress(subprocess.TimeoutExpired):
        service.process.wait(seconds)


def idle(directory, seconds=60):
    """The service at rest: it has run a job, which is over since a second."""
    with running(directory) as service:
        service.job("echo one")
        pass_time(service, 1)
        pid = service.process.pid
        before, = status(pid, "voluntary_ctxt_switches")
        pass_time(service, seconds)
        after, = status(pid, "voluntary_ctxt_switches")
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        resident = int(text.partition("VmRSS:")[2].split()[0]) / 1024
    yield {"name": "idle_rss_mib", "value": round(resident, 1), "unit": "MiB",
           "peer": "moto_server after start", "peer_value": 106}
    yield {"name": "idle_switches", "value": after - before, "unit": f"in {seconds} s",
           "peer": "none", "peer_value": None}


FIGURES = {"create_vs_moto": against_moto, "describe_vs_moto": against_moto,
           "describe_p99_ms": describe_p99, "idle_rss_mib": idle, "idle_switches": idle}
