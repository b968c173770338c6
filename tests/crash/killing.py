"""Kills the service and its agents at random moments under real clients, and starts it again."""

import collections
import contextlib
import json
import os
import pathlib
import random
import signal

import afterwards
from clients import Kills, Putter, Trainer
from service import wait_until

# Six jobs at a time, each with a whole core's time: the kills decide how long it takes.
SETTINGS = """[machine]
cpus = 6
[instances."ml.m5.large"]
cpus = 1
memory = "64MiB"
"""


class Killing:
    """`seed` decides whom to kill and how long to wait; what runs then is up to the machine."""

    kinds = ("service", "service", "agent", "both")

    def __init__(self, service, seed, putters=3, trainers=3, patience=60):
        self.service, self.random = service, random.Random(seed)
        self.patience = patience  # for the last jobs to end, in seconds
        self.kills = Kills()
        self.putters = [Putter(service, self.kills, seed, n) for n in range(putters)]
        self.trainers = [Trainer(service, self.kills, seed, n) for n in range(trainers)]
        self.clients = self.putters + self.trainers
        self.done = collections.Counter()  # kills by kind
        self.in_flight = 0                 # of them, with a request under way
        self.killed_jobs = set()           # whose agents were killed

    def run(self, count):
        """`count` kills. Afterwards the clients have ended and the service runs."""
        self.kills.up.set()
        for client in self.clients:
            client.start()
        try:
            while sum(self.done.values()) < count:
                self.moment()
                self.kill()
                self.check_clients()
        finally:
            self.kills.over.set()
            for client in self.clients:
                client.join(120)
        self.check_clients()

    def moment(self):
        """Some time, or the moment that a client hears of an acknowledgement, and a little more."""
        if self.random.random() < 0.5:
            self.kills.over.wait(self.random.uniform(0, 0.5))
        self.kills.answered.clear()
        self.kills.answered.wait(10)
        if self.random.random() < 0.5:
            self.kills.over.wait(self.random.uniform(0, 0.02))

    def kill(self):
        kind = self.random.choice(self.kinds)
        busy = [(client, client.serial) for client in self.clients if client.in_flight]
        if kind in ("agent", "both") and not self.kill_agent():
            kind = "service"  # no agent lives
        if kind != "agent":
            self.kills.up.clear()
            self.end_service(kind)
            was_busy = any(serial in client.unanswered or client.in_flight
                           for client, serial in busy)
            self.service.start()
            self.kills.up.set()
        else:
            was_busy = any(client.serial == serial for client, serial in busy)
        self.done[kind] += 1
        self.in_flight += was_busy

    def end_service(self, _kind):
        self.service.kill()

    def kill_agent(self):
        """Kills one living agent; by a descriptor, for its number may be another's in a moment."""
        locks = list(self.service.data.glob("scratch/instances/*/lock"))
        self.random.shuffle(locks)
        for lock in locks:
            with contextlib.suppress(OSError, ValueError, IndexError):
                spec = json.loads((lock.parent / "spec.json").read_text())
                number = int(lock.read_text().split()[0])
                process = os.pidfd_open(number)
                try:
                    words = pathlib.Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
                    if words[1:4] == [b"agent", b"--spec", bytes(lock.parent / "spec.json")]:
                        signal.pidfd_send_signal(process, signal.SIGKILL)
                        self.killed_jobs.add(spec["JobName"])
                        return True
                finally:
                    os.close(process)
        return False

    def check_clients(self):
        for client in self.clients:
            if client.error:
                raise AssertionError(f"{client.name} failed") from client.error

    def settle(self):
        """Every job has ended and what it left is removed, by the service itself."""
        sagemaker = self.service.client("sagemaker")

        def all_ended():
            return not any(sagemaker.list_training_jobs(StatusEquals=status)["TrainingJobSummaries"]
                           for status in ("InProgress", "Stopping"))

        wait_until(all_ended, "every job had ended", self.patience)
        with contextlib.suppress(AssertionError):  # what is left is named by the checks
            wait_until(lambda: not list(self.left()), "nothing was left", 20)

    def left(self):
        yield from afterwards.traces(self.service)
        yield from afterwards.files(self.service)
        yield from afterwards.rows(self.service)

    def broken(self):
        """Everything that is not as it must be."""
        self.settle()
        return [*afterwards.objects(self.service, self.putters),
                *afterwards.jobs(self.service, self.trainers, self.killed_jobs), *self.left()]

    def __str__(self):
        jobs = sum(len(trainer.jobs) for trainer in self.trainers)
        requests = sum(client.serial for client in self.clients)
        return (f"{sum(self.done.values())} kills ({dict(self.done)}), {self.in_flight} with a "
                f"request in flight; {requests} requests, {jobs} jobs, "
                f"{len(self.killed_jobs)} of them lost their agent")


class PowerCuts(Killing):
    """Cuts the power instead: everything ends at once, and what was not synced is gone."""

    kinds = ("synced", "all")

    def moment(self):
        """Long enough for jobs to end between two cuts."""
        self.kills.over.wait(self.random.uniform(0, 2))
        super().moment()

    def end_service(self, kind):
        self.killed_jobs |= self.service.cut(kind)

    def settle(self):
        """The lines of a job that runs are not synced: one that failed for a cut may miss some."""
        super().settle()
        for trainer in self.trainers:
            for name in self.killed_jobs & trainer.jobs.keys():
                if self.service.describe(name)["TrainingJobStatus"] == "Failed":
                    trainer.jobs[name].lines_seen = []
