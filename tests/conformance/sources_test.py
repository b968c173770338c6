"""What channels are read from, and how: manifests, shares, file systems; FastFile and Pipe mode."""

import gzip
import json
import os
import struct

import pytest

from scripts import archive, trained
from service import GATE, ROOT, python, running, wait_until

pytestmark = pytest.mark.usefixtures("no_job_stays")

FILES = "cd /opt/ml/input/data/%s && find . -type f | sort | sed 's/^..//'"
EFS, SHORT, FSX = "fs-0123456789abcdef0", "fs-1", "fs-00000002"


def s3(service, uri, name="training", mode=None, kind="S3Prefix", **more):
    channel = service.channel(uri, name)
    source = channel["DataSource"]["S3DataSource"]
    source["S3DataType"] = kind
    for member in ("AttributeNames", "S3DataDistributionType"):
        if member in more:
            source[member] = more.pop(member)
    return {**channel, **({"InputMode": mode} if mode else {}), **more}


def ran(service, script, *channels, **more):
    """The lines of a job that must complete."""
    job = service.job(script, InputDataConfig=list(channels), **more)
    assert job["TrainingJobStatus"] == "Completed", (
        job.get("FailureReason"), service.lines(job["TrainingJobName"]))
    return service.lines(job["TrainingJobName"])


def failed(service, script, *channels):
    """The reason of a job that must fail."""
    job = service.job(script, InputDataConfig=list(channels))
    assert job["TrainingJobStatus"] == "Failed"
    return job["FailureReason"]


def refused(service, *channels, **more):
    """The words of a request that must be refused."""
    sagemaker = service.client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ClientError) as caught:
        sagemaker.create_training_job(**service.request(InputDataConfig=list(channels), **more))
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


# ---- manifests -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def set_(service):
    """A few objects, and the front of their keys."""
    for key in ("a.txt", "b.txt", "sub/c.txt", "sub/d.txt"):
        service.put(f"set/{key}", f"{key}\n".encode())
    return f"s3://{service.bucket}/set/"


def manifest(service, name, *entries):
    return service.put(f"manifests/{name}", json.dumps(entries).encode())


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_a_manifest_says_which_objects_there_are(service, set_, mode):  # SEMANTICS D14
    uri = manifest(service, "some.json", {"prefix": set_}, "sub/d.txt", "a.txt")
    lines = ran(service, FILES % "training" + "; cat a.txt sub/d.txt",
                s3(service, uri, mode=mode, kind="ManifestFile"))
    assert lines == ["a.txt", "sub/d.txt", "a.txt", "sub/d.txt"]


def test_a_key_that_is_named_twice_is_one_file_and_comes_twice(service, set_):  # SEMANTICS D14
    uri = manifest(service, "twice.json", {"prefix": set_}, "sub/d.txt", "a.txt", "sub/d.txt", "a.txt")
    for mode in ("File", "FastFile"):
        assert ran(service, FILES % "training" + "; cat sub/d.txt",
                   s3(service, uri, mode=mode, kind="ManifestFile")) == ["a.txt", "sub/d.txt", "sub/d.txt"]
    assert ran(service, "cat /opt/ml/input/data/training_0", s3(
        service, uri, mode="Pipe", kind="ManifestFile")) == ["sub/d.txt", "a.txt"] * 2


@pytest.mark.parametrize("text, says", [
    ('[{"prefix": "s3://bucket/"},\n"a",\n]', "line 3 is not valid JSON"),
    ('{"prefix": "s3://b/"}', "it is no JSON list"),
    ('["a"]', 'its first entry has no "prefix"'),
    ('[{"prefix": "/data/"}, "a"]', '"/data/" is no S3 location'),
    ('[{"prefix": "s3://bucket/"}, "a", 7]', "entry 3 is no text"),
    ('[{"prefix": "s3://bucket/"}]', "it names no object"),
    ('[{"prefix": "s3://no-such-bucket/x/"}, "gone.txt"]',
     "there is no object s3://no-such-bucket/x/gone.txt"),
    ('[{"prefix": "s3://BUCKET/odd/"}, "../../x"]', "'odd/../../x'"),
])
def test_a_broken_manifest_is_told_where(service, set_, text, says):  # SEMANTICS D14
    service.put("odd/../../x")
    uri = service.put("manifests/broken.json", text.replace("BUCKET", service.bucket).encode())
    reason = failed(service, "exit 0", s3(service, uri, kind="ManifestFile"))
    assert reason.startswith("ClientError: ") and says in reason, reason
    assert uri in reason and "channel 'training'" in reason


