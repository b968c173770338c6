"""Between a service and the S3 that its buckets lie in: a proxy that breaks off, holds up or is away."""

import contextlib
import socket
import ssl
import threading


class Way:
    """Passes connections on to `to`, "HOST:PORT", as long as `broken` lets it."""

    def __init__(self, to, tls=None):
        """`tls`: the files of a certificate and its key."""
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        host, port = to.split(":")
        self.to = (host, int(port))
        self.cut_after = None   # bytes of answers, then the connection breaks; once, where `cuts` is set
        self.cuts = 0
        self.connections = 0
        self.spoil = False      # the last byte of each piece of an answer of 1 KiB or more is another one
        self.slow = threading.Event()  # answers come in pieces of 64 KiB with a pause behind each
        self.let_in = None      # so many more connections are passed on; others wait for `open`
        self.passed = 0
        self.refused = 0
        self.open, self.answers = threading.Event(), threading.Event()  # for connections, for answers
        self.over = threading.Event()
        self.open.set()
        self.answers.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.ends = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.let_in is not None:
                if self.let_in == 0:
                    threading.Thread(target=self.connect_later, args=(client,), daemon=True).start()
                    continue
                self.let_in -= 1
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    @contextlib.contextmanager
    def silent(self):
        """Meanwhile nothing is answered."""
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()

    def connect_later(self, client):
        self.open.wait(60)
        self.connect(client)

    def connect(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            server = socket.create_connection(self.to)
        except OSError:
            self.refused += 1
            client.close()
            return
        self.ends += [client, server]
        threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
        self.pump(server, client, True)

    def pump(self, source, sink, is_answer):
        left = None
        if is_answer and self.cuts > 0:
            self.cuts -= 1
            left = self.cut_after
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if is_answer:
                    self.answers.wait(60)
                    self.passed += len(data)
                    if self.spoil and len(data) >= 1024:
                        data = data[:-1] + bytes([data[-1] ^ 1])
                    if self.slow.is_set():
                        self.over.wait(0.02)
                if left is not None:
                    sink.sendall(data[:left])
                    left -= len(data)
                    if left <= 0:
                        break
                    continue
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.over.set()
        self.open.set()
        self.answers.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.ends:
            end.close()
        self.thread.join(10)
