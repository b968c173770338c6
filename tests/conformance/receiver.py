"""An endpoint that is told of events: a plain HTTP server."""

import contextlib
import hashlib
import hmac
import http.server
import json
import ssl
import threading

from service import wait_until

SECRET = "a-secret-of-32-characters-123456"


class Receiver:
    """Keeps what came, as (headers, body), and answers each with what `answer(event)` says; with None
    the peer gets a header that does not end, a byte every two seconds."""

    def __init__(self, address="127.0.0.1:0", answer=lambda event: 200, tls=None):
        """`tls`: the files of a certificate and its key."""
        self.answer, self.came, self.released = answer, [], threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append((self.path, dict(self.headers), body))
                with contextlib.suppress(OSError):  # the peer is gone
                    receiver.reply(self, receiver.answer(json.loads(body)))

            def log_message(self, *_):
                pass

        host, port = address.split(":")
        self.server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
        self.server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = "%s:%d" % self.server.server_address
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def reply(self, handler, status):
        if status is None:
            handler.close_connection = True
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self.released.wait(2):
                handler.wfile.write(b"x")
            return
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def settings(self, more=""):
        return settings(self.address, more, self.scheme)

    def events(self):
        return [json.loads(body) for _, _, body in self.came]

    def of(self, job):
        return [event for event in self.events() if event["detail"]["TrainingJobName"] == job]

    def until_ended(self, job):
        """The job's events, once the last one has come."""
        wait_until(lambda: "Completed" in [e["detail"].get("TrainingJobStatus") for e in self.of(job)],
                   f"{self.address} was told that {job} has ended")
        return self.of(job)

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def settings(address, more="", scheme="http"):
    return f'[[events]]\nurl = "{scheme}://{address}/hook?team=1"\nsecret = "{SECRET}"\n{more}\n'


def is_signed(headers, body, secret=SECRET):
    given = dict(part.split("=", 1) for part in headers["Trainyard-Signature"].split(","))
    mac = hmac.new(secret.encode(), given["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, given["v1"])
