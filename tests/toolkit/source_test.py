"""Where the user's code comes from: S3, archives of all kinds, directories."""
import gzip
import io
import os
import stat
import subprocess
import tarfile

import pytest

import container
import s3_stub
from container import DUMP, Container

URI = "s3://bucket/a b/source+dir.tar.gz"
PATH = "/bucket/a b/source+dir.tar.gz"


def archive(*members, fmt=tarfile.PAX_FORMAT):
    """members: (name, content or None, changes to the TarInfo)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=fmt) as tar:
        for name, content, changes in members:
            info = tarfile.TarInfo(name)
            info.size = len(content or b"")
            info.mtime = 1_600_000_000
            for key, value in changes.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content) if content is not None else None)
    return out.getvalue()


SIMPLE = archive(("train.py", DUMP.encode(), {}))


@pytest.fixture
def s3():
    with s3_stub.S3Stub() as stub:
        stub.objects[PATH] = SIMPLE
        yield stub


def job(stub, uri=URI, **env):
    given = {"AWS_ENDPOINT_URL": stub.url, "AWS_CONTAINER_CREDENTIALS_FULL_URI": stub.url + "/credentials",
             "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer-1", "AWS_REGION": "eu-west-1", **env}
    return Container(files={}, hyperparameters={"sagemaker_submit_directory": uri},
                     env={k: v for k, v in given.items() if v is not None})


def test_code_comes_from_s3_with_credentials_of_the_container(ours, base, s3):
    ended = container.run(ours, base, job(s3))
    assert ended.code == 0, ended.stderr
    assert ended.seen["env"]["SM_MODULE_DIR"] == URI
    assert s3.requests == ["/bucket/a%20b/source%2Bdir.tar.gz"] and not s3.refused
    assert s3.credential_tokens == ["Bearer-1"]


def test_keys_in_variables_come_first(ours, base, s3):
    env = {"AWS_ACCESS_KEY_ID": s3_stub.KEY, "AWS_SECRET_ACCESS_KEY": s3_stub.SECRET,
           "AWS_SESSION_TOKEN": s3_stub.TOKEN}
    assert container.run(ours, base, job(s3, **env)).code == 0
    assert not s3.credential_tokens and not s3.refused


def test_token_file_and_service_endpoint(ours, base, s3, tmp_path):
    token = tmp_path / "token"
    token.write_text("from file\n")
    case = job(s3, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token), AWS_ENDPOINT_URL="http://127.0.0.1:1",
               S3_ENDPOINT_URL=s3.url)
    assert container.run(ours, base, case).code == 0
    assert s3.credential_tokens == ["from file"]


def test_chunked_answers_are_understood(ours, base, s3):
    s3.chunked = True
    assert container.run(ours, base, job(s3)).code == 0


@pytest.mark.parametrize("faults", [["drop"], ["cut", "cut"], [503, 500, 429]])
def test_passing_failures_are_tried_again(ours, base, s3, faults):  # SEMANTICS T12
    s3.faults = list(faults)
    ended = container.run(ours, base, job(s3))
    assert ended.code == 0, ended.stderr
    assert len(s3.requests) == len(faults) + 1


def test_four_failures_are_enough(ours, base, s3):  # SEMANTICS T12
    s3.faults = [503] * 9
    ended = container.run(ours, base, job(s3))
    assert ended.code == 1 and len(s3.requests) == 4
    assert ended.failure.startswith(f"Framework Error: \ndownload {URI}: S3 answered 503")


@pytest.mark.parametrize("change, words", [
    ({"uri": "s3://bucket/none"}, "An error occurred (404) when calling the HeadObject operation: Not Found"),
    ({"uri": "s3://bucket"}, "does not name an object as s3://BUCKET/KEY does"),
    ({"AWS_ENDPOINT_URL": None}, "says where S3 is"),
    ({"AWS_ENDPOINT_URL": "https://s3.amazonaws.com"}, "TLS is not spoken here"),
    ({"AWS_ENDPOINT_URL": "http://no-such-host.example"}, "look up host no-such-host.example"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": None}, "Unable to locate credentials"),
    ({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"),
])
def test_what_is_wrong_is_said(ours, base, s3, change, words):  # SEMANTICS T13
    ended = container.run(ours, base, job(s3, **change))
    assert ended.code == 1
    assert ended.failure.startswith("Framework Error: \n") and words in ended.failure


# Archives: both toolkits must leave the same tree. (name, members)
LONG = "d" * 90 + "/" + "e" * 90 + "/" + "f" * 90 + ".py"
ARCHIVES = {
    "plain": archive(("train.py", DUMP.encode(), {"mode": 0o640}), ("pkg", None, {"type": tarfile.DIRTYPE}),
                     ("pkg/a.py", b"a", {"mode": 0o7777}), ("empty", b"", {"mode": 0})),
    "dot": archive((".", None, {"type": tarfile.DIRTYPE}), ("./train.py", DUMP.encode(), {})),
    "traversal": archive(("../evil.txt", b"1", {}), ("/abs/evil.txt", b"2", {}), ("a/../../b.txt", b"3", {}),
                         ("c\\..\\d.txt", b"4", {}), ("..", b"5", {}), ("train.py", DUMP.encode(), {})),
    "devices": archive(("fifo", None, {"type": tarfile.FIFOTYPE}), ("null", None, {
        "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}), ("train.py", DUMP.encode(), {})),
    "links": archive(("train.py", DUMP.encode(), {}), ("in", None, {"type": tarfile.SYMTYPE, "linkname": "train.py"}),
                     ("d/up", None, {"type": tarfile.SYMTYPE, "linkname": "../train.py"}),
                     ("out", None, {"type": tarfile.SYMTYPE, "linkname": "../../out"}),
                     ("out2", None, {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
                     ("hard", None, {"type": tarfile.LNKTYPE, "linkname": "train.py"}),
                     ("hard_out", None, {"type": tarfile.LNKTYPE, "linkname": "../x"})),
    "long_gnu": archive(("train.py", DUMP.encode(), {}), (LONG, b"x", {}), fmt=tarfile.GNU_FORMAT),
    "long_pax": archive(("train.py", DUMP.encode(), {}), (LONG, b"x", {}), ("é€😀.py", b"y", {})),
    "long_ustar": archive(("train.py", DUMP.encode(), {}), ("d" * 90 + "/" + "e" * 90, b"x", {}),
                          fmt=tarfile.USTAR_FORMAT),
    "repeated": archive(("train.py", b"no", {}), ("train.py", DUMP.encode(), {})),
    "two_members": gzip.compress(gzip.decompress(SIMPLE)[:700]) + gzip.compress(gzip.decompress(SIMPLE)[700:]),
    "padded": SIMPLE + b"\0" * 100,
}
BROKEN = {
    "no_gzip": b"this is no archive",
    "plain_tar": gzip.decompress(SIMPLE),
    "empty": b"",
    "cut": SIMPLE[:len(SIMPLE) // 2],
    "bad_checksum": SIMPLE[:-8] + b"\1\2\3\4" + SIMPLE[-4:],
    "no_tar": gzip.compress(b"x" * 4000),
    "cut_tar": gzip.compress(gzip.decompress(SIMPLE)[:600]),
}


def tree(directory):
    out = {}
    for path in sorted(directory.rglob("*")):
        name, st = str(path.relative_to(directory)), path.lstat()
        if "__pycache__" in name:
            continue
        if stat.S_ISLNK(st.st_mode):
            out[name] = ("link", os.readlink(path))
        elif path.is_dir():
            out[name] = ("directory",)
        else:
            out[name] = (oct(st.st_mode), path.read_bytes(), int(st.st_mtime))
    return out


def filtered(tree, original):
    """What the original leaves where its Python has tarfile.data_filter (3.11.4 and later): no
    setuid, sticky or write bits for others, read and write for the owner, execute only as the
    owner may. Older ones, Debian 12's too, unpack modes as they are; trainyard-train never does."""
    has = subprocess.run([original.parent / "python", "-c", "import tarfile; tarfile.data_filter"],
                         stderr=subprocess.DEVNULL).returncode == 0

    def mode(octal):
        bits = int(octal, 8)
        bits &= ~0o7022 if bits & 0o100 else ~0o7133
        return oct(bits | 0o600)

    return tree if has else {
        name: (mode(entry[0]), *entry[1:]) if entry[0].startswith("0o") else entry
        for name, entry in tree.items()}


