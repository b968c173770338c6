"""`aws s3`: mb, cp, sync, mv, ls, presign, rm, rb, with the exit codes that its scripts look at."""

import os
import random
import signal
import sys
import tempfile
import traceback
import urllib.request

import awscli.clidriver
import pytest

pytestmark = pytest.mark.release_alone


def be_the_command(words, environment, files):
    """In a child of its own: what bin/aws does, without importing it all once more."""
    code = 70
    try:
        signal.alarm(300)
        for fd, file in enumerate(files):
            os.dup2(file.fileno(), fd)
        sys.stdin, sys.stdout, sys.stderr = (open(fd, mode) for fd, mode in enumerate("rww"))
        found_by = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # its import put it there
        os.environ.clear()
        os.environ.update(environment | found_by)
        sys.argv = ["aws", *words]
        code = awscli.clidriver.main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


@pytest.fixture(scope="module")
def imported():
    """What the command imports once it runs is imported once, for all that are forked."""
    awscli.clidriver.create_clidriver()


@pytest.fixture
def aws(service, imported):
    def run(*words, code=0, input=b""):
        with (tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout,
              tempfile.TemporaryFile() as stderr):
            stdin.write(input)
            for file in (stdin, stdout, stderr):
                file.seek(0)
            child = os.fork()
            if child == 0:
                be_the_command([str(word) for word in words], service.environment,
                               (stdin, stdout, stderr))
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = [(file.seek(0), file.read().decode())[1] for file in (stdout, stderr)]
        assert ended == code, (words, said)
        return said[code != 0]

    return run


@pytest.fixture
def bucket(aws):
    aws("s3", "mb", "s3://by-the-command-line")
    yield "s3://by-the-command-line"
    aws("s3", "rb", "--force", "s3://by-the-command-line")


def names(listing):
    return {line.split(None, 3)[3] for line in listing.splitlines()}


def files_below(directory):
    return {str(p.relative_to(directory)): p.read_bytes()
            for p in directory.rglob("*") if p.is_file()}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    dice = random.Random(3)
    for name in ("a", "b c+d", "sub/ü.txt", "sub/100%", "sub/deep/한글"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(dice.randbytes(dice.randint(0, 5000)))
    (root / "big").write_bytes(dice.randbytes((9 << 20) + 1))  # two parts
    return root


def test_sync_up_and_down_moves_what_differs_and_no_more(aws, bucket, tree, tmp_path):
    # SEMANTICS S23
    aws("s3", "sync", tree, bucket + "/t")
    assert names(aws("s3", "ls", "--recursive", bucket)) == {"t/" + n for n in files_below(tree)}
    assert aws("s3", "sync", tree, bucket + "/t") == ""  # sizes and times say: nothing to do
    (tree / "a").write_bytes(b"another size, now")
    (tree / "sub/100%").unlink()
    said = aws("s3", "sync", "--delete", "--no-progress", tree, bucket + "/t")
    assert len(said.splitlines()) == 2 and "upload:" in said and "delete:" in said
    aws("s3", "sync", bucket + "/t", tmp_path / "down")
    assert files_below(tmp_path / "down") == files_below(tree)
    assert aws("s3", "sync", bucket + "/t", tmp_path / "down") == ""


def test_cp_mv_ls_and_rm(aws, bucket, tree, tmp_path):  # SEMANTICS S23
    aws("s3", "cp", tree / "big", bucket + "/one")
    aws("s3", "cp", bucket + "/one", bucket + "/copies/two")
    aws("s3", "mv", bucket + "/one", bucket + "/copies/moved")
    aws("s3", "cp", "-", bucket + "/streamed", input=b"from stdin")
    assert aws("s3", "cp", bucket + "/streamed", "-") == "from stdin"
    assert [line.split() for line in aws("s3", "ls", bucket + "/copies").splitlines()] == \
        [["PRE", "copies/"]]
    assert names(aws("s3", "ls", bucket + "/copies/")) == {"moved", "two"}
    aws("s3", "mv", bucket + "/copies/moved", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == (tree / "big").read_bytes()
    aws("s3", "cp", "--recursive", "--exclude", "*", "--include", "sub/*", tree, bucket + "/t")
    assert len(names(aws("s3", "ls", "--recursive", bucket + "/t/"))) == 3
    aws("s3", "rm", bucket + "/streamed")
    aws("s3", "rm", "--recursive", bucket + "/t")
    assert names(aws("s3", "ls", "--recursive", bucket)) == {"copies/two"}
    assert "by-the-command-line" in aws("s3", "ls")


def test_presign(aws, bucket, tmp_path):
    aws("s3", "cp", "-", bucket + "/a b+ü", input=b"signed beforehand")
    url = aws("s3", "presign", bucket + "/a b+ü").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"signed beforehand"


def test_what_fails_says_so(aws, bucket, tmp_path):
    assert "NoSuchBucket" in aws("s3", "ls", "s3://there-is-no-such-bucket", code=255)
    assert "404" in aws("s3", "cp", bucket + "/none", tmp_path / "x", code=1)
    assert not os.path.exists(tmp_path / "x")
    aws("s3", "ls", bucket + "/none", code=1)
    aws("s3", "cp", "-", bucket + "/k", input=b"x")
    assert "BucketNotEmpty" in aws("s3", "rb", bucket, code=1)
