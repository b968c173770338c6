import pytest

import container


@pytest.fixture(scope="session")
def ours():
    if not container.OURS.exists():
        pytest.fail(f"{container.OURS} is not built; build it, or name it in TRAINYARD_TRAIN")
    return container.OURS


@pytest.fixture(scope="session")
def original():
    if not container.ORIGINAL.exists():
        pytest.fail(f"{container.ORIGINAL} is missing; ./setup test makes build/venv-toolkit")
    return container.ORIGINAL


@pytest.fixture(scope="session")
def warm_original(original):
    """The same without a start of its own for each run."""
    warm = container.WarmOriginal()
    yield warm
    warm.end()


@pytest.fixture
def base(tmp_path):
    return tmp_path / "ml"
