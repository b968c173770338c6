#include "agent/channels/look_up.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <optional>

namespace trainyard::agent {
namespace {

std::string uri_of(const wire::OriginObject& object) {
  return fmt::format("s3://{}/{}", object.Origin, object.Key);
}

bool is_unknown(const wire::SequenceItem& item) {
  return item.Object && (item.Object->Size < 0 || item.Object->ETag.empty());
}

/// One look-up of several objects, whose end is waited for.
class LookUp {
public:
  explicit LookUp(std::size_t count) : left_(count) {}

  /// On a fetcher's thread.
  void look(wire::SequenceItem& item, const Result<origin::Origin*>& origin) {
    // One that is missing is enough: the others' answers would not be heard.
    const auto looked = has_failed() ? Result<>() : look_at(*item.Object, origin);
    const std::lock_guard lock(mutex_);
    if (!looked && !error_)
      error_ = of_item(in_context(looked.error(), "look up " + uri_of(*item.Object)).value(), item)
                   .value();
    if (--left_ == 0) all_are_done_.notify_one();
  }
  Result<> wait() {
    std::unique_lock lock(mutex_);
    all_are_done_.wait(lock, [&] { return left_ == 0; });
    return error_ ? Failure(*error_) : Result<>();
  }

private:
  static Result<> look_at(wire::OriginObject& object, const Result<origin::Origin*>& origin) {
    if (!origin) return Failure(origin.error());
    auto entry = TRY((*origin)->head(object.Key)).entry;
    if (entry.etag.empty())
      return fail(ErrorKind::invalid, "ValidationException",
                  "its ETag is not told, which is what distinguishes it from another version");
    object.Size = std::int64_t(entry.size);
    object.ETag = std::move(entry.etag);
    return {};
  }
  bool has_failed() {
    const std::lock_guard lock(mutex_);
    return error_.has_value();
  }

  std::mutex mutex_;
  std::condition_variable all_are_done_;
  std::size_t left_;
  std::optional<Error> error_;  // the first
};

}  // namespace

Result<> look_up(std::vector<wire::SequenceUnit>& units, Fetcher& fetcher) {
  std::vector<wire::SequenceItem*> unknown;
  for (auto& unit : units)
    for (auto& item : unit.Items)
      if (is_unknown(item)) unknown.push_back(&item);
  LookUp all(unknown.size());
  for (auto* item : unknown)
    fetcher.act_on(
        item->Object->Origin, [&all, item](const auto& origin) { all.look(*item, origin); }, false);
  return all.wait();
}

Failure of_item(const Error& error, const wire::SequenceItem& item) {
  if (!item.Object || item.Name == uri_of(*item.Object)) return Failure(error);
  return in_context(error, item.Name);
}

std::string title(const wire::SequenceItem& item) {
  if (!item.Object || item.Name == uri_of(*item.Object)) return item.Name;
  return fmt::format("{} ({})", uri_of(*item.Object), item.Name);
}

}  // namespace trainyard::agent
