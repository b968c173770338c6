#include "service/engine/terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace trainyard::engine {
namespace {

using wire::CreateTrainingJobRequest;

// Whoever asks for more than a century wants no limit: what is counted stays far from overflow.
std::optional<Millis> in_millis(const std::optional<std::int64_t>& seconds) {
  constexpr std::int64_t century_seconds = 100ll * 365 * 86'400;
  if (!seconds) return std::nullopt;
  return Millis(std::min(*seconds, century_seconds) * 1000);
}

bool is_accelerated(const CreateTrainingJobRequest& r) {
  constexpr std::array families{"ml.p", "ml.g", "ml.trn"};
  const std::string type =
      r.ResourceConfig ? r.ResourceConfig->InstanceType.value_or("") : std::string();
  return std::ranges::any_of(families,
                             [&](const char* family) { return type.starts_with(family); });
}

}  // namespace

job::Terms terms_of(const CreateTrainingJobRequest& request, const Settings& settings) {
  constexpr std::int64_t one_day = 86'400;
  const auto stop = request.StoppingCondition.value_or(wire::StoppingCondition{});
  job::Terms out;
  out.is_spot = request.EnableManagedSpotTraining.value_or(false);
  out.run_max = in_millis(stop.MaxRuntimeInSeconds.value_or(one_day));
  out.wait_max = in_millis(stop.MaxWaitTimeInSeconds);
  if (is_accelerated(request)) out.pending_max = in_millis(stop.MaxPendingTimeInSeconds);
  if (request.RetryStrategy) out.retries_max = request.RetryStrategy->MaximumRetryAttempts;
  if (request.CheckpointConfig) out.losses_max = settings.retries_after_loss;
  return out;
}

Result<std::int64_t> priority_of(const CreateTrainingJobRequest& request) {
  if (!request.Tags) return 0;
  for (const auto& tag : *request.Tags) {
    if (tag.Key != priority_tag) continue;
    std::int64_t out = 0;
    const char* const end = tag.Value.data() + tag.Value.size();
    const auto [at, wrong] = std::from_chars(tag.Value.data(), end, out);
    if (wrong == std::errc() && at == end && out >= -priority_max && out <= priority_max)
      return out;
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("The tag {} is '{}': write a whole number from -{} to {}, the higher "
                            "the earlier",
                            priority_tag, tag.Value, priority_max, priority_max));
  }
  return 0;
}

job::QueuePolicy queue_policy(const Settings& settings) {
  return {settings.queue.shares, settings.queue.half_life, settings.queue.quotas};
}

}  // namespace trainyard::engine
