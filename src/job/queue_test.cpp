#include "job/queue.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace trainyard;
using namespace trainyard::job;

namespace {

constexpr std::uint64_t gib = 1u << 30;
constexpr Millis hour{3'600'000};
const Time start = from_ms(1'795'000'000'000);

Machine machine(const std::string& name, double cpus, int gpus = 0) {
  Machine out{name, cpus, std::uint64_t(cpus) * gib, {}};
  for (int n = 0; n < gpus; ++n)
    out.gpus.push_back(name + "-gpu" + std::to_string(n));
  return out;
}

// A job of kim's; ids sort by their time of coming.
Request on_demand(const std::string& id, double cpus) {
  return {id, id, "kim", "ml.m5.large", {cpus, std::uint64_t(cpus) * gib, 0}, 1, 0, false, hour};
}
Request spot(const std::string& id, double cpus) {
  Request out = on_demand(id, cpus);
  out.is_spot = true;
  return out;
}
Request of(const std::string& user, Request request) {
  request.user = user;
  return request;
}

std::vector<std::string> ids(const Decisions& decisions) {
  std::vector<std::string> out;
  for (const auto& b : decisions.begin)
    out.push_back(b.id);
  return out;
}
using Ids = std::vector<std::string>;

}  // namespace

// SEMANTICS J5
TEST_CASE("jobs of a user begin in the order they came, as long as each fits") {
  Queue queue({machine("m", 4)});
  queue.add(on_demand("b", 2));
  queue.add(on_demand("a", 2));
  queue.add(on_demand("c", 1));
  CHECK(ids(queue.decide(start)) == Ids{"a", "b"});
  CHECK(queue.capacity().free().at(0).resources() == Resources{0, 0, 0});
  CHECK(queue.decide(start).begin.empty());
  queue.remove("a", start);
  CHECK(ids(queue.decide(start)) == Ids{"c"});
}

TEST_CASE("fractions of cores that were given back are whole again") {
  Queue queue({machine("m", 1)});
  for (const auto& [id, cpus] : {std::pair("a", 0.2), {"b", 0.6}}) {
    Request request = on_demand(id, 0);
    request.need.cpus = cpus;
    queue.add(request);
  }
  CHECK(queue.decide(start).begin.size() == 2);
  queue.add(on_demand("c", 1));
  queue.remove("a", start);
  queue.remove("b", start);
  CHECK(ids(queue.decide(start)) == Ids{"c"});
}

TEST_CASE("each resource binds by itself") {
  const Resources there{4, 8 * gib, 1};
  CHECK(fits({4, 8 * gib, 1}, there));
  CHECK_FALSE(fits({4.5, 1, 0}, there));
  CHECK_FALSE(fits({1, 8 * gib + 1, 0}, there));
  CHECK_FALSE(fits({1, 1, 2}, there));
}

TEST_CASE("a job that is known already is not queued twice; strangers change nothing") {
  Queue queue({machine("m", 4)});
  queue.add(on_demand("a", 4));
  queue.add(on_demand("a", 1));
  CHECK(ids(queue.decide(start)) == Ids{"a"});
  queue.add(on_demand("a", 4));
  queue.hold(on_demand("a", 4), {{"m", {}}}, start, start);
  CHECK(queue.is_idle());
  queue.remove("stranger", start);
  queue.leave("stranger");
  CHECK_FALSE(queue.forget("stranger", start));
  CHECK_FALSE(queue.forget("a", start));
  CHECK_FALSE(queue.set_priority("a", 5));
  queue.remove("a", start);
  queue.remove("a", start);
  CHECK(queue.capacity().free().at(0) == queue.capacity().total());
}

TEST_CASE("a machine that shrank below what is held frees nothing too early; one that is gone "
          "holds nothing") {
  Queue queue({machine("m", 4)});
  queue.hold(on_demand("a", 3), {{"m", {}}}, start, start);
  queue.hold(on_demand("b", 3), {{"m", {}}}, start, start);
  queue.hold(on_demand("x", 3), {{"gone", {}}}, start, start);
  queue.add(on_demand("c", 1));
  CHECK(queue.decide(start).begin.empty());
  queue.remove("x", start);
  CHECK(queue.decide(start).begin.empty());
  queue.remove("a", start);
  CHECK(ids(queue.decide(start)) == Ids{"c"});
}

