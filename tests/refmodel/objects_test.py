"""Random operations on the store and on a bucket in memory: after each, both say the same."""

import base64
import collections
import hashlib
import html
import pathlib
import random
import shutil
import sys
import tempfile
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

from bucket import Bucket, Client, Object, etag_of  # noqa: E402
from service import running  # noqa: E402

SEEDS, STEPS = 4, 25_000
PART = 5 << 20
PAGES = 12  # of a listing, about: more would be most of all requests
PARTS = ["a", "b", "a b", "\u00e4", "%2B+", "=&?", "..", "z" * 40, "\U0001f600", "-"]


class Walk:
    """One bucket, walked through at random."""

    def __init__(self, service, seed):
        self.random = random.Random(seed)
        self.name = f"walk-{seed}"
        self.model, self.client = Bucket(), Client(service, self.name)
        assert self.client.call("PUT")[0] == 200
        self.did = collections.Counter()
        # (how often, what)
        self.actions = [
            (22, self.put), (18, self.get), (8, self.get_range), (8, self.head), (8, self.delete),
            (10, self.list_pages), (6, self.copy), (5, self.put_if), (5, self.get_if),
            (2, self.delete_many), (3, self.upload_begins), (4, self.upload_part),
            (3, self.upload_ends), (1, self.upload_of_parts)]

    def key(self):
        # Of those that are there twice as often as of any.
        if self.model.objects and self.random.random() < 0.6:
            return self.random.choice(list(self.model.objects))
        key = "/".join(self.random.choice(PARTS) for _ in range(self.random.randint(1, 3)))
        return key + "/" * (self.random.random() < 0.1)

    def body(self):
        return self.random.randbytes(self.random.choice([0, 1, 10, 100, 1000, 70_000]))

    def step(self):
        weights, actions = zip(*self.actions)
        action = self.random.choices(actions, weights)[0]
        self.did[action.__name__] += 1
        action()

    def stored(self, key, body, headers):
        self.model.objects[key] = Object(body, etag_of(body), headers["content-type"],
                                         headers["x-amz-meta-note"])

    def headers(self):
        return {"content-type": self.random.choice(["text/plain", "application/x-y"]),
                "x-amz-meta-note": self.random.choice(["one", "two words"])}

    def is_same(self, headers, kept):
        assert headers["etag"] == f'"{kept.etag}"'
        assert (headers["content-type"], headers["x-amz-meta-note"]) == (kept.kind, kept.note)

    def put(self):
        key, body, headers = self.key(), self.body(), self.headers()
        status, answered, _ = self.client.call("PUT", key, body=body, headers=headers)
        assert (status, answered["etag"]) == (200, f'"{etag_of(body)}"')
        self.stored(key, body, headers)

    def put_if(self):
        key, body, headers = self.key(), self.body(), self.headers()
        kept = self.model.objects.get(key)
        condition, holds = self.random.choice([
            ({"if-none-match": "*"}, kept is None),
            ({"if-match": f'"{kept.etag}"' if kept else '"0"'}, kept is not None),
            ({"if-match": '"0123"'}, False)])
        status = self.client.call("PUT", key, body=body, headers={**headers, **condition})[0]
        missing = 404 if "if-match" in condition and kept is None else 412
        assert status == (200 if holds else missing)
        if holds:
            self.stored(key, body, headers)

    def get(self):
        key = self.key()
        kept = self.model.objects.get(key)
        status, headers, body = self.client.call("GET", key)
        assert status == (200 if kept else 404)
        if kept:
            assert body == kept.body
            self.is_same(headers, kept)

    def get_if(self):
        key = self.key()
        kept = self.model.objects.get(key)
        etag = f'"{kept.etag}"' if kept and self.random.random() < 0.5 else '"0123"'
        same = kept is not None and etag == f'"{kept.etag}"'
        name = self.random.choice(["if-match", "if-none-match"])
        status = self.client.call("GET", key, headers={name: etag})[0]
        if kept is None:
            assert status == 404
        elif name == "if-match":
            assert status == (200 if same else 412)
        else:
            assert status == (304 if same else 200)

    def get_range(self):
        key = self.key()
        kept = self.model.objects.get(key)
        first = self.random.choice([0, 1, 5, 999, 65_536])
        last = first + self.random.choice([0, 1, 100, 100_000])
        status, headers, body = self.client.call("GET", key, headers={"range": f"bytes={first}-{last}"})
        if kept is None:
            assert status == 404
        elif first >= len(kept.body):
            assert status == 416
        else:
            assert (status, body) == (206, kept.body[first:last + 1])
            end = min(last, len(kept.body) - 1)
            assert headers["content-range"] == f"bytes {first}-{end}/{len(kept.body)}"

    def head(self):
        key = self.key()
        kept = self.model.objects.get(key)
        status, headers, _ = self.client.call("HEAD", key)
        assert status == (200 if kept else 404)
        if kept:
            assert int(headers["content-length"]) == len(kept.body)
            self.is_same(headers, kept)

    def delete(self):
        key = self.key()
        assert self.client.call("DELETE", key)[0] == 204
        self.model.objects.pop(key, None)

    def delete_many(self):
        keys = {self.key() for _ in range(self.random.randint(1, 8))}
        named = "".join(f"<Object><Key>{html.escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{named}</Delete>".encode()
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        status, _, said = self.client.call("POST", query=[("delete", "")], body=body,
                                           headers={"content-md5": digest})
        assert status == 200 and b"<Error>" not in said, said
        for key in keys:
            self.model.objects.pop(key, None)

    def copy(self):
        source, key = self.key(), self.key()
        kept = self.model.objects.get(source)
        replaced = self.headers() if source == key or self.random.random() < 0.5 else None
        headers = {"x-amz-copy-source": "/" + self.name + "/" + urllib.parse.quote(source, safe="/")}
        if replaced:
            headers |= {**replaced, "x-amz-metadata-directive": "REPLACE"}
        status = self.client.call("PUT", key, headers=headers)[0]
        assert status == (200 if kept else 404)
        if kept:
            self.model.objects[key] = (Object(kept.body, kept.etag, replaced["content-type"],
                                              replaced["x-amz-meta-note"]) if replaced else
                                       Object(kept.body, kept.etag, kept.kind, kept.note))

    def list_pages(self):
        """A listing page by page: the same entries in the same order, none twice."""
        prefix = self.random.choice(["", "", "a", "a/", "a b/", "\u00e4", "none", self.key()])
        delimiter = self.random.choice(["", "/", "/", "b"])
        after = self.random.choice(["", "", "", self.key()])
        wanted = self.model.listed(prefix, delimiter, after)
        few = max(self.random.choice([1, 3, 7]), len(wanted) // PAGES + 1)
        query = {"prefix": prefix, "max-keys": self.random.choice([few, few, few, 1000, 1000])}
        if delimiter:
            query["delimiter"] = delimiter
        if after:
            query["start-after"] = after
        found, token = [], None
        while True:
            objects, prefixes, token = self.client.page(
                **query, **({"continuation-token": token} if token else {}))
            for key, etag, size in objects:
                kept = self.model.objects[key]
                assert (etag, size) == (kept.etag, len(kept.body))
            page = [(key, True) for key, _, _ in objects] + [(prefix, False) for prefix in prefixes]
            found += sorted(page, key=lambda entry: entry[0].encode())
            assert len(page) <= query["max-keys"]
            if not token:
                break
        assert found == wanted

    def upload_begins(self):
        key, headers = self.key(), self.headers()
        status, _, body = self.client.call("POST", key, query=[("uploads", "")], headers=headers)
        assert status == 200
        id_ = body.split(b"<UploadId>")[1].split(b"<")[0].decode()
        self.model.uploads[id_] = (key, headers, {})

    def upload(self):
        return self.random.choice(list(self.model.uploads)) if self.model.uploads else None

    def upload_part(self):
        if id_ := self.upload():
            key, _, parts = self.model.uploads[id_]
            number, body = self.random.choice([1, 1, 2, 10_000]), self.body()
            status, headers, _ = self.client.call(
                "PUT", key, query=[("uploadId", id_), ("partNumber", number)], body=body)
            assert (status, headers["etag"]) == (200, f'"{etag_of(body)}"')
            parts[number] = body

    def completed(self, id_, listed):
        key, headers, parts = self.model.uploads[id_]
        document = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag_of(parts[n])}</ETag></Part>"
                           for n in listed)
        body = f"<CompleteMultipartUpload>{document}</CompleteMultipartUpload>".encode()
        return self.client.call("POST", key, query=[("uploadId", id_)], body=body)

    def upload_ends(self):
        if not (id_ := self.upload()):
            return
        key, headers, parts = self.model.uploads[id_]
        if not parts or self.random.random() < 0.3:
            assert self.client.call("DELETE", key, query=[("uploadId", id_)])[0] == 204
            del self.model.uploads[id_]
            return
        listed = sorted(self.random.sample(sorted(parts), self.random.randint(1, len(parts))))
        status, _, said = self.completed(id_, listed)
        if any(len(parts[n]) < PART for n in listed[:-1]):  # nothing has changed
            assert status == 400 and b"EntityTooSmall" in said
            return
        assert status == 200 and b"<Error>" not in said, said
        bodies = [parts[n] for n in listed]
        self.model.objects[key] = Object(b"".join(bodies), etag_of(bodies), headers["content-type"],
                                         headers["x-amz-meta-note"])
        del self.model.uploads[id_]

    def upload_of_parts(self):
        """Now and then one of real parts, in any order."""
        if self.random.random() > 0.05:
            return self.put()
        self.upload_begins()
        id_ = list(self.model.uploads)[-1]
        key, _, parts = self.model.uploads[id_]
        for number in self.random.sample([1, 2, 3], 3):
            body = self.random.randbytes(PART if number < 3 else 1234)
            assert self.client.call("PUT", key, query=[("uploadId", id_), ("partNumber", number)],
                                    body=body)[0] == 200
            parts[number] = body
        status, _, said = self.completed(id_, [1, 2, 3])
        assert status == 200, said
        bodies = [parts[n] for n in (1, 2, 3)]
        _, headers, _ = self.model.uploads.pop(id_)
        self.model.objects[key] = Object(b"".join(bodies), etag_of(bodies), headers["content-type"],
                                         headers["x-amz-meta-note"])

    def all_is_same(self):
        objects, _, token = self.client.page(**{"max-keys": 1000})
        assert token is None
        assert objects == [(key, kept.etag, len(kept.body)) for key, kept in sorted(
            self.model.objects.items(), key=lambda item: item[0].encode())]
        for key, kept in self.model.objects.items():
            status, headers, body = self.client.call("GET", key)
            assert (status, body) == (200, kept.body)
            self.is_same(headers, kept)


ROOM_BYTES = 4 << 30


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """In memory where there is room: that what was synced stays is shown elsewhere, and syncs are most of
    the time here."""
    memory = pathlib.Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free >= ROOM_BYTES
    place = pathlib.Path(tempfile.mkdtemp(dir=memory)) if has_room else tmp_path_factory.mktemp("refmodel")
    try:
        with running(place) as started:
            yield started
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_store_is_a_bucket(service, seed):  # SEMANTICS S1, S3, S4, S6, S9, S11, S12
    walk = Walk(service, seed)
    for step in range(STEPS):
        try:
            walk.step()
        except AssertionError as error:
            error.add_note(f"seed {seed}, step {step}, after {dict(walk.did)}")
            raise
    walk.all_is_same()
    assert min(walk.did[action.__name__] for _, action in walk.actions) > 100, walk.did
