"""kill -9 of the service, of an agent and of both, at random moments under real clients: nothing
acknowledged is lost, each job ends once and runs its script once, and nothing is left behind.

TRAINYARD_KILLS says how many kills, TRAINYARD_SEED repeats the choices of an earlier run."""

import os
import random

import service as services
from killing import SETTINGS, Killing

KILLS = int(os.environ.get("TRAINYARD_KILLS", 200))
SEED = int(os.environ.get("TRAINYARD_SEED", random.randrange(1 << 32)))


# SEMANTICS C1, C4, J3, J33, X23
def test_kills_lose_nothing_and_leave_nothing(tmp_path):
    print(f"TRAINYARD_SEED={SEED}")
    with services.running(tmp_path, SETTINGS) as service:
        killing = Killing(service, SEED)
        killing.run(KILLS)
        broken = killing.broken()
        print(killing)
    assert broken == []
    assert killing.in_flight >= KILLS / 2
    assert all(killing.done[kind] >= KILLS / 20 for kind in ("service", "agent", "both"))
