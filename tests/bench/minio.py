"""The store beside MinIO: the same requests to both, in turns, each on the same disk and each durable when
it answers."""

import contextlib
import os
import pathlib
import statistics
import sys

from other_s3 import Minio, program
from service import running
from signed import play, s3

BUCKET, PAGE = "bench-store", 1000
SMALL_BYTES, SMALL_CONNECTIONS, SMALL_OBJECTS, GETS_OF_EACH = 4 << 10, 16, 10_000, 2
BIG_BYTES, BIG_CONNECTIONS, BIG_OBJECTS = 256 << 20, 4, 8
FRONT = 16  # what tells one content from the other: equal ones would be kept once
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def both(directory):
    """(ours, MinIO), each with an empty bucket."""
    with running(directory) as service, contextlib.closing(Minio(directory / "minio")) as minio:
        for client in (service.client("s3"), minio.s3):
            client.create_bucket(Bucket=BUCKET)
        yield service, minio


def client_of(store):
    return store.s3 if isinstance(store, Minio) else store.client("s3")


def path(key):
    return f"/{BUCKET}/{key}"


def keys(prefix, count):
    return [f"{prefix}/{n // PAGE:04}/{n:07}" for n in range(count)]


def put_small(store, names, connections=SMALL_CONNECTIONS, size=SMALL_BYTES):
    """How many PUTs of so many bytes are answered a second."""
    block = os.urandom(size)
    requests = [s3(store, "PUT", path(name), (os.urandom(FRONT) + block)[:size]) for name in names]
    return play(store.url, requests, connections)["per_second"]


def get(store, names, connections):
    return play(store.url, [s3(store, "GET", path(name)) for name in names], connections)["per_second"]


def compared(name, unit, pairs):
    """The figure of rounds of (ours, theirs): the median round."""
    ours, theirs = sorted(pairs, key=lambda p: p[0] / p[1])[len(pairs) // 2]
    return {"name": f"{name}_vs_minio", "unit": "times", "value": round(ours / theirs, 2),
            "peer": f"MinIO's {unit}; ours {ours:.0f}", "peer_value": round(theirs)}


def is_here(what):
    if not program("minio"):
        print(f"{what}: no minio here; see ./setup bench", file=sys.stderr)
    return program("minio")


def small(directory, rounds=5, count=SMALL_OBJECTS // 2):
    """PUTs and GETs of 4 KiB, each of another content and key, by 16 connections."""
    if not is_here("put4k_vs_minio"):
        return
    put, got = [], []
    with both(directory) as stores:
        for n in range(rounds):
            names = keys(f"small-{n}", count)
            put.append([os.sync() or put_small(store, names) for store in stores])
            got.append([os.sync() or get(store, names * GETS_OF_EACH, SMALL_CONNECTIONS)
                        for store in stores])
    yield compared("put4k", f"PUTs of 4 KiB a second, {SMALL_CONNECTIONS} connections", put)
    yield compared("get4k", f"GETs of 4 KiB a second, {SMALL_CONNECTIONS} connections", got)


def put_big(store, names, rest):
    """MB/s of PUTs whose bodies differ in their front alone."""
    more = rest.stat().st_size
    requests = [s3(store, "PUT", path(name), os.urandom(FRONT), more) for name in names]
    return play(store.url, requests, BIG_CONNECTIONS, rest)["per_second"] * (FRONT + more) / 1e6


def delete(store, names):
    for name in names:
        client_of(store).delete_object(Bucket=BUCKET, Key=name)


def big(directory, rounds=5, size=BIG_BYTES, count=BIG_OBJECTS):
    """Single PUTs and GETs of 256 MiB by 4 connections; what is read is in the page cache."""
    if not is_here("put256m_vs_minio"):
        return
    rest = pathlib.Path(directory) / "rest"
    rest.write_bytes((os.urandom(min(1 << 20, size)) * (size >> 20 or 1))[FRONT:])
    put, got = [], []
    with both(directory) as stores:
        for n in range(rounds):
            names = keys(f"big-{n}", count)
            put.append([os.sync() or put_big(store, names, rest) for store in stores])
            got.append([os.sync() or get(store, names * 2, BIG_CONNECTIONS) * size / 1e6
                        for store in stores])
            for store in stores:
                delete(store, names)
    yield compared("put256m", f"MB/s of PUTs of 256 MiB, {BIG_CONNECTIONS} connections", put)
    yield compared("get256m", f"MB/s of GETs of 256 MiB, {BIG_CONNECTIONS} connections", got)


def cpu_ms(store):
    """What the server's process has taken of the processors, in itself and in the kernel."""
    fields = pathlib.Path(f"/proc/{store.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_A_SECOND


def list_cpu_ms(store, prefix, pages, walks, after=""):
    """CPU of one page of 1,000 keys: of so many, one after the other, and that several times."""
    begun = cpu_ms(store)
    for _ in range(walks):
        listing = client_of(store).get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=f"{prefix}/", StartAfter=after)
        counts = [page["KeyCount"] for _, page in zip(range(pages), listing)]
        assert counts == [PAGE] * pages, counts
    return (cpu_ms(store) - begun) / (pages * walks)


def listing(directory, rounds=5, count=SMALL_OBJECTS, walks=10):
    """CPU of the server for a page of 1,000 of 10,000 keys."""
    if not is_here("list1000_vs_minio"):
        return
    with both(directory) as stores:
        for store in stores:
            put_small(store, keys("few", count))
        took = [[list_cpu_ms(store, "few", count // PAGE, walks) for store in stores] for _ in range(rounds)]
    ours, theirs = (statistics.median(times) for times in zip(*took))
    yield {"name": "list1000_vs_minio", "unit": "times", "value": round(theirs / ours, 1),
           "peer": f"ms of CPU a page of 1,000 keys; ours {ours:.2f}", "peer_value": round(theirs, 2)}


FIGURES = {"put4k_vs_minio": small, "get4k_vs_minio": small, "put256m_vs_minio": big,
           "get256m_vs_minio": big, "list1000_vs_minio": listing}
