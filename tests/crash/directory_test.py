"""One service at a time has a data directory, only one that knows its version, and it leaves it in
time: a second `serve` and an older program refuse, SIGTERM drains and ends, and what ran goes on."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time

from service import GATE, TRAINYARD, wait_until


def serve(data):
    """A `serve` that is expected to refuse: its exit code and what it said."""
    done = subprocess.run([TRAINYARD, "serve", "--data", data, "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=60)
    assert "listening" not in done.stdout
    return done.returncode, done.stderr


def agents(service):
    """Processes of living agents of this service's directory, by instance."""
    locks = service.data.glob("scratch/instances/*/lock")
    return {lock.parent.name: int(lock.read_text().split()[0]) for lock in locks}


def test_a_second_serve_on_a_directory_refuses_and_names_the_first(own_service):  # SEMANTICS C5
    first = own_service.process.pid
    own_service.put("before", b"kept")
    code, said = serve(own_service.data)
    assert code not in (0, None)
    assert f"process {first}" in said and str(own_service.data) in said, said
    # The first is unharmed: also its sockets and its lock, which the second had to pass by.
    assert own_service.process.poll() is None
    body = own_service.client("s3").get_object(Bucket=own_service.bucket, Key="before")["Body"]
    assert body.read() == b"kept"
    assert own_service.job()["TrainingJobStatus"] == "Completed"


def half_an_object(service):
    """A connection whose client sent half an object and now says nothing."""
    url = service.client("s3").generate_presigned_url("put_object", Params={"Bucket": service.bucket, "Key": "half"})
    host, port = service.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    target = url.removeprefix(service.url)
    client.sendall(f"PUT {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000\r\n\r\nhalf".encode())
    return client


def test_a_serve_waits_for_one_that_is_ending(own_service):  # SEMANTICS C5
    first = own_service.process
    with contextlib.closing(half_an_object(own_service)):  # the first waits for its other half
        wait_until(lambda: list(own_service.data.glob("blobs/objects/tmp/*")), "it came")
        first.terminate()
        wait_until(lambda: "stopping" in own_service.log.read_text(), "it took the signal")
        own_service.process = None
        own_service.start()
    assert "waiting for it" in own_service.log.read_text()
    assert first.wait(10) == 0
    assert own_service.job()["TrainingJobStatus"] == "Completed"


def test_a_directory_is_free_again_once_its_service_was_killed(own_service):  # SEMANTICS C5
    own_service.kill()
    own_service.start()
    assert own_service.job()["TrainingJobStatus"] == "Completed"


def versions(service, new=None):
    """The rows' version and a digest of them all; with `new`, the version is set first."""
    with contextlib.closing(sqlite3.connect(service.data / "state/trainyard.db")) as db:
        if new is not None:
            db.execute(f"PRAGMA user_version={new}")
            db.commit()
        return db.execute("PRAGMA user_version").fetchone()[0], list(db.iterdump())


def test_a_directory_of_a_newer_version_is_refused_and_left_as_it_is(own_service):  # SEMANTICS C6
    own_service.put("before", b"kept")
    own_service.stop()
    known, rows = versions(own_service)
    assert versions(own_service, known + 1) == (known + 1, rows)
    try:
        code, said = serve(own_service.data)
        assert code not in (0, None)
        assert f"version {known + 1}" in said and f"up to {known}" in said, said
        assert "newer trainyard" in said, said
        assert versions(own_service) == (known + 1, rows)
    finally:
        versions(own_service, known)
    own_service.start()
    listed = own_service.client("s3").list_objects_v2(Bucket=own_service.bucket)
    assert [entry["Key"] for entry in listed["Contents"]] == ["before"]


def half_a_request(service):
    """A connection whose client sent half a body and now says nothing."""
    host, port = service.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of it")
    return client


