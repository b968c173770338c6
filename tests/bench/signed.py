"""Signed requests as bytes, prepared beforehand, and the program that plays them."""

import json
import struct
import subprocess

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from service import BUILD


def request(service, url, verb, path, body=b"", name="sagemaker", headers=()):
    """One request to `url`, signed with the service's key."""
    credentials = botocore.credentials.Credentials(service.access_key, service.secret_key)
    made = botocore.awsrequest.AWSRequest(verb, url + path, data=body, headers=dict(headers))
    if name == "s3":
        made.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        botocore.auth.S3SigV4Auth(credentials, name, service.region).add_auth(made)
    else:
        botocore.auth.SigV4Auth(credentials, name, service.region).add_auth(made)
    head = [f"{verb} {path} HTTP/1.1", f"Host: {url.removeprefix('http://')}",
            f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in made.headers.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def sagemaker(service, url, operation, body):
    return request(service, url, "POST", "/", json.dumps(body).encode(), headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"SageMaker.{operation}"})


def play(url, requests, connections):
    """Answers per second and times, as tests/bench/play.cc prints them; none may fail."""
    host, port = url.removeprefix("http://").split(":")
    ran = subprocess.run([BUILD / "play", host, port, str(connections)], capture_output=True,
                         input=b"".join(struct.pack("<Q", len(r)) + r for r in requests))
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    figures = json.loads(ran.stdout)
    assert figures["failed"] == 0, ran.stderr.decode(errors="replace")
    figures["per_second"] = figures["answered"] / figures["seconds"]
    return figures
