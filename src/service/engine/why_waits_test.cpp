#include "service/engine/why_waits.hpp"

#include <doctest/doctest.h>

namespace trainyard::engine {
namespace {

constexpr std::uint64_t gib = 1u << 30;

std::string said(const job::Why& why) {
  return why_waits(why, [](const std::string& id) -> std::optional<JobName> {
    if (id == "gone") return std::nullopt;
    return JobName{id, id.starts_with("l") ? "lee" : "kim"};
  });
}

// Kim's, of two cores and 9 GiB, where one core and 10 GiB are free.
job::Why waiting() {
  job::Why out;
  out.request.user = "kim";
  out.request.need = {2, 9 * gib, 0};
  out.free = {1, 10 * gib, 0};
  out.holds = {"a", "l1", "gone", "b", "c"};
  out.free_by = from_ms(1'795'000'000'000);
  return out;
}

// SEMANTICS J6
TEST_CASE("what is missing, who holds it, how many are ahead, by when it is free") {
  job::Why why = waiting();
  CHECK(said(why) ==
        "waits for capacity: 1 of 2 cores free, held by a, lee's l1, b and 2 more; free by "
        "2026-11-18 11:06 UTC at the latest (MaxRuntimeInSeconds)");
  why.free_by.reset();
  why.holds = {"a"};
  why.free.memory_bytes = 1;
  CHECK(said(why) == "waits for capacity: 1 of 2 cores, 0.0 of 9.0 GiB free, held by a");
  why.ahead = 3;
  why.first = "l2";
  CHECK(
      said(why) ==
      "waits behind 3 jobs, first of them lee's l2: 1 of 2 cores, 0.0 of 9.0 GiB free, held by a");
  why.free = {8, 64 * gib, 0};
  CHECK(said(why) ==
        "waits behind 3 jobs, first of them lee's l2: what it needs is free, but by its "
        "MaxRuntimeInSeconds it could delay them");
  why.ahead = 0;
  CHECK(said(why) == "is about to start");
  why.request.instances = 4;
  CHECK(said(why) == "waits for capacity: machines for each of 4 instances, held by a");
}

TEST_CASE("a quota, who leaves, and a GPU that no job uses are told before all else") {
  job::Why why = waiting();
  why.others = {{"local", "GPU-aa", "GPU 0 is used by pid 4242 (18 GiB)"}};
  CHECK(said(why).starts_with("waits for capacity: "));
  why.request.need.gpus = 1;
  CHECK(said(why) == "waits: GPU 0 is used by pid 4242 (18 GiB), not a job");
  why.quota = job::QuotaUse{"ml.p4d.24xlarge", 1, 1};
  CHECK(said(why) == "waits for quota: kim holds 1 of 1 instance of ml.p4d.24xlarge");
  why.quota = job::QuotaUse{"*", 4, 3};
  CHECK(said(why) == "waits for quota: kim holds 3 of 4 instances of all types");
  why.yields = {"a", "l1"};
  CHECK(said(why) == "waits for spot jobs that leave the machine to it: a and lee's l1");
}

}  // namespace
}  // namespace trainyard::engine
