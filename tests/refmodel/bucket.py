"""A bucket as S3 has it, in memory, and a fast client: what one says the other must say."""

import dataclasses
import datetime
import hashlib
import hmac
import socket
import urllib.parse
import xml.etree.ElementTree

SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclasses.dataclass
class Object:
    body: bytes
    etag: str
    kind: str
    note: str  # user metadata


class Bucket:
    """What there is."""

    def __init__(self):
        self.objects = {}
        self.uploads = {}  # id: (key, {number: body})

    def listed(self, prefix, delimiter, after):
        """The entries of a listing in order: (key, True) or (common prefix, False). Keys behind `after`
        count, also within a common prefix that begins before it."""
        out = []
        keys = (k for k in self.objects if k.startswith(prefix) and k.encode() > after.encode())
        for key in sorted(keys, key=str.encode):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            entry = (key, True) if cut < 0 else (key[:cut + len(delimiter)], False)
            if entry not in out[-1:]:
                out.append(entry)
        return out


def etag_of(*parts):
    """Of one body, or of the parts of an upload."""
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return hashlib.md5(parts[0]).hexdigest()
    digests = b"".join(hashlib.md5(part).digest() for part in parts[0])
    return f"{hashlib.md5(digests).hexdigest()}-{len(parts[0])}"


class Client:
    """Signs by itself, with the day's key made once: botocore would take longer than the store."""

    def __init__(self, service, bucket):
        self.service, self.bucket = service, bucket
        self.host = urllib.parse.urlsplit(service.url).netloc
        self.connection, self.answers = None, None
        self.day, self.key = None, None

    def _signing_key(self, day):
        if day != self.day:
            key = ("AWS4" + self.service.secret_key).encode()
            for part in (day, self.service.region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self.day, self.key = day, key
        return self.key

    def call(self, verb, key="", query=(), body=b"", headers=()):
        """(status, headers, body)"""
        path = urllib.parse.quote(f"/{self.bucket}/{key}" if key else f"/{self.bucket}", safe="/-_.~")
        asked = "&".join(f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(str(v), safe='-_.~')}"
                         for k, v in sorted(query))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        sent = {**dict(headers), "host": self.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
                "x-amz-date": now}
        names = sorted(name for name in sent if name == "host" or name.startswith("x-amz-"))
        canonical = "\n".join([verb, path, asked, *(f"{name}:{sent[name]}" for name in names), "",
                               ";".join(names), "UNSIGNED-PAYLOAD"])
        scope = f"{now[:8]}/{self.service.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signature = hmac.digest(self._signing_key(now[:8]), text.encode(), "sha256").hex()
        sent["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.service.access_key}/{scope}, "
                                 f"SignedHeaders={';'.join(names)}, Signature={signature}")
        return self._exchange(verb, path + ("?" + asked if asked else ""), body, sent)

    def _exchange(self, verb, target, body, sent):
        """By hand: http.client would take a third of all the time."""
        if not self.connection:
            host, port = self.host.split(":")
            self.connection = socket.create_connection((host, int(port)), timeout=60)
            self.answers = self.connection.makefile("rb")
        lines = [f"{verb} {target} HTTP/1.1", f"content-length: {len(body)}",
                 *(f"{name}: {value}" for name, value in sent.items())]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        status, headers = int(self.answers.readline().split()[1]), {}
        while (line := self.answers.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        has_body = verb != "HEAD" and status not in (204, 304)
        answer = self.answers.read(int(headers["content-length"])) if has_body else b""
        if headers.get("connection") == "close":
            self.answers.close()
            self.connection = self.connection.close()
        return status, headers, answer

    def page(self, **query):
        """One page of ListObjectsV2: (entries in S3's order, the next token or None)."""
        status, _, body = self.call("GET", query=[("list-type", 2), *query.items()])
        assert status == 200, body
        root = xml.etree.ElementTree.fromstring(body)
        found = [(e.find(SPACE + "Key").text, e.find(SPACE + "ETag").text.strip('"'),
                  int(e.find(SPACE + "Size").text)) for e in root.findall(SPACE + "Contents")]
        prefixes = [e.find(SPACE + "Prefix").text for e in root.findall(SPACE + "CommonPrefixes")]
        assert int(root.find(SPACE + "KeyCount").text) == len(found) + len(prefixes)
        token = root.find(SPACE + "NextContinuationToken")
        assert (root.find(SPACE + "IsTruncated").text == "true") == (token is not None)
        return found, prefixes, None if token is None else token.text