def test_sigterm_ends_the_service_within_2_s_and_its_jobs_go_on(own_service):  # SEMANTICS C4, C7
    names = [own_service.create(f"echo begun; {GATE}; echo ended") for _ in range(2)]
    for name in names:
        own_service.wait_for(name, "Training")
    before = agents(own_service)
    assert len(before) == 2
    with contextlib.closing(half_a_request(own_service)):
        # A client that follows a job's log holds a request open for as long as the job runs.
        follower = subprocess.Popen([TRAINYARD, "logs", names[0], "-f"], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    env=own_service.environment)
        try:
            assert wait_until(follower.stdout.readline, "the log's first line came")
            began = time.monotonic()
            own_service.stop()
            took = time.monotonic() - began
        finally:
            follower.kill()
            follower.communicate()
    assert took < 2.0, f"it took {took:.2f} s"
    own_service.start()
    assert agents(own_service) == before  # the same processes: they were not begun again
    for name in names:
        assert own_service.describe(name)["SecondaryStatus"] == "Training"
        own_service.open_gate(name)
        assert own_service.wait(name)["TrainingJobStatus"] == "Completed"
        assert own_service.lines(name) == ["begun", "ended"]
    wait_until(lambda: not own_service.leftovers(), "nothing was left")


def held(fifo):
    """The end that keeps its reader waiting, once there is one."""
    def opened():
        with contextlib.suppress(OSError):  # nobody reads it yet
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)

    return wait_until(opened, f"{fifo} was read")


def test_sigterm_ends_a_service_whose_work_does_not_end(own_service):  # SEMANTICS C7
    name = own_service.create(GATE)
    own_service.wait_for(name, "Training")
    instance, = own_service.data.glob("scratch/instances/*")
    told = instance / "report.log"
    told.rename(instance / "aside")
    os.mkfifo(told)
    agent, = agents(own_service).values()
    os.kill(agent, signal.SIGKILL)
    end = held(told)  # a thread of the service reads what the agent had told
    process, began = own_service.process, time.monotonic()
    process.terminate()
    try:
        assert process.wait(30) == 0
        took = time.monotonic() - began
    finally:
        os.close(end)
    assert took < 2.0, f"it took {took:.2f} s"
    assert "is done at the next start" in own_service.log.read_text()
    (instance / "aside").rename(told)
    own_service.start()
    assert own_service.wait(name)["TrainingJobStatus"] == "Failed"


def test_sigterm_lets_a_request_in_flight_end(own_service):  # SEMANTICS C7
    """A body that was on its way when the signal came is stored and its client told so."""
    s3 = own_service.client("s3")
    process = own_service.process

    class Body:
        """A body whose second half comes after the signal."""
        size, sent = 1 << 20, 0

        def __len__(self):
            return self.size

        def read(self, amount=-1):
            if self.sent == 0:
                self.sent = self.size // 2
                return b"a" * self.sent
            if self.sent < self.size:
                wait_until(lambda: list(own_service.data.glob("blobs/objects/tmp/*")), "it began")
                process.terminate()
                wait_until(lambda: "stopping" in own_service.log.read_text(), "it took the signal")
                self.sent = self.size
                return b"a" * (self.size // 2)
            return b""

    url = s3.generate_presigned_url("put_object",
                                    Params={"Bucket": own_service.bucket, "Key": "late"})
    answer = send(url, Body())
    assert answer == 200
    assert process.wait(10) == 0
    own_service.stop()
    own_service.start()
    head = own_service.client("s3").head_object(Bucket=own_service.bucket, Key="late")
    assert head["ContentLength"] == Body.size


def test_serve_says_where_it_listens_as_json_too(own_service):
    own_service.stop()
    with subprocess.Popen([TRAINYARD, "serve", "--json", "--data", own_service.data, "--listen",
                           own_service.listen], stdout=subprocess.PIPE) as again:
        assert json.loads(again.stdout.readline()) == {"Endpoint": own_service.url}
        again.terminate()


def test_a_jobs_time_limit_passes_while_the_service_is_away(own_service):  # SEMANTICS J10
    name = own_service.create("exec tail -f /dev/null", StoppingCondition={"MaxRuntimeInSeconds": 2})
    own_service.wait_for(name, "Training")
    own_service.kill()
    log, = own_service.data.glob("scratch/instances/*/report.log")
    wait_until(lambda: b"max_runtime" in log.read_bytes(), "the agent ended the job by itself")
    own_service.start()
    assert own_service.wait(name)["SecondaryStatus"] == "MaxRuntimeExceeded"


def send(url, body):
    import http.client
    import urllib.parse
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request("PUT", f"{parts.path}?{parts.query}", body,
                           {"Content-Length": str(len(body))})
        return connection.getresponse().status