// SEMANTICS J49
TEST_CASE("all instances of a job begin together, wherever each has room, or none") {
  Queue queue({machine("m", 4), machine("n", 4)});
  Request both = on_demand("b", 3);
  both.instances = 2;
  Request three = both;
  three.instances = 3;
  CHECK(queue.is_possible(both));
  CHECK_FALSE(queue.is_possible(three));
  queue.add(on_demand("a", 2));
  CHECK(queue.decide(start).begin == std::vector{Begin{"a", {{"m", {}}}}});
  queue.add(both);
  CHECK(queue.decide(start).begin.empty());
  queue.remove("a", start);
  CHECK(queue.decide(start).begin == std::vector{Begin{"b", {{"m", {}}, {"n", {}}}}});
}

// SEMANTICS J50
TEST_CASE("GPUs are a job's own, by name, also after a restart; those of others are nobody's") {
  Queue queue({machine("m", 8, 4)});
  Request a = on_demand("a", 1), b = on_demand("b", 1), c = on_demand("c", 1);
  a.need.gpus = b.need.gpus = 2;
  c.need.gpus = 1;
  queue.hold(a, {{"m", {"m-gpu1", "m-gpu2"}}}, start, start);
  queue.add(b);
  queue.add(c);
  CHECK(queue.decide(start).begin == std::vector{Begin{"b", {{"m", {"m-gpu0", "m-gpu3"}}}}});
  queue.remove("a", start);
  queue.use_by_others({{"m", "m-gpu1", "pid 4242 (18 GiB)"}});
  CHECK(queue.decide(start).begin == std::vector{Begin{"c", {{"m", {"m-gpu2"}}}}});
  queue.add(on_demand("d", 1));
  Request e = on_demand("e", 1);
  e.need.gpus = 1;
  queue.add(e);
  CHECK(ids(queue.decide(start)) == Ids{"d"});
  REQUIRE(queue.why("e", start)->others.size() == 1);
  queue.use_by_others({});
  CHECK(ids(queue.decide(start)) == Ids{"e"});
}

// SEMANTICS J51
TEST_CASE("a small job begins before a large one only where it cannot delay it") {
  Queue queue({machine("m", 4)});
  queue.hold(on_demand("runs", 3), {{"m", {}}}, start, start);  // an hour
  queue.add(on_demand("large", 4));
  Request longer = on_demand("longer", 1), shorter = on_demand("shorter", 1);
  longer.run_max = hour + Millis(1);
  queue.add(longer);
  queue.add(shorter);
  CHECK(ids(queue.decide(start)) == Ids{"shorter"});
  queue.remove("runs", start + hour);
  CHECK(queue.decide(start + hour).begin.empty());
  queue.remove("shorter", start + hour);
  CHECK(ids(queue.decide(start + hour)) == Ids{"large"});
}

// SEMANTICS J51
TEST_CASE("beside what a large job is promised there is room for jobs of any length") {
  Queue queue({machine("m", 8, 2), machine("n", 8)});
  Request runs = on_demand("runs", 1), gpus = on_demand("gpus", 1);
  runs.need.gpus = gpus.need.gpus = 2;
  queue.hold(runs, {{"m", {"m-gpu0", "m-gpu1"}}}, start, start);
  queue.add(gpus);
  for (const char* id : {"v", "w", "x", "y", "z"}) {
    Request request = on_demand(id, id == std::string("z") ? 1 : 4);
    request.run_max = 100 * hour;
    queue.add(request);
  }
  // On m 6 cores stay beside gpus: 4 and, after those on n, one more.
  const auto begun = queue.decide(start).begin;
  CHECK(begun.size() == 4);
  CHECK(begun.back() == Begin{"z", {{"m", {}}}});
  queue.remove("runs", start);
  CHECK(ids(queue.decide(start)) == Ids{"gpus"});
}

// SEMANTICS J52
TEST_CASE("higher priority begins first, and on-demand before spot of the same") {
  Queue queue({machine("m", 1)});
  queue.hold(on_demand("runs", 1), {{"m", {}}}, start, start);
  queue.add(spot("a", 1));
  queue.add(on_demand("b", 1));
  Request c = spot("c", 1);
  c.priority = 1;
  queue.add(c);
  queue.add(on_demand("d", 1));
  CHECK(queue.set_priority("d", 2));
  Ids order;
  for (std::string last = "runs"; order.size() < 4; last = order.back()) {
    queue.remove(last, start);
    const auto next = ids(queue.decide(start));
    REQUIRE(next.size() == 1);
    order.push_back(next.front());
  }
  CHECK(order == Ids{"d", "c", "b", "a"});
}

