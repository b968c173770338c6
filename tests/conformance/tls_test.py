"""A service that others reach: TLS by an authority of its own, and how they come to trust it."""

import json
import os
import pathlib
import pty
import re
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import pytest

from people import add
from service import TRAINYARD, Service, ending

AWS = pathlib.Path(sys.executable).parent / "aws"


def address_of_machine():
    """One that is not loopback: what comes from there is from elsewhere, as far as a service knows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("10.255.255.255", 9))  # sends nothing
        return probe.getsockname()[0]


@pytest.fixture(scope="module")
def host():
    return address_of_machine()


class Secured(Service):
    def __init__(self, directory, host, settings="", listen="0.0.0.0", options=("--tls",)):
        super().__init__(directory, settings, *options)
        self.host, self.port = host, self.listen.rpartition(":")[2]
        self.listen = self.listen_there = f"{listen}:{self.port}"
        self.there = f"https://{host}:{self.port}"

    def start(self):
        self.listen = self.listen_there
        super().start()
        said = self.process.stdout.readline() + self.process.stdout.readline()
        self.fingerprint = re.search(rb"must be ([0-9a-f]{64})\n", said)[1].decode()
        return self


@pytest.fixture(scope="module")
def service(tmp_path_factory, host):
    with ending(Secured(tmp_path_factory.mktemp("tls"), host)) as running:
        yield running


@pytest.fixture(scope="module")
def kim(service):
    return add(service, "kim")


class Elsewhere:
    """Somebody's machine: a home of its own, and nothing of the service's."""

    def __init__(self, home, service, key):
        self.home, self.service, self.key = home, service, key
        self.secret = home / "secret"
        self.secret.write_text(key.secret_key + "\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAGEMAKER_", "XDG_"))}
        self.environment = {**kept, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
        self.environment.pop("TRAINYARD_DATA", None)

    def run(self, *words, program=TRAINYARD, env=None):
        return subprocess.run([str(program), *map(str, words)], env={**self.environment, **(env or {})},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def login(self, *more, url=None):
        return self.run("login", url or self.service.there, "--key-id", self.key.access_key,
                        "--secret-file", self.secret, *more)


@pytest.fixture
def elsewhere(tmp_path, service, kim):
    return Elsewhere(tmp_path, service, kim)


def refused(done, code=4):
    assert (done.returncode, done.stdout) == (code, ""), done
    return done.stderr


# ---- what is spoken ------------------------------------------------------------------------------

def test_nothing_is_spoken_in_the_clear_off_loopback(tmp_path, service, host):  # SEMANTICS A27
    for listen in ("0.0.0.0:0", f"{host}:0"):
        done = subprocess.run([TRAINYARD, "serve", "--data", tmp_path / "data", "--listen", listen],
                              capture_output=True, text=True, timeout=60)
        assert refused(done, 2) == (
            f"trainyard: listen on {listen}: off this machine keys and data would go in the clear. Write tls = true "
            "below [listen] in the settings, or give --tls; or listen on 127.0.0.1\n")
        assert not (tmp_path / "data").exists()
    with pytest.raises(urllib.error.HTTPError) as said:
        urllib.request.urlopen(f"http://{host}:{service.port}/", timeout=20)
    assert said.value.code == 400 and b"this port speaks TLS: write https://" in said.value.read()
    assert service.url == f"http://127.0.0.1:{service.port}"  # this machine's clients and jobs
    assert service.client("s3").list_buckets()["Buckets"]


def test_jobs_need_no_tls(service):  # SEMANTICS A27
    source = service.put("in/x", b"content")
    job = service.job("cat /opt/ml/input/data/training/x; echo; echo $AWS_ENDPOINT_URL; echo m > /opt/ml/model/m",
                      InputDataConfig=[service.channel(source)])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    content, door = service.lines(job["TrainingJobName"])
    assert content == "content" and door.startswith("http://127.0.0.1:")


def test_the_certificate_stands_every_check(service):  # SEMANTICS A27
    authority = service.data / "state/tls/ca.pem"
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in (service.host, "127.0.0.1"):
        with socket.create_connection((name, service.port), 20) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secured:
                assert secured.version() == "TLSv1.3"
    with socket.create_connection((service.host, service.port), 20) as plain:
        context.wrap_socket(plain, server_hostname=socket.gethostname()).close()
    with socket.create_connection((service.host, service.port), 20) as plain:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            context.wrap_socket(plain, server_hostname="elsewhere.example.org")
    for file in (authority, authority.with_name("ca.key")):
        assert file.stat().st_mode & 0o777 == 0o600
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection((service.host, service.port), 20) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain)


def test_one_address_has_tls_and_loopback_has_none(tmp_path, host):  # SEMANTICS A27
    with ending(Secured(tmp_path, host, listen=host)) as service:
        assert service.url == f"http://127.0.0.1:{service.port}"
        assert service.job("exit 0")["TrainingJobStatus"] == "Completed"
        done = Elsewhere(tmp_path, service, service).login("--fingerprint", service.fingerprint)
        assert done.returncode == 0, done.stderr


# ---- login ---------------------------------------------------------------------------------------

def test_who_logs_in_trusts_what_they_were_told(service, elsewhere):  # SEMANTICS A28
    front = f"trainyard: log in at {service.there}: "
    assert refused(elsewhere.login()) == (
        f"{front}its authority has the fingerprint {service.fingerprint}, and there is no terminal to ask whether "
        "that is right. Compare it with what `trainyard serve` printed there, and give it by --fingerprint\n")
    assert refused(elsewhere.login("--fingerprint", "0" * 64)) == (
        f"{front}its authority's fingerprint is {service.fingerprint}, not the one that was given. Somebody may "
        "stand between: ask the service's admin\n")
    assert "is no fingerprint: write its 64 hexadecimal digits" in refused(elsewhere.login("--fingerprint", "ab"), 2)
    assert not list(elsewhere.home.glob(".aws*")) + list(elsewhere.home.glob(".config/**/*.pem"))
    pairs = ":".join(re.findall("..", service.fingerprint.upper()))
    done = elsewhere.login("--fingerprint", pairs)
    assert done.returncode == 0, done.stderr
    pem = elsewhere.home / f".config/trainyard/ca-{service.host}-{service.port}.pem"
    assert pem.read_text() == (service.data / "state/tls/ca.pem").read_text()
    assert f"it trusts {pem}; what reads no profile needs: export AWS_CA_BUNDLE={pem}\n" in done.stdout
    config = (elsewhere.home / ".aws/config").read_text()
    assert f"[profile trainyard]\nregion = us-east-1\nendpoint_url = {service.there}\nca_bundle = {pem}\n" in config
    assert (elsewhere.home / ".config/trainyard/login.json").stat().st_mode & 0o777 == 0o600
    assert elsewhere.login().returncode == 0  # the one that is pinned


def test_a_key_that_is_not_known_is_refused(service, elsewhere):  # SEMANTICS A28
    elsewhere.secret.write_text("x" * 40)
    said = refused(elsewhere.login("--fingerprint", service.fingerprint))
    assert said.startswith(f"trainyard: log in at {service.there}: ") and "signature" in said
    done = elsewhere.run("login", service.there, "--fingerprint", service.fingerprint)
    assert refused(done).endswith("there is no terminal to ask for your key: give --key-id and --secret-file\n")


def test_keys_do_not_go_in_the_clear(service, elsewhere):  # SEMANTICS A27
    for url in (service.there.replace("https", "http"), service.there.removeprefix("https://")):
        assert refused(elsewhere.login(url=url), 2) == (
            f"trainyard: log in at {url}: keys and data would go in the clear; write {service.there}\n")
    assert "--fingerprint, --key-id" in refused(elsewhere.run("login", "--fingerprint", "ab"), 2)


def test_all_clients_work_from_elsewhere(service, elsewhere, kim):  # SEMANTICS A28
    assert elsewhere.login("--fingerprint", service.fingerprint).returncode == 0
    name = kim.job("echo hello from afar")["TrainingJobName"]
    assert name in elsewhere.run("jobs").stdout
    assert elsewhere.run("logs", name).stdout.endswith("hello from afar\n")
    assert '"You":true' in elsewhere.run("users", "--json").stdout.replace(" ", "")

    big = elsewhere.home / "big"
    big.write_bytes(os.urandom(20 << 20))  # in parts, several connections at a time
    there = f"s3://{service.bucket}/from-afar"
    for words in (["s3", "cp", big, there], ["s3", "cp", there, elsewhere.home / "back"]):
        done = elsewhere.run("--profile", "trainyard", *words, program=AWS)
        assert done.returncode == 0, done.stderr
    assert (elsewhere.home / "back").read_bytes() == big.read_bytes()

    script = ("import boto3; print(boto3.client('sts').get_caller_identity()['Arn'].rpartition('/')[2],"
              "len(boto3.client('sagemaker').list_training_jobs()['TrainingJobSummaries']) > 0)")
    done = elsewhere.run("run", "--", sys.executable, "-c", script)
    assert done.stdout == "kim True\n", done.stderr
    shell = f"eval \"$({TRAINYARD} env)\" && exec {sys.executable} -c \"{script}\""
    done = elsewhere.run("-c", shell, program="/bin/sh")
    assert done.stdout == "kim True\n", done.stderr

    named = elsewhere.run("jobs", env={"TRAINYARD_DATA": "/nowhere"})  # a directory that is wished for wins
    assert named.returncode == 3 and "/nowhere" in named.stderr


def test_an_authority_that_changes_is_refused(tmp_path, host):  # SEMANTICS A28
    first = Secured(tmp_path, host)
    with ending(first):
        there = Elsewhere(tmp_path, first, first)
        assert there.login("--fingerprint", first.fingerprint).returncode == 0
        before = first.fingerprint
        first.stop()
        first.start()
        assert first.fingerprint == before and there.run("jobs").returncode == 0  # a restart changes nothing
        first.stop()
        for file in (first.data / "state/tls").iterdir():
            file.unlink()
        first.start()
        assert first.fingerprint != before
        pem = tmp_path / f".config/trainyard/ca-{host}-{first.port}.pem"
        said = refused(there.run("jobs"))
        assert "is not trusted" in said and f"which is now {pem}. Somebody may stand between" in said
        assert refused(there.login()) == (
            f"trainyard: log in at {first.there}: its authority has changed: its fingerprint is {first.fingerprint}, "
            f"and the one that was pinned in {pem} has {before}. Somebody may stand between; if the service was set "
            "up anew, ask its admin for the fingerprint and give it by --fingerprint\n")
        assert there.login("--fingerprint", first.fingerprint).returncode == 0
        assert there.run("jobs").returncode == 0


def at_terminal(elsewhere, words, answers):
    """Types an answer behind each question; what the terminal showed, and the exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(TRAINYARD, ["trainyard", *words], elsewhere.environment)
    shown = ""
    for question, answer in answers:
        while question not in shown:
            shown += os.read(terminal, 4096).decode()
        os.write(terminal, answer.encode() + b"\n")
    try:
        while piece := os.read(terminal, 4096):
            shown += piece.decode()
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_person_is_asked(service, elsewhere, kim):  # SEMANTICS A28
    words = ["login", service.there]
    shown, code = at_terminal(elsewhere, words, [("[y/N] ", "")])
    assert code == 4 and shown.endswith("its authority is not trusted\r\n")
    shown, code = at_terminal(elsewhere, words, [
        ("[y/N] ", "y"), ("access key id: ", kim.access_key), ("(not shown): ", kim.secret_key)])
    assert code == 0 and ":".join(re.findall("..", service.fingerprint)) in shown
    assert kim.secret_key not in shown
    assert elsewhere.run("jobs").returncode == 0


