"""The archives that Trainyard packs are read by every reader users have: Python's tarfile, GNU tar,
libarchive, and plain zlib in one call, which stops at the end of the first gzip member."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tarfile
import tempfile
import zlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACK = os.environ.get("TRAINYARD_PACK", str(ROOT / "build" / "release" / "pack"))

MIB = 1 << 20
LONG = "/".join(["d" * 90] * 4) + "/" + "f" * 200
NOT_UTF8 = os.fsdecode(b"caf\xe9-" + b"x" * 120)


def pack(directory):
    done = subprocess.run([PACK, str(directory)], capture_output=True, check=True)
    return done.stdout, done.stderr.decode(errors="surrogateescape")


def write(path, content, mode=0o644, mtime=1_700_000_000):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    os.utime(path, (mtime, mtime))


@pytest.fixture
def tree(tmp_path):
    """One of everything a model directory may hold."""
    root = tmp_path / "tree"
    rng = random.Random(7)
    write(f"{root}/model.pth", rng.randbytes(3 * MIB + 17))
    write(f"{root}/code/inference.py", b"print('hi')\n" * 50_000, mode=0o755)
    write(f"{root}/empty-file", b"")
    write(f"{root}/한글 이름\nline.txt", "안녕".encode())
    write(f"{root}/{LONG}", b"long")
    write(f"{root}/{NOT_UTF8}", b"bytes")
    for size in (511, 512, 513):
        write(f"{root}/sizes/{size}", b"s" * size)
    os.mkdir(f"{root}/empty-directory")
    os.link(f"{root}/model.pth", f"{root}/z-same.pth")
    os.symlink("model.pth", f"{root}/latest")
    os.symlink("t" * 150, f"{root}/dangling")
    with open(f"{root}/sparse.bin", "wb") as file:
        file.truncate(64 * MIB)
        file.write(b"begin")
        file.seek(40 * MIB)
        file.write(b"middle")
    with open(f"{root}/hole.bin", "wb") as file:
        file.truncate(20 * MIB)
    return root


def contents(root):
    """What a tree holds, as far as an archive keeps it."""
    found = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            key = os.path.relpath(path, root)
            status = os.lstat(path)
            if os.path.islink(path):
                found[key] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                found[key] = ("directory", status.st_mode & 0o777)
            else:
                with open(path, "rb") as file:
                    found[key] = (file.read(), status.st_mode & 0o777, int(status.st_mtime))
    return found


def extract_with_python(archive, target):
    with tarfile.open(archive, "r:gz") as tar:
        if hasattr(tarfile, "fully_trusted_filter"):
            tar.extraction_filter = staticmethod(tarfile.fully_trusted_filter)
        tar.extractall(target)


def extract_with_gnu_tar(archive, target):
    done = subprocess.run(["tar", "xzf", archive, "-C", target], capture_output=True, text=True, errors="replace")
    # POSIX wants that keyword before a long name that is not UTF-8; GNU tar says that it needs no telling.
    said = done.stderr.replace("tar: Ignoring unknown extended header keyword 'hdrcharset'\n", "")
    assert (done.returncode, said) == (0, "")


def extract_with_libarchive(archive, target):
    if not shutil.which("bsdtar"):
        pytest.skip("bsdtar is not installed (package libarchive-tools)")
    subprocess.run(["bsdtar", "xf", archive, "-C", target], check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})


@pytest.mark.parametrize("extract", [extract_with_python, extract_with_gnu_tar, extract_with_libarchive])
def test_a_reader_gets_back_the_tree(tree, tmp_path, extract):  # SEMANTICS O6
    archive, notes = pack(tree)
    assert notes == ""
    (tmp_path / "model.tar.gz").write_bytes(archive)
    target = tmp_path / "extracted"
    target.mkdir()
    extract(str(tmp_path / "model.tar.gz"), str(target))
    assert contents(target) == contents(tree)
    assert os.stat(target / "model.pth").st_ino == os.stat(target / "z-same.pth").st_ino


def test_holes_stay_holes_and_cost_nothing(tree, tmp_path):  # SEMANTICS O6
    for name in os.listdir(tree):
        if name not in ("sparse.bin", "hole.bin"):
            path = tree / name
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    archive, _ = pack(tree)
    assert len(zlib.decompress(archive, wbits=31)) < 64 * 1024
    (tmp_path / "a.tar.gz").write_bytes(archive)
    subprocess.run(["tar", "xzf", tmp_path / "a.tar.gz", "-C", tmp_path], check=True)
    assert os.stat(tmp_path / "sparse.bin").st_blocks * 512 < MIB


def test_one_gzip_member_for_readers_that_stop_after_the_first(tree):  # SEMANTICS O7
    archive, _ = pack(tree)
    reader = zlib.decompressobj(wbits=31)
    tar = reader.decompress(archive)
    assert reader.eof and reader.unused_data == b""
    assert len(tar) % 512 == 0 and tar.endswith(b"\0" * 1024)


def test_same_tree_same_bytes(tree):  # SEMANTICS O7
    assert pack(tree)[0] == pack(tree)[0]


def test_names_are_relative_without_a_dot_and_sorted(tree, tmp_path):  # SEMANTICS O7
    (tmp_path / "a.tar.gz").write_bytes(pack(tree)[0])
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        members = tar.getmembers()
    names = [m.name for m in members]
    assert "model.pth" in names and not any(n.startswith((".", "/")) for n in names)
    top = [os.fsencode(n) for n in names if "/" not in n]
    assert top == sorted(top)
    assert {(m.uid, m.gid) for m in members} == {(0, 0)}


def test_what_is_no_data_is_left_out_and_named(tree):  # SEMANTICS O6
    os.mkfifo(tree / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(tree)
        listener.bind("socket")
        os.chdir(here)
    os.chmod(tree / "model.pth", 0o4755)
    archive, notes = pack(tree)
    assert sorted(notes.splitlines()) == ["fifo: a FIFO: left out", "socket: a socket: left out"]
    assert b"fifo" not in zlib.decompress(archive, wbits=31)


def test_setuid_does_not_travel(tmp_path):  # SEMANTICS O7
    write(f"{tmp_path}/t/tool", b"#!/bin/sh\n", mode=0o6755)
    (tmp_path / "a.tar.gz").write_bytes(pack(tmp_path / "t")[0])
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert tar.getmember("tool").mode == 0o755


def test_an_empty_directory_is_an_archive_with_nothing_in_it(tmp_path):  # SEMANTICS O4
    (tmp_path / "t").mkdir()
    (tmp_path / "a.tar.gz").write_bytes(pack(tmp_path / "t")[0])
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert tar.getmembers() == []


def test_a_symbolic_link_in_the_directorys_place_is_refused(tmp_path):
    os.symlink("/etc", tmp_path / "t")
    done = subprocess.run([PACK, str(tmp_path / "t")], capture_output=True, text=True, errors="replace")
    assert done.returncode == 1 and "cannot open the directory" in done.stderr


def test_what_does_not_compress_hardly_grows(tmp_path):
    write(f"{tmp_path}/t/noise", random.Random(1).randbytes(8 * MIB))
    assert len(pack(tmp_path / "t")[0]) < 8 * MIB * 1.001 + 4096


@pytest.fixture
def roomy(tmp_path):
    """In memory where there is room: as many files on a disk slow down all that come after them there."""
    memory = pathlib.Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 1 << 30:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        yield pathlib.Path(directory)


def test_a_hundred_thousand_files(roomy, tmp_path):  # SEMANTICS O6
    for n in range(100):
        (roomy / f"tree/{n:02}").mkdir(parents=True)
        for m in range(1000):
            (roomy / f"tree/{n:02}/{m:03}").touch()
    archive, notes = pack(roomy / "tree")
    assert notes == ""
    (tmp_path / "a.tar.gz").write_bytes(archive)
    listed = subprocess.run(["tar", "tzf", tmp_path / "a.tar.gz"], capture_output=True, check=True).stdout
    assert listed.count(b"\n") == 100 + 100_000


def test_a_sparse_file_of_20_gib(tmp_path):  # SEMANTICS O6
    pieces = {0: b"begin", 9 << 30: b"middle", (20 << 30) - 3: b"end"}
    (tmp_path / "tree").mkdir()
    with open(tmp_path / "tree/sparse", "wb") as file:
        for at, piece in pieces.items():
            file.seek(at)
            file.write(piece)
    archive, _ = pack(tmp_path / "tree")
    assert len(archive) < MIB
    (tmp_path / "a.tar.gz").write_bytes(archive)
    subprocess.run(["tar", "xzf", tmp_path / "a.tar.gz", "-C", tmp_path], check=True)
    assert (tmp_path / "sparse").stat().st_size == 20 << 30
    assert os.stat(tmp_path / "sparse").st_blocks * 512 < MIB
    with open(tmp_path / "sparse", "rb") as file:
        for at, piece in pieces.items():
            file.seek(at)
            assert file.read(len(piece)) == piece


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that others cannot read")
def test_what_cannot_be_read_is_left_out_and_named(tmp_path):  # SEMANTICS O6
    """The packer as another user, who may go through to the tree."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        write(f"{directory}/tree/plain", b"plain")
        write(f"{directory}/tree/secret", b"secret", mode=0o600)
        write(f"{directory}/tree/closed/x", b"x")
        os.chmod(f"{directory}/tree/closed", 0o700)
        program = shutil.copy(PACK, directory)
        done = subprocess.run([program, f"{directory}/tree"], capture_output=True, check=True, user="nobody")
    (tmp_path / "a.tar.gz").write_bytes(done.stdout)
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert tar.getnames() == ["closed", "plain"]
    notes = done.stderr.decode()
    assert "secret" in notes and "closed" in notes and notes.count("left out") == 2, notes
