"""Signed requests as bytes, prepared beforehand, and the program that plays them."""

import datetime
import functools
import hashlib
import hmac
import json
import struct
import subprocess

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from service import BUILD

NAMES = "host;x-amz-content-sha256;x-amz-date"


def request(service, url, verb, path, body=b"", name="sagemaker", headers=()):
    """One request to `url`, signed with the service's key."""
    credentials = botocore.credentials.Credentials(service.access_key, service.secret_key)
    made = botocore.awsrequest.AWSRequest(verb, url + path, data=body, headers=dict(headers))
    botocore.auth.SigV4Auth(credentials, name, service.region).add_auth(made)
    head = [f"{verb} {path} HTTP/1.1", f"Host: {url.removeprefix('http://')}",
            f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in made.headers.items())]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@functools.cache
def s3_key(secret, *scope):
    return functools.reduce(lambda key, word: hmac.digest(key, word.encode(), "sha256"), scope,
                            b"AWS4" + secret.encode())


def s3(store, verb, path, body=b"", more=0):
    """One request of a store, behind whose body `more` bytes will come. By hand, in a tenth of the time
    that botocore takes: there are figures of a million."""
    now = f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}"
    scope = (now[:8], store.region, "s3", "aws4_request")
    host = store.url.removeprefix("http://")
    signed = [f"host:{host}", "x-amz-content-sha256:UNSIGNED-PAYLOAD", f"x-amz-date:{now}"]
    canonical = "\n".join([verb, path, "", *signed, "", NAMES, "UNSIGNED-PAYLOAD"]).encode()
    text = "\n".join(["AWS4-HMAC-SHA256", now, "/".join(scope), hashlib.sha256(canonical).hexdigest()])
    signature = hmac.digest(s3_key(store.secret_key, *scope), text.encode(), "sha256").hex()
    authorization = (f"AWS4-HMAC-SHA256 Credential={store.access_key}/{'/'.join(scope)}, "
                     f"SignedHeaders={NAMES}, Signature={signature}")
    head = [f"{verb} {path} HTTP/1.1", *signed, f"authorization:{authorization}",
            f"content-length:{len(body) + more}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def sagemaker(service, url, operation, body):
    return request(service, url, "POST", "/", json.dumps(body).encode(), headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"SageMaker.{operation}"})


def play(url, requests, connections, *body):
    """Answers per second and times, as tests/bench/play.cc prints them; none may fail."""
    host, port = url.removeprefix("http://").split(":")
    ran = subprocess.run([BUILD / "play", host, port, str(connections), *body], capture_output=True,
                         input=b"".join(struct.pack("<Q", len(r)) + r for r in requests))
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    figures = json.loads(ran.stdout)
    assert figures["failed"] == 0, ran.stderr.decode(errors="replace")
    figures["per_second"] = figures["answered"] / figures["seconds"]
    return figures
