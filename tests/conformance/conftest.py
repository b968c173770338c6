import concurrent.futures
import contextlib
import pathlib
import socket
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import service as services
from signed_http import connect


def pytest_configure(config):
    config.addinivalue_line("markers", "release_alone: not repeated under the sanitizers; see tests/run.py")


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory):
    """One service for all tests that do not break it."""
    with services.running(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="session")
def service(shared_service):
    return shared_service


@pytest.fixture(scope="session", autouse=True)
def slow_client(shared_service):
    """Begins a request before the first test and does not go on with it: after how many seconds it is
    let go, in a future."""
    def wait():
        began = time.monotonic()
        assert connection.recv(1) == b""
        return time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(1) as thread, connect(shared_service) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: ")
        yield thread.submit(wait)
        with contextlib.suppress(OSError):  # it was let go
            connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def own_service(tmp_path):
    """A service for one test."""
    with services.running(tmp_path) as running:
        yield running


@pytest.fixture
def no_job_stays(service):
    """A test that fails half-way must not leave a job behind that holds the machine."""
    yield
    services.end_jobs(service)