// SEMANTICS J53
TEST_CASE("who has had least is next, by share; what was used long ago counts less") {
  QueuePolicy policy;
  policy.shares = {{"lab", 3}};
  Queue queue({machine("m", 1)}, policy);
  std::map<std::string, int> begun;
  std::string runs;
  Time now = start;
  for (int n = 0; n < 400; ++n) {
    const std::string number = std::to_string(1000 + n);
    queue.add(of("lab", on_demand("l" + number, 1)));
    queue.add(of("kim", on_demand("k" + number, 1)));
  }
  for (int n = 0; n < 400; ++n) {
    queue.remove(runs, now);
    runs = ids(queue.decide(now)).front();
    ++begun[runs.substr(0, 1)];
    now += hour;
  }
  CHECK(begun["l"] == doctest::Approx(300).epsilon(0.03));

  Queue other({machine("m", 1)});
  other.held(of("kim", on_demand("", 1)), start - 100 * hour, start - 99 * hour, start);
  other.held(of("lee", on_demand("", 1)), start - 2 * hour, start - hour, start);
  other.add(of("lee", on_demand("a", 1)));
  other.add(of("kim", on_demand("b", 1)));
  other.add(of("new", on_demand("c", 1)));
  CHECK(ids(other.decide(start)) == Ids{"c"});
  CHECK(other.why("b", start)->ahead == 0);
  CHECK(other.why("a", start)->ahead == 1);
  CHECK(other.why("a", start)->first == "b");
}

// SEMANTICS J54
TEST_CASE(
    "quotas are of a user and a type, or of all types; over one a job waits and holds up nobody") {
  QueuePolicy policy;
  policy.quotas = {{"*", {{"*", 2}}}, {"kim", {{"ml.m5.large", 1}}}, {"lab", {{"*", 5}}}};
  Queue queue({machine("m", 100)}, policy);
  for (const char* id : {"a", "b"})
    queue.add(on_demand(id, 1));
  for (const char* id : {"c", "d", "e"})
    queue.add(of("lee", on_demand(id, 1)));
  for (const char* id : {"f", "g", "h"})
    queue.add(of("lab", on_demand(id, 1)));
  CHECK(queue.decide(start).begin.size() == 1 + 2 + 3);
  CHECK(queue.why("b", start)->quota == QuotaUse{"ml.m5.large", 1, 1});
  CHECK(queue.why("e", start)->quota == QuotaUse{"*", 2, 2});
  queue.remove("a", start);
  CHECK(ids(queue.decide(start)) == Ids{"b"});
  Request large = of("lab", on_demand("", 1));
  large.instances = 3;
  CHECK(queue.over_quota(large) == QuotaUse{"*", 5, 3});
  large.instances = 2;
  CHECK_FALSE(queue.over_quota(large));
}

// SEMANTICS J55
TEST_CASE("the newest spot jobs yield to an on-demand job, no more of them than it needs") {
  Queue queue({machine("m", 8)});
  for (const auto& [id, cpus] : {std::pair("a", 2), {"b", 4}, {"c", 2}}) {
    queue.add(spot(id, cpus));
    CHECK(queue.decide(start + Millis(id[0])).begin.size() == 1);
  }
  queue.add(on_demand("d", 4));
  const auto decisions = queue.decide(start + hour);
  CHECK(decisions.begin.empty());
  CHECK(decisions.yield == std::vector{Yield{"b", "d"}});  // c alone is not enough, nor needed then
  CHECK(queue.why("d", start + hour)->yields == Ids{"b"});
  CHECK(queue.decide(start + hour).yield.empty());
  // What is left to it is its own, whoever comes before it.
  queue.remove("b", start + hour);
  Request urgent = on_demand("e", 1);
  urgent.priority = 9;
  queue.add(urgent);
  queue.add(spot("b", 4));
  const auto after = queue.decide(start + hour);
  CHECK(ids(after) == Ids{"d"});
  CHECK(after.yield == std::vector{Yield{"c", "e"}});
}

// SEMANTICS J55
TEST_CASE("nobody yields where that does not make room, or to a spot job, or to lower priority") {
  Queue queue({machine("m", 4)});
  queue.add(on_demand("a", 3));
  Request important = spot("b", 1);
  important.priority = 1;
  queue.add(important);
  CHECK(queue.decide(start).begin.size() == 2);
  queue.add(spot("c", 1));
  queue.add(on_demand("d", 1));
  Request large = on_demand("e", 2);
  large.priority = 1;
  queue.add(large);
  CHECK(queue.decide(start).yield.empty());
  CHECK(queue.set_priority("d", 1));
  CHECK(queue.decide(start).yield == std::vector{Yield{"b", "d"}});
}

