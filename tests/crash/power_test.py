"""A power cut loses nothing that was acknowledged: after each, a service on what was synced has every
object whole, every job, every tag and the log of every job that was seen to have ended.

TRAINYARD_CUTS says how many cuts, TRAINYARD_SEED repeats the choices of an earlier run."""

import os
import random

import service as services
from killing import SETTINGS, PowerCuts
from power import Powered

CUTS = int(os.environ.get("TRAINYARD_CUTS", 20))
SEED = int(os.environ.get("TRAINYARD_SEED", random.randrange(1 << 32)))


# SEMANTICS C2, C3
def test_power_cuts_lose_nothing_that_was_acknowledged(tmp_path):
    print(f"TRAINYARD_SEED={SEED}")
    with services.ending(Powered(tmp_path, SETTINGS)) as service:
        cuts = PowerCuts(service, SEED)
        cuts.run(CUTS)
        broken = cuts.broken()
        print(cuts)
    assert broken == []
    assert cuts.in_flight >= CUTS / 2