def test_login_without_a_url_means_this_machine_again(service, elsewhere):  # SEMANTICS A28
    assert elsewhere.login("--fingerprint", service.fingerprint).returncode == 0
    assert elsewhere.run("users").returncode == 0
    done = elsewhere.run("login", "--data", service.data)
    assert done.returncode == 0, done.stderr
    assert elsewhere.run("users").returncode == 3  # there is no service of that home's
    config = (elsewhere.home / ".aws/config").read_text()
    assert f"endpoint_url = {service.url}" in config and "ca_bundle" not in config


def test_a_certificate_of_ones_own(tmp_path, host):  # SEMANTICS A27
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mine",
                    "-addext", f"subjectAltName=IP:{host}", *files], check=True, capture_output=True)
    settings = f"[listen]\ntls = true\ncertificate = \"{tmp_path}/cert.pem\"\nkey = \"{tmp_path}/key.pem\"\n"
    with ending(Secured(tmp_path, host, settings, options=())) as service:
        assert not (service.data / "state/tls").exists()
        there = Elsewhere(tmp_path, service, service)
        assert there.login("--fingerprint", service.fingerprint).returncode == 0
        assert there.run("jobs").returncode == 0
        named = {"SSL_CERT_FILE": str(tmp_path / "cert.pem")}  # as if this machine's authorities had it
        for file in (tmp_path / ".config/trainyard").glob("*.pem"):
            file.unlink()
        done = there.run("login", service.there, "--key-id", service.access_key, "--secret-file", there.secret,
                         env=named)
        assert done.returncode == 0 and "it trusts" not in done.stdout, done.stderr


def test_a_key_that_is_another_certificates_is_told(tmp_path, service):  # SEMANTICS A20
    authority = service.data / "state/tls"
    other = tmp_path / "other.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", other], check=True, capture_output=True)
    settings = tmp_path / "settings.toml"
    settings.write_text(f"[listen]\ntls = true\ncertificate = \"{authority}/ca.pem\"\nkey = \"{other}\"\n")
    done = subprocess.run([TRAINYARD, "serve", "--data", tmp_path / "data", "--settings", settings, "--listen",
                           "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
    assert "prepare TLS: the certificate and the key do not go together" in refused(done, 2)


def test_json_says_where_it_is_reached(tmp_path, host):
    service = Secured(tmp_path, host)
    process = subprocess.Popen([TRAINYARD, "serve", "--json", "--tls", "--data", tmp_path / "data", "--listen",
                                f"{host}:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = json.loads(process.stdout.readline())
    process.terminate()
    process.communicate()
    assert said["Endpoint"].startswith("http://127.0.0.1:") and said["TlsEndpoint"].startswith(f"https://{host}:")
    assert len(said["Fingerprint"]) == 64 and service.process is None
