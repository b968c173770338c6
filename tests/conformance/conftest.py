import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import service as services


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """One service for all tests that do not break it."""
    with services.running(tmp_path_factory.mktemp("service")) as running:
        yield running


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
