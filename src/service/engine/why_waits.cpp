#include "service/engine/why_waits.hpp"

#include <fmt/format.h>

namespace trainyard::engine {
namespace {

constexpr std::size_t names_max = 3;

using NameOf = std::function<std::optional<JobName>(const std::string& id)>;

// "0 of 2 cores, 1.0 of 9.0 GiB"; "" where an instance would fit.
std::string shortage(const job::Resources& need, const job::Resources& free) {
  std::vector<std::string> parts;
  const auto lacks = [&](const job::Resources& part) { return !job::fits(part, free); };
  if (lacks({need.cpus, 0, 0}))
    parts.push_back(fmt::format("{:g} of {:g} cores", free.cpus, need.cpus));
  if (lacks({0, need.memory_bytes, 0}))
    parts.push_back(fmt::format("{:.1f} of {:.1f} GiB", double(free.memory_bytes) / (1u << 30),
                                double(need.memory_bytes) / (1u << 30)));
  if (lacks({0, 0, need.gpus})) parts.push_back(fmt::format("{} of {} GPUs", free.gpus, need.gpus));
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "big, kim's small and 2 more"
std::string names(const std::vector<std::string>& ids, const std::string& own_user,
                  const NameOf& name_of) {
  std::vector<std::string> told;
  for (const auto& id : ids) {
    if (told.size() == names_max) break;
    const auto job = name_of(id);
    if (!job) continue;
    told.push_back(job->user == own_user ? job->name
                                         : fmt::format("{}'s {}", job->user, job->name));
  }
  if (told.empty()) return "";
  const std::size_t more = ids.size() - told.size();
  if (more > 0) told.push_back(fmt::format("{} more", more));
  const std::string last = told.back();
  told.pop_back();
  return told.empty() ? last : fmt::format("{} and {}", fmt::join(told, ", "), last);
}

std::string quota(const job::Why& why) {
  const auto& q = *why.quota;
  const std::string of = q.instance_type == "*" ? "all types" : q.instance_type;
  return fmt::format("waits for quota: {} holds {} of {} instance{} of {}", why.request.user,
                     q.used, q.limit, q.limit == 1 ? "" : "s", of);
}

std::string free_by(const job::Why& why) {
  const bool is_known =
      why.free_by && *why.free_by > Time::min() && *why.free_by < from_ms(253'402'300'800'000);
  if (!is_known) return "";
  const std::string at = iso8601(*why.free_by);
  return fmt::format("; free by {} {} UTC at the latest (MaxRuntimeInSeconds)", at.substr(0, 10),
                     at.substr(11, 5));
}

std::string held(const job::Why& why, const NameOf& name_of) {
  const std::string by = names(why.holds, why.request.user, name_of);
  return by.empty() ? "" : ", held by " + by;
}

}  // namespace

std::string why_waits(const job::Why& why, const NameOf& name_of) {
  const std::string& user = why.request.user;
  if (!why.yields.empty())
    return fmt::format("waits for spot jobs that leave the machine to it: {}",
                       names(why.yields, user, name_of));
  if (why.quota) return quota(why);
  if (!why.others.empty() && why.request.need.gpus > why.free.gpus) {
    std::vector<std::string> uses;
    for (const auto& use : why.others)
      uses.push_back(use.by + ", not a job");
    return fmt::format("waits: {}", fmt::join(uses, "; "));
  }
  const std::string missing = shortage(why.request.need, why.free);
  const std::string instances =
      why.request.instances == 1 ? ""
                                 : fmt::format(" for each of {} instances", why.request.instances);
  const std::string place =
      why.ahead == 0
          ? ""
          : fmt::format("waits behind {} job{}, {}{}", why.ahead, why.ahead == 1 ? "" : "s",
                        why.ahead == 1 ? "" : "first of them ", names({why.first}, user, name_of));
  if (missing.empty() && why.ahead == 0 && why.request.instances == 1) return "is about to start";
  if (missing.empty() && !place.empty())
    return fmt::format("{}: what it needs is free, but by its MaxRuntimeInSeconds it could delay "
                       "them",
                       place);
  const std::string what = missing.empty() ? "machines" : missing + " free";
  return fmt::format("{}: {}{}{}{}", place.empty() ? "waits for capacity" : place, what, instances,
                     held(why, name_of), free_by(why));
}

}  // namespace trainyard::engine