def test_one_host_has_all_shares(service, set_):  # SEMANTICS D15
    lines = ran(service, FILES % "training" + "; cat /opt/ml/input/config/inputdataconfig.json",
                s3(service, set_, S3DataDistributionType="ShardedByS3Key"))
    assert lines[:-1] == ["a.txt", "b.txt", "sub/c.txt", "sub/d.txt"]
    assert json.loads(lines[-1])["training"]["S3DistributionType"] == "ShardedByS3Key"


# ---- FastFile ------------------------------------------------------------------------------------

def test_fast_file_shows_the_files_and_takes_none(service, set_):  # SEMANTICS D16
    lines = ran(service, FILES % "training" + "; cat sub/c.txt; "
                "touch new 2>&1; rm a.txt 2>&1; echo x 2>&1 >> a.txt; echo end",
                s3(service, set_, mode="FastFile"))
    assert lines[:5] == ["a.txt", "b.txt", "sub/c.txt", "sub/d.txt", "sub/c.txt"]
    assert len(lines) == 9 and lines[-1] == "end"
    assert all("Read-only file system" in line for line in lines[5:8]), lines


def test_the_jobs_mode_is_that_of_channels_that_name_none(service, set_):  # SEMANTICS D16
    request = service.request("cd /opt/ml/input/data; touch fast/x || echo read-only; "
                              "touch slow/x && echo written; cat /opt/ml/input/config/inputdata*",
                              InputDataConfig=[s3(service, set_, "fast"),
                                               s3(service, set_, "slow", mode="File")])
    request["AlgorithmSpecification"]["TrainingInputMode"] = "FastFile"
    service.client("sagemaker").create_training_job(**request)
    service.wait(request["TrainingJobName"])
    lines = service.lines(request["TrainingJobName"])
    assert lines[1:3] == ["read-only", "written"]
    config = json.loads(lines[3])
    assert config["fast"]["TrainingInputMode"] == "FastFile"
    assert config["slow"]["TrainingInputMode"] == "File"


# ---- file systems --------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    """A service that has file systems, and where they lie."""
    root = tmp_path_factory.mktemp("file-systems")
    root.chmod(0o755)
    for name in (EFS, SHORT, FSX):
        (root / name / "dataset").mkdir(parents=True)
        (root / name / "dataset/a").write_text(f"{name}\n")
        (root / name / "dataset/a").chmod(0o666)
    (root / EFS / "secret").symlink_to("/etc")
    (root / EFS / "inner").symlink_to("dataset")
    (root / EFS / "open").mkdir()
    (root / EFS / "open").chmod(0o777)
    settings = "".join(f'[file_systems.{name}]\npath = "{root / name}"\n' for name in (EFS, SHORT))
    settings += f'[file_systems.{FSX}]\npath = "{root / FSX}"\nmount_name = "abcde"\n'
    with running(tmp_path_factory.mktemp("mounted"), settings) as service:
        service.root = root
        yield service


def files(id_=EFS, path="/dataset", access="ro", kind="EFS", name="training"):
    return {"ChannelName": name, "DataSource": {"FileSystemDataSource": {
        "FileSystemId": id_, "FileSystemAccessMode": access, "FileSystemType": kind,
        "DirectoryPath": path}}}


@pytest.mark.parametrize("channel", [
    files(), files(path="/inner"), files(path="/dataset/"), files(FSX, "/abcde/dataset", kind="FSxLustre")])
def test_a_file_system_is_a_directory_of_this_machine(mounted, channel):  # SEMANTICS D17
    id_ = channel["DataSource"]["FileSystemDataSource"]["FileSystemId"]
    lines = ran(mounted, "cd /opt/ml/input/data/training && cat a; touch b 2>&1; "
                "echo x 2>&1 >> a; ls", channel)
    assert [lines[0], lines[-1]] == [id_, "a"]
    assert len(lines) == 4 and all("Read-only file system" in line for line in lines[1:3]), lines


