"""What a job can and cannot ask through its door."""

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
