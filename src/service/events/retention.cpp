#include "service/events/retention.hpp"

#include "base/log.hpp"
#include "service/store/outbox.hpp"

#include <memory>

namespace trainyard::events {
namespace {

constexpr Millis hour{3'600'000};
constexpr std::int64_t turn_max = 1000;  // rows in one transaction: others wait meanwhile

void prune(store::Control& control) {
  const auto gone = std::make_shared<std::int64_t>(0);
  control.submit(
      [gone](store::Txn& txn) -> Result<> {
        *gone = TRY(store::prune_outbox(txn, txn.now() - store::outbox_age_max, turn_max));
        return {};
      },
      [gone, &control](const Result<>& done) {
        if (!done) return log::warn("old events stay", {{"error", done.error().message}});
        if (*gone == turn_max) prune(control);
      });
}

}  // namespace

void prune_hourly(store::Control& control, const RunAfter& run_after) {
  prune(control);
  run_after(hour, [&control, run_after] { prune_hourly(control, run_after); });
}

}  // namespace trainyard::events