def from_file(tmp_path, content):
    (tmp_path / "source.tar.gz").write_bytes(content)
    return Container(files={}, hyperparameters={"sagemaker_submit_directory": str(tmp_path / "source.tar.gz")})


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_are_unpacked_as_the_original_does(ours, original, warm_original, base, tmp_path, name):
    # SEMANTICS T7
    case = from_file(tmp_path, ARCHIVES[name])
    theirs = warm_original.run(base, case)
    expected = filtered(tree(base / "code"), original)
    mine = container.run(ours, base, case)
    assert tree(base / "code") == expected
    assert mine.code == theirs.code == 0, mine.stderr
    assert not (base.parent / "evil.txt").exists() and not (base / "evil.txt").exists()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_archives_from_s3_fail_in_a_sentence(ours, base, s3, name):  # SEMANTICS T8
    s3.objects[PATH] = BROKEN[name]
    ended = container.run(ours, base, job(s3))
    assert ended.code == 1 and ended.success is None
    assert ended.failure.startswith(f"Framework Error: \nunpack {URI}: "), ended.failure


def test_no_member_is_written_through_a_link(ours, base, tmp_path):  # SEMANTICS T7
    outside = tmp_path / "outside"
    outside.mkdir()
    hostile = archive(("sub/x", None, {"type": tarfile.SYMTYPE, "linkname": ".."}),
                      ("sub/x/outside.txt", b"evil", {}), ("train.py", DUMP.encode(), {}))
    ended = container.run(ours, base, from_file(tmp_path, hostile))
    assert ended.code != 0 and "unpack member 'sub/x/outside.txt'" in ended.failure
    assert not list(tmp_path.rglob("outside.txt"))