def test_what_is_written_to_a_file_system_is_there(mounted):  # SEMANTICS D17
    path = mounted.root / EFS / "open"
    assert ran(mounted, "cd /opt/ml/input/data/training && echo made > by-job && ls",
               files(path="/open", access="rw")) == ["by-job"]
    assert (path / "by-job").read_text() == "made\n"
    (path / "by-job").unlink()


def test_later_files_of_a_file_system_show(mounted):  # SEMANTICS D17
    name = mounted.create(f"echo up; {GATE}; cat /opt/ml/input/data/training/later",
                          InputDataConfig=[files()])
    wait_until(lambda: "up" in mounted.lines(name), "the job was up")
    later = mounted.root / EFS / "dataset/later"
    later.write_text("seen\n")
    mounted.open_gate(name)
    mounted.wait(name)
    later.unlink()
    assert mounted.lines(name) == ["up", "seen"]


def test_the_id_may_be_short(mounted):  # SEMANTICS D18
    """As the seed's is: a client that checks its parameters refuses it."""
    unchecked = mounted.new_client("sagemaker", parameter_validation=False)
    request = mounted.request("cat /opt/ml/input/data/training/a", InputDataConfig=[files(SHORT)])
    unchecked.create_training_job(**request)
    mounted.wait(request["TrainingJobName"])
    assert mounted.lines(request["TrainingJobName"]) == [SHORT]


SDK_CLIENT = """
import boto3
print(boto3.client("sagemaker").create_training_job(**%r)["TrainingJobArn"])
"""


@pytest.mark.parametrize("config", ["", "[default]\nparameter_validation = true\nregion = us-west-2\n",
                                    "[profile other]\noutput = json\n"])
def test_run_lets_clients_send_a_short_id(mounted, tmp_path, config):  # SEMANTICS D18
    own = tmp_path / "config"
    own.write_text(config)
    request = mounted.request("cat /opt/ml/input/data/training/a", InputDataConfig=[files(SHORT)])
    script = tmp_path / "create.py"
    script.write_text(SDK_CLIENT % request)
    done = python(mounted, script, env={"AWS_CONFIG_FILE": str(own)})
    assert done.returncode == 0 and "training-job/" in done.stdout, done.stderr
    assert own.read_text() == config
    mounted.wait(request["TrainingJobName"])
    assert mounted.lines(request["TrainingJobName"]) == [SHORT]


@pytest.mark.parametrize("channel, says", [
    (files("fs-0ffffffffffffffff"), "there is no file system fs-0ffffffffffffffff here; the settings "
     f"name {FSX}, {EFS}, {SHORT}. Use one of these, or write [file_systems.fs-0ffffffffffffffff] path"),
    (files(path="dataset"), 'DirectoryPath "dataset" must begin with a slash.'),
    (files(path="/nowhere"), f'DirectoryPath "/nowhere" of {EFS}: there is no such directory'),
    (files(path="/dataset/a"), "it is no directory"),
    (files(path="/dataset/../../x"), "may not go up"),
    (files(path="/secret"), "a symbolic link on the way to it leads out of the file system"),
    (files(path="/secret/ssl"), "a symbolic link on the way to it leads out of the file system"),
    (files(FSX, "/dataset", kind="FSxLustre"), f"must begin with /abcde, the mount name of {FSX}."),
    ({**files(), "InputMode": "Pipe"}, "a file system is read in File mode, not in Pipe mode."),
])
def test_a_file_system_that_cannot_be_is_refused(mounted, channel, says):  # SEMANTICS D17, D18
    words = refused(mounted, channel)
    assert words.startswith("Channel 'training': ") and says in words, words


def test_without_file_systems_the_settings_are_shown(service):  # SEMANTICS D18
    assert refused(service, files()) == (
        f"Channel 'training': there is no file system {EFS} here; the settings name none: write "
        f'[file_systems.{EFS}] path = "/a/directory" in the file of `trainyard serve --settings FILE`, '
        "which is read at its start.")


