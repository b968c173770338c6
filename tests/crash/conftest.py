import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / "conformance"),
                str(pathlib.Path(__file__).parent)]

import service as services

# Many jobs run at the same time on any machine.
SMALL = """[instances."ml.m5.large"]
cpus = 0.1
memory = "64MiB"
"""


@pytest.fixture
def own_service(tmp_path):
    """A service for one test."""
    with services.running(tmp_path, SMALL) as running:
        yield running