TEST_CASE("a job that is stopped while others make room for it leaves the room to all") {
  Queue queue({machine("m", 2)});
  queue.add(spot("a", 2));
  queue.decide(start);
  queue.add(on_demand("b", 2));
  CHECK(queue.decide(start).yield.size() == 1);
  CHECK_FALSE(queue.is_idle());
  CHECK(queue.forget("b", start));
  queue.remove("a", start);
  queue.add(spot("c", 2));
  CHECK(ids(queue.decide(start)) == Ids{"c"});
}

TEST_CASE("a job that leaves, found at a start, makes room for an on-demand job without others "
          "yielding") {
  Queue queue({machine("m", 4)});
  queue.hold(spot("a", 2), {{"m", {}}}, start, start);
  queue.hold(spot("b", 2), {{"m", {}}}, start, start);
  queue.leave("a");
  queue.add(on_demand("c", 2));
  CHECK(queue.decide(start).yield.empty());
  CHECK(queue.why("c", start)->holds.empty());
  queue.remove("a", start);
  CHECK(ids(queue.decide(start)) == Ids{"c"});
}

// SEMANTICS J6
TEST_CASE("a waiting job can say what it waits for") {
  Queue queue({machine("m", 4)});
  queue.add(on_demand("a", 3));
  queue.decide(start);
  queue.add(on_demand("b", 2));
  queue.add(on_demand("c", 2));
  CHECK_FALSE(queue.why("a", start));
  const auto b = queue.why("b", start), c = queue.why("c", start);
  CHECK(b->ahead == 0);
  CHECK(b->first == "");
  CHECK(b->free.cpus == 1);
  CHECK(b->holds == Ids{"a"});
  CHECK(b->free_by == start + hour);
  CHECK(c->ahead == 1);
  CHECK(c->first == "b");
}

namespace {

// A world at random: jobs come, end early or at their limit, are stopped or interrupted; those that
// yield leave some time later. What must hold is looked at in each step.
struct RandomWorld {
  explicit RandomWorld(unsigned seed) : random(seed), queue(machines()) {}

  static std::vector<Machine> machines() {
    return {machine("a", 8, 2), machine("b", 8), machine("c", 16, 4), machine("d", 4)};
  }
  unsigned below(unsigned n) { return random() % n; }

  void come() {
    const std::string id = std::to_string(100'000 + made++);
    Request r = on_demand(id, double(1 + below(4)));
    r.need.gpus = below(4) == 0 ? 1 + below(2) : 0;
    r.instances = below(5) == 0 ? 2 : 1;
    r.user = std::string(1, char('k' + below(3)));
    r.is_spot = below(2) == 0;
    r.priority = below(6) == 0 ? 1 : 0;
    r.run_max = hour * (1 + below(5));
    waits[id] = r;
    queue.add(r);
  }

  void end(const std::string id) {  // a copy: it may be of what goes
    queue.remove(id, now);
    for (const auto& place : holds.at(id).first)
      give(place, waits_or_ran.at(id).need, -1);
    ends.erase({holds.at(id).second, id});
    holds.erase(id);
    std::erase_if(yielded, [&](const auto& pair) { return pair.second == id; });
    // Who was interrupted waits again, at its old place.
    if (leaving.erase(id) > 0 && below(4) > 0) {
      waits[id] = waits_or_ran.at(id);
      queue.add(waits[id]);
    }
  }

  void give(const Place& place, const Resources& need, int by) {
    auto& held = used[place.machine];
    held.cpus += by * need.cpus;
    held.gpus += by * need.gpus;
    for (const auto& gpu : place.gpus)
      if (by > 0)
        REQUIRE(gpus.insert(gpu).second);  // nobody else's
      else
        gpus.erase(gpu);
  }

  void look() {
    const Decisions decisions = queue.decide(now);
    for (const auto& b : decisions.begin) {
      REQUIRE(waits.contains(b.id));
      const Request r = waits[b.id];
      waits.erase(b.id);
      waits_or_ran[b.id] = r;
      REQUIRE(std::int64_t(b.places.size()) == r.instances);
      for (const auto& place : b.places) {
        REQUIRE(std::int64_t(place.gpus.size()) == r.need.gpus);
        give(place, r.need, 1);
      }
      holds[b.id] = {b.places, now + r.run_max};
      ends.insert({now + r.run_max, b.id});
      claims.erase(b.id);
    }
    for (const auto& y : decisions.yield) {
      const Request &who = waits_or_ran.at(y.id), &to = waits.at(y.to);
      REQUIRE(who.is_spot);
      REQUIRE_FALSE(to.is_spot);
      REQUIRE(who.priority <= to.priority);
      REQUIRE(holds.contains(y.id));
      REQUIRE(leaving.insert(y.id).second);
      REQUIRE(yielded.insert({y.id, y.to}).second);  // no circles
      ++yields;
      claims.insert(y.to);
    }
    for (const auto& m : machines()) {
      REQUIRE(used[m.name].cpus <= m.cpus);
      REQUIRE(used[m.name].gpus <= std::int64_t(m.gpus.size()));
    }
  }

  void step() {
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
      come();
      break;
    case 3:
      if (!leaving.empty()) end(*leaving.begin());
      break;
    case 4:
      if (!waits.empty()) {
        auto it = waits.begin();
        std::advance(it, below(unsigned(waits.size())));
        REQUIRE(queue.forget(it->first, now));
        claims.erase(it->first);
        waits.erase(it);
      }
      break;
    case 5:
      if (!holds.empty()) {
        auto it = holds.begin();
        std::advance(it, below(unsigned(holds.size())));
        if (leaving.insert(it->first).second) queue.leave(it->first);
      }
      break;
    default:
      pass_time();
    }
    look();
  }

