#include "service/engine/terms.hpp"

#include <algorithm>
#include <array>

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

}  // namespace trainyard::engine