@pytest.mark.parametrize("names", [("d", "x"), ("x", "d")])
def test_no_link_leads_out_by_way_of_another(ours, base, tmp_path, names):  # SEMANTICS T7
    links = {"d": ".", "x": "d/..", "good": "d/train.py"}
    hostile = archive(("train.py", DUMP.encode(), {}), *(
        (name, None, {"type": tarfile.SYMTYPE, "linkname": links[name]}) for name in (*names, "good")))
    ended = container.run(ours, base, from_file(tmp_path, hostile))
    assert ended.code == 0, ended.stderr
    assert "Skipping archive member 'x': link target 'd/..' goes back" in ended.stdout + ended.stderr
    assert {name: os.readlink(base / "code" / name) for name in ("d", "good")} == {"d": ".", "good": "d/train.py"}
    assert not os.path.lexists(base / "code/x")


def test_a_directory_is_copied_links_followed(ours, warm_original, base, tmp_path):
    source = tmp_path / "source"
    (source / "pkg").mkdir(parents=True)
    (source / "train.py").write_text(DUMP)
    (source / "pkg/run.sh").write_text("#!/bin/sh\n")
    (source / "pkg/run.sh").chmod(0o755)
    (source / "linked.py").symlink_to("pkg/run.sh")
    os.utime(source / "train.py", (1, 1_500_000_000))
    case = Container(files={}, hyperparameters={"sagemaker_submit_directory": str(source)})
    warm_original.run(base, case)
    expected = tree(base / "code")
    assert container.run(ours, base, case).code == 0
    assert tree(base / "code") == expected


def test_code_that_is_there_wins(ours, base, s3):
    case = job(s3)
    case.files = {"train.py": DUMP}
    assert container.run(ours, base, case).code == 0
    assert not s3.requests
