"""What can and cannot be asked at the doors: the one port, and a job's own."""

import pytest

ASK = r"""
import os, socket, urllib.parse
door = urllib.parse.urlsplit(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
connection = socket.create_connection((door.hostname, door.port))
connection.sendall(b"GET /-/agent HTTP/1.1\r\nHost: door\r\nConnection: Upgrade\r\n"
                   b"Upgrade: trainyard-agent/1\r\n\r\n")
print(connection.recv(4096).split(b"\r\n")[0].decode())
"""


def test_a_job_cannot_speak_for_its_agent(service):  # SEMANTICS X30
    """It knows its instance's token; the agents' own protocol is not offered at the door."""
    job = service.job('exec /usr/bin/python3 -c "$ASK"', Environment={"ASK": ASK})
    assert job["TrainingJobStatus"] == "Completed", job
    (status,) = service.lines(job["TrainingJobName"])
    assert status.split()[1] == "403"


def test_a_client_that_is_slow_with_its_headers_is_cut_off(service, slow_client):  # SEMANTICS A9
    """It is let go after 20 s, and others have been served meanwhile."""
    assert slow_client.result() == pytest.approx(20, abs=4)
