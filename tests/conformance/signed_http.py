"""Requests made by hand: signed by botocore's own signer, sent as the bytes that a test wants."""

import http.client
import json
import socket
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

JSON = "application/x-amz-json-1.1"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.body = response.read()
        self.keeps_alive = not response.will_close

    @property
    def error(self):
        """What a JSON service says is wrong: (code, HTTP status, message)."""
        error = json.loads(self.body)
        return error["__type"], self.status, error["message"]


def signed_headers(service, operation, body, api="sagemaker", region=None):
    """The headers of one request of a JSON service."""
    request = botocore.awsrequest.AWSRequest(
        "POST", service.url + "/", data=body,
        headers={"Content-Type": JSON, "X-Amz-Target": operation})
    key = botocore.credentials.Credentials(service.access_key, service.secret_key)
    botocore.auth.SigV4Auth(key, api, region or service.region).add_auth(request)
    return dict(request.headers)


class Caller:
    """Calls operations of SageMaker over one connection, with any body."""

    def __init__(self, service):
        self.service = service
        self.connection = http.client.HTTPConnection(address_of(service)[0],
                                                     address_of(service)[1], timeout=60)

    def call(self, operation, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = signed_headers(self.service, "SageMaker." + operation, body)
        self.connection.request("POST", "/", body, headers)
        return Answer(self.connection.getresponse())


def address_of(service):
    url = urllib.parse.urlsplit(service.url)
    return url.hostname, url.port


def connect(service):
    """A bare connection; what the service takes longer than this to say, it does not say."""
    return socket.create_connection(address_of(service), timeout=120)


def head_of(service, headers, start="POST / HTTP/1.1"):
    """A request's bytes up to its body."""
    host, port = address_of(service)
    lines = [start, f"Host: {host}:{port}"] + [f"{k}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer_on(connection, method="POST"):
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response)
