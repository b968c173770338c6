"""Shows that the simulation can fail: defects are put into machine and queue, one at a time, and each must break a
promise. mutations.py [--all]: without the flag a sample, another one each day."""

import concurrent.futures
import datetime
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
SAMPLE = 6
LIVES = 200_000  # at most, for one defect; most are found within a thousand
LONGEST_S = 120

# File of src/job, text, what stands there instead.
MUTATIONS = (
    ("machine.cpp", "job.retries < retries_max)", "job.retries <= retries_max)"),
    ("machine.cpp", "  s.job.attempt += 1;\n", ""),
    ("machine.cpp", "const bool has_any = job.phase != Phase::pending;", "const bool has_any = true;"),
    ("machine.cpp", "if (s.job.stop_cause == StopCause::none) s.job.stop_cause = StopCause::requested;", ""),
    ("machine.cpp", "if (!until || s.now < *until) return;", "if (!until) return;"),
    ("machine.cpp", "job.training_ms += (now - *job.attempt_start).count();", "job.training_ms += 1;"),
    ("machine.cpp", "    job.ended = now;\n", ""),
    ("machine.cpp", "job.transitions.back().end = now;\n    job.transitions.push_back",
     ";\n    job.transitions.push_back"),
    ("machine.cpp", "{Phase::interrupting, at<InstanceLost>(), gone_interrupted}",
     "{Phase::interrupting, at<InstanceLost>(), lost}"),
    ("machine.cpp", "  s.job.places = std::get<Admitted>(e).places;\n", "  (void)e;\n"),
    ("machine.cpp", "  s.owe(LaunchInstances{s.job.attempt});\n", ""),
    ("machine.cpp", "  s.owe(Stage{s.job.attempt});\n", ""),
    ("machine.cpp", "if (has_any) owe(Release{job.attempt});", "(void)has_any;"),
    ("machine.cpp", "    job.failure_reason = said;\n", ""),
    ("machine.cpp", "  else if (s.job.stop_cause != StopCause::none)\n    s.stop();\n", ""),
    ("machine.cpp", "    leave_machines();\n    job.phase = Phase::pending;\n", "    leave_machines();\n"),
    ("job.cpp", "*terms.wait_max >= *terms.run_max", "*terms.wait_max > Millis(0)"),
    ("queue.cpp", "if (use.used + request.instances > use.limit) return use;",
     "if (use.used + request.instances >= use.limit) return use;"),
    ("queue.cpp", "  if (over_quota(request)) return false;\n", ""),
    ("queue.cpp", "  charge(held.request, pass.now);\n", ""),
    ("queue.cpp", "  outlook_.give_up(claimed->second.claim);\n", ""),
    ("queue.cpp", "  outlook_.end(it->second.holding);\n", ""),
    ("queue.cpp", "  begin_claimed(pass);\n", ""),
    ("queue.cpp", "} else if (request.is_spot || !claim(pass, request)) {", "} else if (!claim(pass, request)) {"),
    ("queue.cpp", "auto machines = outlook_.is_free(claim)\n", "auto machines = !claim.machines.empty()\n"),
    ("queue.cpp", "  if (!is_known(request.id)) waiting_.add(std::move(request));",
     "  if (waiting_.is_empty()) waiting_.add(std::move(request));"),
    ("capacity.cpp", "    gpu.is_held = true;\n", ""),
    ("capacity.cpp", "  free -= m.held;\n", ""),
    ("capacity.cpp", "  machines_[*n].held += need;\n", ""),
    ("outlook.cpp", "std::int64_t times = now_.at(n).times(need, left);", "std::int64_t times = left;"),
    ("make_room.cpp", "return spot.priority <= priority;", "return spot.priority <= priority + 9;"),
    ("waiting.cpp", "  if (!line.empty()) heads_.erase(line.begin()->first);\n", ""),
)


def built(mutation, directory):
    """The simulation with that defect in it."""
    file, text, instead = mutation
    source = (ROOT / "src/job" / file).read_text()
    if source.count(text) != 1:
        sys.exit(f"{file} has {source.count(text)} places like this one, not 1: {text}")
    mutated = directory / file
    mutated.write_text(source.replace(text, instead))
    simulation = directory / "simulation"
    objects = sorted((BUILD / "CMakeFiles/simulation.dir/tests/simulation").glob("*.o"))
    subprocess.run(["clang++-19", "-std=c++20", "-O1", "-w", "-DFMT_SHARED", f"-I{ROOT}/src", mutated, *objects,
                    BUILD / "libjob.a", BUILD / "libbase.a", "-lfmt", "-lcrypto", "-o", simulation], check=True)
    return simulation


def is_caught(mutation):
    with tempfile.TemporaryDirectory() as directory:
        simulation = built(mutation, pathlib.Path(directory))
        try:
            ran = subprocess.run([simulation, "--lives", str(LIVES)], capture_output=True, text=True,
                                 timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            return True, "it never ends"
    said = (ran.stdout + ran.stderr).strip().split("\n")[0]
    return ran.returncode != 0, said


def main():
    chosen = list(MUTATIONS)
    if "--all" not in sys.argv:
        chosen = random.Random(datetime.date.today().toordinal()).sample(chosen, SAMPLE)
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (file, text, _), (caught, said) in zip(chosen, pool.map(is_caught, chosen)):
            missed += not caught
            print(f"{'caught' if caught else 'MISSED'}: {file}: {text.strip().splitlines()[0]}: {said}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} defects were caught")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
