"""An S3 that holds a few objects and checks every request's signature with botocore's own signer."""
import http.server
import threading
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session+token/=="


def _signature_is_right(handler):
    given = dict(p.split("=", 1) for p in handler.headers["Authorization"].split(" ", 1)[1].split(", "))
    key, _, region, service, _ = given["Credential"].split("/")
    names = given["SignedHeaders"].split(";")
    request = AWSRequest("GET", f"http://{handler.headers['Host']}{handler.path}",
                         headers={n: handler.headers[n] for n in names})
    request.context["timestamp"] = handler.headers["X-Amz-Date"]
    auth = S3SigV4Auth(Credentials(KEY, SECRET, TOKEN), service, region)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return (key == KEY and {"host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"} <= set(names)
            and auth.signature(text, request) == given["Signature"])


class S3Stub:
    """`objects`: path -> bytes. `faults`: what to do wrong first, one an answer: a status, "cut", "drop"."""

    def __init__(self):
        self.objects, self.faults, self.refused, self.requests = {}, [], [], []
        self.credentials = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": TOKEN}
        self.credential_tokens = []
        self.chunked = False
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                stub._answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _answer(self, handler):
        if handler.path == "/credentials":
            import json
            self.credential_tokens.append(handler.headers["Authorization"])
            return self._send(handler, 200, json.dumps(self.credentials).encode())
        self.requests.append(handler.path)
        if not _signature_is_right(handler):
            self.refused.append(handler.path)
            return self._send(handler, 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        body = self.objects.get(urllib.parse.unquote(handler.path))
        fault = self.faults.pop(0) if self.faults else None
        if fault == "drop":
            handler.close_connection = True
            return None
        if fault == "cut":
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[:len(body) // 2])
            handler.close_connection = True
            return None
        if fault or body is None:
            return self._send(handler, fault or 404, b"<Error/>")
        return self._send(handler, 200, body)

    def _send(self, handler, status, body):
        handler.send_response(status)
        if self.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            for at in range(0, len(body), 1000):
                piece = body[at:at + 1000]
                handler.wfile.write(b"%x;x=y\r\n%s\r\n" % (len(piece), piece))
            handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