def test_a_directory_that_jobs_may_not_read_is_said_in_the_log(mounted):  # SEMANTICS D17
    """Many a loader finds nothing there and goes on without a word."""
    path = mounted.root / EFS / "closed"
    path.mkdir(mode=0o700)
    name = mounted.create("python3 -c 'import os; print(list(os.walk(\"/opt/ml/input/data/training\")))'",
                          InputDataConfig=[files(path="/closed")])
    assert mounted.wait(name)["TrainingJobStatus"] == "Completed"
    said = [line for line in mounted.lines(name, notices=True) if "may not read" in line]
    assert len(said) == 1 and f"may not read {path} of this machine" in said[0], said
    assert mounted.lines(name) == ["[]"]
    path.chmod(0o755)
    name = mounted.create("exit 0", InputDataConfig=[files(path="/closed")])
    mounted.wait(name)
    assert not [line for line in mounted.lines(name, notices=True) if "may not read" in line]


def test_a_link_set_after_the_look_leads_nowhere(mounted):  # SEMANTICS D17
    """A job that may write there makes of a directory a link while another job waits."""
    path = mounted.root / EFS / "open/turned"
    path.mkdir()
    first = mounted.create(f"echo up; {GATE}", ResourceConfig={
        "InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1})
    wait_until(lambda: "up" in mounted.lines(first), "the first was up")
    second = mounted.create("cat /opt/ml/input/data/training/passwd",
                            InputDataConfig=[files(path="/open/turned")])
    path.rmdir()
    path.symlink_to("/etc")
    mounted.open_gate(first)
    mounted.wait(first)
    job = mounted.wait(second)
    path.unlink()
    assert job["TrainingJobStatus"] == "Failed" and "leads out of" in job["FailureReason"]
    assert mounted.lines(second) == []


# ---- Pipe ----------------------------------------------------------------------------------------

def records(data):
    """RecordIO taken apart; an assertion where it is none."""
    out = []
    while data:
        magic, length = struct.unpack_from("<II", data)
        assert magic == 0xced7230a
        out.append(data[8:8 + length])
        padded = (length + 3) // 4 * 4
        assert data[8 + length:8 + padded] == bytes(padded - length)
        data = data[8 + padded:]
    return out


def piped(service, *channels, epochs=1):
    """What came through each channel's FIFOs, an epoch after the other."""
    names = [c["ChannelName"] for c in channels]
    reads = "; ".join(f"cat {name}_{epoch} > /opt/ml/model/{name}_{epoch}"
                      for epoch in range(epochs) for name in names)
    job = service.job(f"cd /opt/ml/input/data; ls; {reads}", InputDataConfig=list(channels),
                      OutputDataConfig={"S3OutputPath": f"s3://{service.bucket}/piped",
                                        "CompressionType": "NONE"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert service.lines(job["TrainingJobName"]) == sorted(f"{name}_0" for name in names)
    front = f"piped/{job['TrainingJobName']}/output/model/"
    got = {name: [service.client("s3").get_object(Bucket=service.bucket, Key=f"{front}{name}_{n}")
                  ["Body"].read() for n in range(epochs)] for name in names}
    return got if len(names) > 1 else got[names[0]]


HOLD = """
import os, socket
fd = os.open("/opt/ml/input/data/training_0", os.O_RDONLY)
os.read(fd, 3)
for _ in range(3):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/opt/trainyard/packages.sock")
    socket.send_fds(s, [b"x"], [fd, fd])
print("held", flush=True)
"""


@pytest.fixture(scope="module")
def parts(service):
    """Objects in the order of their keys, some of names that no directory takes."""
    bodies = {"a": b"first", "a/b": b"below a file", "c//d": b"", "e": os.urandom(300_000), "f": b"z"}
    for key, body in bodies.items():
        service.put("parts/" + key, body)
    service.put("parts/dir/", b"")  # a marker is no record
    return list(bodies.values())


def test_a_pipe_brings_the_objects_one_after_the_other(service, parts):  # SEMANTICS D19
    uri = f"s3://{service.bucket}/parts/"
    assert piped(service, s3(service, uri, mode="Pipe"), epochs=3) == [b"".join(parts)] * 3


def test_a_pipe_wraps_each_object_as_a_record(service, parts):  # SEMANTICS D20
    uri = f"s3://{service.bucket}/parts/"
    (data,) = piped(service, s3(service, uri, mode="Pipe", RecordWrapperType="RecordIO"))
    assert records(data) == parts


@pytest.mark.release_alone  # it packs 512 MiB
def test_a_record_has_less_than_512_mib(service):  # SEMANTICS D20
    uri = service.put("huge/zeros.gz", gzip.compress(bytes(512 << 20), 1))
    reason = failed(service, "cat /opt/ml/input/data/training_0 > /dev/null",
                    s3(service, uri, mode="Pipe", RecordWrapperType="RecordIO", CompressionType="Gzip"))
    assert "huge/zeros.gz" in reason and "it has 536870912 bytes, a record at most 536870911" in reason


@pytest.mark.release_alone
def test_what_is_no_record_comes_as_it_is_and_the_script_tells(service):  # SEMANTICS D20
    """Nothing here looks at magic numbers of what is not wrapped here: the example's reader does."""
    uri = service.put("raw/record", struct.pack("<II", 0xced7230b, 4) + b"four")
    code = ROOT / "examples/channels/code"
    job = trained(service, "src/raw.tar.gz", archive(
        ("check.py", b"from train_pipe import records\nlist(records('/opt/ml/input/data/training_0'))\n"),
        *((name, (code / name).read_bytes()) for name in ("train_pipe.py", "network.py"))),
        program="check.py", InputDataConfig=[s3(service, uri, mode="Pipe")])
    assert job["TrainingJobStatus"] == "Failed"
    assert "AssertionError: this is no RecordIO" in job["FailureReason"]


@pytest.mark.parametrize("wrapper", ["None", "RecordIO"])
def test_a_pipe_unpacks_gzip(service, wrapper):  # SEMANTICS D21
    plain = [b"one", b"", os.urandom(1_000_000) + bytes(3_000_000), b"two members"]
    packed = [gzip.compress(body) for body in plain[:-1]]
    packed.append(gzip.compress(b"two ") + gzip.compress(b"members"))
    for n, body in enumerate(packed):
        service.put(f"zipped/{n}.gz", body)
    (data,) = piped(service, s3(service, f"s3://{service.bucket}/zipped/", mode="Pipe",
                                CompressionType="Gzip", RecordWrapperType=wrapper))
    assert (records(data) if wrapper == "RecordIO" else data) == (
        plain if wrapper == "RecordIO" else b"".join(plain))


def test_each_epoch_is_shuffled_by_the_seed(service):  # SEMANTICS D22
    bodies = [f"{n:04}".encode() for n in range(50)]
    for body in bodies:
        service.put(f"shuffled/{body.decode()}", body)
    uri = f"s3://{service.bucket}/shuffled/"

    def epochs(seed):
        data = piped(service, s3(service, uri, mode="Pipe", ShuffleConfig={"Seed": seed}), epochs=2)
        return [[epoch[n:n + 4] for n in range(0, len(epoch), 4)] for epoch in data]

    first, second = epochs(7)
    assert sorted(first) == sorted(second) == bodies
    assert first != bodies and second != bodies and first != second
    assert epochs(7) == [first, second] and epochs(-8)[0] != first


def test_several_pipes_at_once_and_a_manifest(service, set_):  # SEMANTICS D14, D19
    uri = manifest(service, "order.json", {"prefix": set_}, "sub/d.txt", "a.txt")
    got = piped(service, s3(service, uri, "left", mode="Pipe", kind="ManifestFile"),
                s3(service, set_, "right", mode="Pipe"), epochs=2)
    assert got == {"left": [b"sub/d.txt\na.txt\n"] * 2,
                   "right": [b"a.txt\nb.txt\nsub/c.txt\nsub/d.txt\n"] * 2}


def test_a_reader_that_leaves_early_gets_the_next_epoch_whole(service):  # SEMANTICS D19
    service.put("early/a", b"x" * 5_000_000)
    lines = ran(service, "cd /opt/ml/input/data; head -c 3 training_0; echo; cat training_1 | wc -c; "
                "ls", s3(service, f"s3://{service.bucket}/early/", mode="Pipe"))
    assert lines == ["xxx", "5000000", "training_2"]


def test_a_directory_that_is_named_like_a_fifo_is_refused(service, parts):  # SEMANTICS D19
    uri = f"s3://{service.bucket}/parts/"
    assert refused(service, s3(service, uri, "a", mode="Pipe"), s3(service, uri, "a_1")) == (
        "Channel 'a_1': its name is that of a FIFO of channel 'a', which is in Pipe mode. Give one of "
        "them another.")


def test_a_reader_of_a_fifo_may_live_on(service, parts):  # SEMANTICS D19
    """A descriptor that waits at the agent's own socket when the job ends holds nothing up."""
    uri = f"s3://{service.bucket}/parts/"
    service.put("parts-code/hold.py", HOLD.encode())
    assert ran(service, "$TRAINYARD_PYTHON /opt/ml/input/data/code/hold.py; "
               "chmod 0 /opt/ml/input/data/training_*",
               s3(service, uri, mode="Pipe"), s3(service, f"s3://{service.bucket}/parts-code/", "code")
               ) == ["held"]


def test_a_job_need_not_read_its_pipe(service, parts):  # SEMANTICS D19
    uri = f"s3://{service.bucket}/parts/"
    assert ran(service, "ls -l /opt/ml/input/data | tail -1 | cut -c1", s3(service, uri, mode="Pipe")
               ) == ["p"]


def test_an_augmented_manifest_brings_attributes_and_objects(service, set_):  # SEMANTICS D23
    lines = [{"source-ref": set_ + "a.txt", "class": [0.1, {"k": 3.0}, 3], "label": "\u00e4"},
             {"label": "b", "class": 0, "source-ref": set_ + "sub/c.txt", "unasked": None}]
    uri = service.put("manifests/augmented", "\n".join(map(json.dumps, lines)).encode() + b"\n\n")
    channel = s3(service, uri, mode="Pipe", kind="AugmentedManifestFile",
                 AttributeNames=["source-ref", "class", "label"], RecordWrapperType="RecordIO")
    (data,) = piped(service, channel)
    assert records(data) == [b"a.txt\n", b'[0.1,{"k":3.0},3]', "\u00e4".encode(), b"sub/c.txt\n", b"0", b"b"]


@pytest.mark.parametrize("line, says", [
    ('{"class": 1}', 'line 2: it has no attribute "source-ref"'),
    ('{"source-ref": 7}', 'line 2: its attribute "source-ref" is no text'),
    ('{"source-ref": "/x"}', 'line 2: "/x" is no S3 location'),
    ('{"source-ref": "s3://nowhere/x"}', "broken: there is no object s3://nowhere/x"),
    ('["source-ref"]', "line 2: it is no JSON object"),
    ('{"source-ref": ', "line 2: it is no JSON object"),
])
def test_a_broken_augmented_manifest_is_told_where(service, set_, line, says):  # SEMANTICS D23
    good = json.dumps({"source-ref": set_ + "a.txt"})
    uri = service.put("manifests/broken", f"{good}\n{line}\n".encode())
    reason = failed(service, "exit 0", s3(service, uri, mode="Pipe", kind="AugmentedManifestFile",
                                          AttributeNames=["source-ref"]))
    assert reason.startswith("ClientError: ") and says in reason and uri in reason, reason


@pytest.mark.parametrize("more, says", [
    ({"mode": "File", "AttributeNames": ["a"]}, "is read in Pipe mode, not in File mode"),
    ({"mode": "FastFile", "AttributeNames": ["a"]}, "is read in Pipe mode, not in FastFile mode"),
    ({"mode": "Pipe"}, "needs AttributeNames")])
def test_an_augmented_manifest_needs_a_pipe_and_attributes(service, set_, more, says):
    # SEMANTICS D23
    words = refused(service, s3(service, set_ + "a.txt", kind="AugmentedManifestFile", **more))
    assert words.startswith("Channel 'training': an augmented manifest ") and says in words


@pytest.mark.parametrize("body, says", [
    (b"this is none", "it is no gzip file"), (b"", "it is empty"),
    (gzip.compress(os.urandom(100_000))[:-900], "it ends in the middle"),
    (gzip.compress(bytes(100_000))[:-8] + bytes(8), "it is")])
def test_gzip_that_is_none_fails_the_job_by_name(service, body, says):  # SEMANTICS D21
    """And the script does not take what came for all of it."""
    key = f"unzippable/{len(body)}/a"
    service.put(key, body)
    service.put(key + "b", gzip.compress(b"never reached"))
    channel = s3(service, f"s3://{service.bucket}/unzippable/{len(body)}/", mode="Pipe",
                 CompressionType="Gzip")
    job = service.job("cat /opt/ml/input/data/training_0 > /dev/null; echo came to an end",
                      InputDataConfig=[channel])
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("ClientError: channel 'training': decompress s3://") and says in reason
    assert f"{key}:" in reason
    assert service.lines(job["TrainingJobName"]) == []
