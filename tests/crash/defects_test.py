"""The tests of kills and power cuts can fail: each of five defects, put into the program, is seen."""

import re

import defects
import killing
import power
import pytest

ROUNDS, KILLS = 10, 20


@pytest.mark.parametrize("defect", defects.ALL, ids=lambda defect: defect.name.replace(" ", "-"))
def test_a_seeded_defect_is_seen(defect, tmp_path):
    program = defects.build(defect, tmp_path)
    for seed in range(ROUNDS):
        directory = tmp_path / str(seed)
        directory.mkdir()
        said = broken(defect, program, directory, seed)
        if said:
            print(said)
            assert re.search(defect.seen, "\n".join(said)), said
            return
    raise AssertionError(f"{ROUNDS * KILLS} kills did not show it")


def broken(defect, program, directory, seed):
    """What is said of a service with this defect."""
    service = power.Powered(directory, killing.SETTINGS, program)
    service.start()
    try:
        breaker = defect.how(service, seed, patience=20)
        breaker.run(KILLS)
        return breaker.broken()
    except AssertionError as error:
        return [f"{error} {error.__cause__ or ''}"]
    finally:
        service.cut("synced")
