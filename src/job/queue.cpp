#include "job/queue.hpp"

#include <algorithm>
#include <set>

namespace trainyard::job {
namespace {

constexpr int claims_per_pass = 8;  // each looks at all spot jobs

// The quota of a user for a type, or for "*".
std::optional<std::int64_t> quota_of(const QueuePolicy& policy, const std::string& user,
                                     const std::string& type) {
  for (const auto& name : {user, std::string("*")}) {
    const auto quotas = policy.quotas.find(name);
    if (quotas == policy.quotas.end()) continue;
    const auto limit = quotas->second.find(type);
    if (limit != quotas->second.end()) return limit->second;
  }
  return std::nullopt;
}

// A time limit that lies beyond the end of time is its end.
Time ends_at(Time begins, Millis run_max) {
  const Millis left = Time::max() - begins;
  return run_max < left ? begins + run_max : Time::max();
}

std::optional<Spot> spot_of(const Request& request, Time began) {
  if (!request.is_spot) return std::nullopt;
  return Spot{began, request.order, request.id, request.priority};
}

}  // namespace

// What one call of decide() has found so far.
struct Queue::Pass {
  Time now;
  Decisions out;
  std::optional<Promise> promise = {};  // to the first that has no room; it stands for this pass
  int claims_left = claims_per_pass;
  bool has_yielded = false;
  const Promise* promised() const { return promise ? &*promise : nullptr; }
  std::vector<Size> fits = {};  // the sizes of the level's jobs that may begin
};

Queue::Queue(std::vector<Machine> machines, QueuePolicy policy)
    : policy_(std::move(policy)), outlook_(std::move(machines)),
      shares_(policy_.shares, policy_.half_life) {}

bool Queue::is_known(const std::string& id) const {
  return waiting_.find(id) || held_.contains(id) || claims_.contains(id);
}

// What a job takes of all machines: of the component that it takes most of.
double Queue::part(const Request& request) const {
  const Room need = Room(request.need) * request.instances, all = capacity().total();
  const auto of = [](std::int64_t part, std::int64_t whole) {
    return whole > 0 ? double(part) / double(whole) : 0;
  };
  return std::max({of(need.cpu_thousandths, all.cpu_thousandths),
                   of(need.memory_bytes, all.memory_bytes), of(need.gpus, all.gpus)});
}

// What a job holds, or was promised to, is its user's: in shares and in quotas.
void Queue::charge(const Request& request, Time now) {
  shares_.hold(request.user, part(request), now);
  count(request, 1);
}

void Queue::refund(const Request& request, Time now) {
  shares_.give(request.user, part(request), now);
  count(request, -1);
}

void Queue::count(const Request& request, std::int64_t by) {
  auto& used = used_[request.user];
  for (const auto& type : {request.instance_type, std::string("*")})
    if ((used[type] += by * request.instances) == 0) used.erase(type);
  if (used.empty()) used_.erase(request.user);
}

std::optional<QuotaUse> Queue::over_quota(const Request& request) const {
  if (policy_.quotas.empty()) return std::nullopt;
  for (const auto& type : {request.instance_type, std::string("*")}) {
    const auto limit = quota_of(policy_, request.user, type);
    if (!limit) continue;
    QuotaUse use{type, *limit, 0};
    if (const auto user = used_.find(request.user); user != used_.end())
      if (const auto used = user->second.find(type); used != user->second.end())
        use.used = used->second;
    if (use.used + request.instances > use.limit) return use;
  }
  return std::nullopt;
}

// ---- changes

void Queue::add(Request request) {
  if (!is_known(request.id)) waiting_.add(std::move(request));
}

void Queue::hold(const Request& request, Placement places, Time began, Time now) {
  if (is_known(request.id)) return;
  Held held{request,
            {Room(request.need), std::move(places), ends_at(began, request.run_max),
             spot_of(request, began)},
            began};
  outlook_.hold(held.holding);
  shares_.held(request.user, part(request), began, now, now);
  charge(request, now);
  held_.emplace(request.id, std::move(held));
}

void Queue::held(const Request& request, Time from, Time till, Time now) {
  shares_.held(request.user, part(request), from, till, now);
}

void Queue::leave(const std::string& id) {
  const auto it = held_.find(id);
  if (it == held_.end()) return;
  outlook_.leave(it->second.holding);
}

bool Queue::forget(const std::string& id, Time now) {
  if (waiting_.remove(id)) return true;
  const auto claimed = claims_.find(id);
  if (claimed == claims_.end()) return false;
  outlook_.give_up(claimed->second.claim);
  refund(claimed->second.request, now);
  claims_.erase(claimed);
  return true;
}

void Queue::remove(const std::string& id, Time now) {
  forget(id, now);
  const auto it = held_.find(id);
  if (it == held_.end()) return;
  outlook_.end(it->second.holding);
  refund(it->second.request, now);
  held_.erase(it);
}

bool Queue::set_priority(const std::string& id, std::int64_t priority) {
  auto request = waiting_.remove(id);
  if (!request) return false;
  request->priority = priority;
  waiting_.add(std::move(*request));
  return true;
}

// ---- decisions

Decisions Queue::decide(Time now) {
  Pass pass{now, {}};
  begin_claimed(pass);
  while (pass_levels(pass))
    pass.promise.reset();
  return std::move(pass.out);
}

// True where spot jobs were told to yield: what they leave beside what is claimed may be room for
// those that had none, so all are looked at again.
bool Queue::pass_levels(Pass& pass) {
  // A level, and a user of it, goes when its last job begins: the next is looked up by its key.
  auto level = waiting_.levels().begin();
  while (level != waiting_.levels().end()) {
    const Level key = level->first;
    if (pass_level(pass, key)) return true;
    level = waiting_.levels().upper_bound(key);
  }
  return false;
}

// Users take turns: who has had least looks through its jobs for the first that begins. What had no
// room before has none later in this pass, so each head is looked at once; and once it is known who
// is promised what, only those of a size for which there is room.
bool Queue::pass_level(Pass& pass, const Level& level) {
  using Turn = std::tuple<double, std::string, std::string, std::string>;  // had, first, user, seen
  std::set<Turn> turns;
  const WaitingJobs::LevelJobs& jobs = waiting_.levels().at(level);
  for (const auto& [user, lines] : jobs.users)
    turns.emplace(shares_.had(user, pass.now), lines.first_order(), user, "");
  pass.fits.clear();
  for (const auto& [size, count] : jobs.sizes)
    pass.fits.push_back(size);
  drop_roomless(pass);
  while (!turns.empty() && (looks_at_all(pass, level) || !pass.fits.empty())) {
    const auto [had, first, user, seen] = *turns.begin();
    turns.erase(turns.begin());
    const auto at = waiting_.levels().find(level);
    if (at == waiting_.levels().end()) return false;
    const auto lines = at->second.users.find(user);
    if (lines == at->second.users.end()) continue;
    std::string looked_at = seen;
    while (const Request* head = next(pass, level, lines->second, looked_at)) {
      looked_at = head->order;
      if (!admit(pass, *head)) continue;
      if (std::exchange(pass.has_yielded, false)) return true;
      drop_roomless(pass);
      turns.emplace(shares_.had(user, pass.now), first, user, looked_at);
      break;
    }
  }
  return false;
}

// Whether those that have no room are to be looked at, too.
bool Queue::looks_at_all(const Pass& pass, const Level& level) const {
  const bool may_claim = !level.is_spot && pass.claims_left > 0 && outlook_.may_make_room();
  return !pass.promise || may_claim;
}

// The next of a user's heads that may begin, or may have spot jobs yield, or is to be promised its
// machines.
const Request* Queue::next(const Pass& pass, const Level& level, const UserLines& lines,
                           const std::string& seen) const {
  if (looks_at_all(pass, level)) return lines.next_head(seen);
  const Request* out = nullptr;
  for (const auto& size : pass.fits) {
    const Request* head = lines.next_head(seen, size);
    if (head && (!out || head->order < out->order)) out = head;
  }
  return out;
}

// Sizes differ in how long they take last: what has room for all, or for short ones, is looked up
// once of each.
void Queue::drop_roomless(Pass& pass) const {
  std::optional<Size> last;
  Millis longest{};
  std::erase_if(pass.fits, [&](const Size& size) {
    if (!last || last->need != size.need || last->instances != size.instances) {
      const auto has_room = [&](const Promise* promise) {
        return !outlook_.place(size.need, size.instances, promise, false).empty();
      };
      longest = has_room(pass.promised()) ? Millis::max()
                : has_room(nullptr)       ? std::max(pass.promise->begins, pass.now) - pass.now
                                          : Millis::min();
      last = size;
    }
    return size.run_max > longest;
  });
}

// True if the job waits no longer: it begins, or others make room for it.
bool Queue::admit(Pass& pass, const Request& request) {
  if (over_quota(request)) return false;
  const Room need(request.need);
  const bool is_short = pass.promise && ends_at(pass.now, request.run_max) <= pass.promise->begins;
  const auto machines = outlook_.place(need, request.instances, pass.promised(), is_short);
  if (!machines.empty()) {
    begin(pass, *waiting_.remove(std::string(request.id)), machines);
  } else if (request.is_spot || !claim(pass, request)) {
    if (pass.promise || !is_possible(request)) return false;
    pass.promise = outlook_.promise(need, request.instances);
    drop_roomless(pass);
    return false;
  }
  if (pass.promise) outlook_.update(*pass.promise);
  return true;
}

void Queue::begin(Pass& pass, Request request, const std::vector<std::size_t>& machines) {
  const Time ends = ends_at(pass.now, request.run_max);
  Held held{std::move(request), {}, pass.now};
  held.holding =
      outlook_.begin(Room(held.request.need), machines, ends, spot_of(held.request, pass.now));
  charge(held.request, pass.now);
  pass.out.begin.push_back({held.request.id, held.holding.places});
  held_.emplace(held.request.id, std::move(held));
}

// Those whose machines were left to them, or who find room elsewhere meanwhile.
void Queue::begin_claimed(Pass& pass) {
  for (auto it = claims_.begin(); it != claims_.end();) {
    const Claimed& claimed = it++->second;
    const Claim& claim = claimed.claim;
    auto machines = outlook_.is_free(claim)
                        ? claim.machines
                        : outlook_.place(claim.need, claimed.request.instances, nullptr, true);
    if (machines.empty()) continue;
    Request request = claimed.request;
    forget(request.id, pass.now);
    begin(pass, std::move(request), machines);
  }
}

bool Queue::claim(Pass& pass, const Request& waiting) {
  if (pass.claims_left == 0 || !outlook_.may_make_room()) return false;
  --pass.claims_left;
  const Retreat retreat =
      outlook_.make_room(Room(waiting.need), waiting.instances, waiting.priority, pass.promised());
  if (retreat.machines.empty()) return false;
  Claimed claimed{*waiting_.remove(std::string(waiting.id)), {}};
  const Request& request = claimed.request;
  pass.has_yielded = !retreat.yields.empty();
  for (const auto& id : retreat.yields) {
    pass.out.yield.push_back({id, request.id});
    leave(id);
  }
  claimed.claim = {Room(request.need), retreat.machines, ends_at(pass.now, request.run_max)};
  outlook_.claim(claimed.claim);
  charge(request, pass.now);
  claims_.emplace(request.id, std::move(claimed));
  return true;
}

// ---- why

// All that wait, in the order in which they would begin were there room for one at a time.
void Queue::walk(Time now, const std::function<bool(const Request&)>& visit) const {
  using Jobs = std::map<std::string, const Request*>;
  for (const auto& [level, jobs] : waiting_.levels()) {
    std::set<std::tuple<double, std::string, std::string>> turns;  // had, next, user
    std::map<std::string, Jobs::const_iterator> next;
    for (const auto& [user, lines] : jobs.users) {
      turns.emplace(shares_.had(user, now), lines.first_order(), user);
      next.emplace(user, lines.jobs().begin());
    }
    while (!turns.empty()) {
      const auto [had, order, user] = *turns.begin();
      turns.erase(turns.begin());
      auto& at = next.at(user);
      if (!visit(*at->second)) return;
      const double had_then = had + shares_.at_once(user, part(*at->second));
      if (++at != jobs.users.at(user).jobs().end()) turns.emplace(had_then, at->first, user);
    }
  }
}

std::vector<std::string> Queue::order(Time now, std::size_t limit) const {
  std::vector<std::string> out;
  walk(now, [&](const Request& r) {
    if (out.size() < limit) out.push_back(r.id);
    return out.size() < limit;
  });
  return out;
}

bool Queue::runs_on(const Held& held, const std::vector<std::size_t>& machines) const {
  return std::ranges::any_of(held.holding.places, [&](const Place& place) {
    const auto n = capacity().find(place.machine);
    return n && std::ranges::find(machines, *n) != machines.end();
  });
}

std::optional<Why> Queue::why(const std::string& id, Time now) const {
  Why out;
  if (const auto claimed = claims_.find(id); claimed != claims_.end()) {
    out.request = claimed->second.request;
    const auto& machines = claimed->second.claim.machines;
    for (const auto& [name, held] : held_)
      if (held.holding.is_leaving && runs_on(held, machines)) out.yields.push_back(name);
    return out;
  }
  const Request* request = waiting_.find(id);
  if (!request) return std::nullopt;
  out.request = *request;
  out.quota = over_quota(*request);
  out.free = capacity().free().largest().resources();
  out.free_by = outlook_.free_by(Room(request->need), request->instances);
  if (request->need.gpus > 0) out.others = capacity().others();
  walk(now, [&](const Request& r) {
    if (r.id == id) return false;
    if (out.ahead++ == 0) out.first = r.id;
    return true;
  });
  std::vector<const Held*> held;
  for (const auto& [name, who] : held_)
    held.push_back(&who);
  std::ranges::sort(held, {}, [](const Held* h) { return std::tuple(h->began, h->request.order); });
  for (const Held* who : held)
    out.holds.push_back(who->request.id);
  return out;
}

}  // namespace trainyard::job