  // To the next end, which its limit tells, or somebody ends early.
  void pass_time() {
    if (ends.empty()) return;
    const auto [at, id] = *ends.begin();
    if (below(2) == 0) {
      now = std::max(now, at);
      return end(id);
    }
    auto it = ends.begin();
    std::advance(it, below(unsigned(ends.size())));
    end(std::string(it->second));
  }

  std::mt19937 random;
  Queue queue;
  Time now = start;
  int made = 0, yields = 0;
  std::map<std::string, Request> waits, waits_or_ran;
  std::map<std::string, std::pair<Placement, Time>> holds;
  std::set<std::pair<Time, std::string>> ends;
  std::set<std::string> leaving, claims, gpus;
  std::set<std::pair<std::string, std::string>> yielded;
  std::map<std::string, Resources> used;
};

}  // namespace

// SEMANTICS J5, J49, J50, J55
TEST_CASE("whatever happens, no more is held than there is, nobody yields in circles, all begin") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    RandomWorld world(seed);
    for (int n = 0; n < 1500; ++n)
      world.step();
    for (int n = 0; n < 100'000 && !(world.waits.empty() && world.holds.empty()); ++n) {
      if (!world.leaving.empty())
        world.end(*world.leaving.begin());
      else
        world.pass_time();
      world.look();
    }
    CAPTURE(seed);
    CHECK(world.waits.empty());
    CHECK(world.queue.is_idle());
    CHECK(world.yields > 5);
    for (std::size_t n = 0; n < world.machines().size(); ++n)
      CHECK(world.queue.capacity().free().at(n) == world.queue.capacity().total(n));
  }
}

// SEMANTICS J51
TEST_CASE("a large job among ever more small ones begins by the time it was promised") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Queue queue({machine("m", 8), machine("n", 8)});
    std::set<std::pair<Time, std::string>> ends;
    Time now = start;
    Time latest = Time::max();
    std::map<std::string, Millis> limits;
    int made = 0;
    for (bool has_begun = false; !has_begun && made < 2000;) {
      Request small = on_demand(std::to_string(100'000 + made++), double(1 + random() % 3));
      small.run_max = Millis(1 + random() % 5'000'000);
      limits[small.id] = small.run_max;
      queue.add(small);
      if (made == 20) {
        Request large = on_demand("000000", 8);
        large.instances = 2;
        queue.add(large);
      }
      if (random() % 2 && !ends.empty()) {
        now = ends.begin()->first;
        queue.remove(ends.begin()->second, now);
        ends.erase(ends.begin());
      }
      for (const auto& b : queue.decide(now).begin) {
        if (b.id == "000000") has_begun = true;
        ends.insert({now + limits[b.id], b.id});
      }
      if (made < 20 || has_begun) continue;
      const auto why = queue.why("000000", now);
      REQUIRE(why->ahead == 0);
      REQUIRE(why->free_by);
      REQUIRE(*why->free_by <= std::max(latest, now));
      latest = std::max(*why->free_by, now);
    }
    CHECK(made < 2000);
  }
}
