#pragma once
/// Rows of what is told to others of jobs, written in the transaction of what they tell, and how
/// far each webhook has been told.

#include "service/store/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::store {

struct OutboxRow {
  std::int64_t id = 0;  ///< counts up: the order
  std::string job;
  Time at{};
  std::string type;     ///< the event's detail-type
  std::string payload;  ///< JSON: what it tells that the job's row does not keep
};

/// Of more than so many the oldest go, and of all that are so old.
inline constexpr std::int64_t outbox_rows_max = 100'000;
inline constexpr Millis outbox_age_max{86'400'000};

/// Appends; the id is given. Tells who waits (Control::on_events). With each thousandth row those
/// above outbox_rows_max go.
Result<> append_to_outbox(Txn& txn, const OutboxRow& row);
/// The first `limit` behind `id`, in order.
Result<std::vector<OutboxRow>> outbox_after(Snapshot& s, std::int64_t id, std::int64_t limit);

struct OutboxFilter {
  std::string account, region;
  std::string job;                    ///< an id; "" = of all
  std::optional<std::int64_t> after;  ///< the first behind that id; else the last there are
  std::int64_t limit = 20;
};
/// In order.
Result<std::vector<OutboxRow>> list_outbox(Snapshot& s, const OutboxFilter& filter);
/// The id of the last that was ever appended, or 0.
Result<std::int64_t> outbox_end(Snapshot& s);
/// Deletes of the first `limit` rows those from before that time; how many they were.
Result<std::int64_t> prune_outbox(Txn& txn, Time before, std::int64_t limit);

/// What the webhook was told last. One that is new begins at the end.
Result<std::int64_t> webhook_told(Txn& txn, std::string_view key);
Result<> set_webhook_told(Txn& txn, std::string_view key, std::int64_t id);
/// Forgets all webhooks but these.
Result<> keep_webhooks(Txn& txn, const std::vector<std::string>& keys);

}  // namespace trainyard::store
