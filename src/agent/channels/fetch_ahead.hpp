#pragma once
/// The objects of an epoch that are elsewhere, fetched before it is their turn.

#include "agent/channels/fetcher.hpp"
#include "wire/instance/sequence.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace trainyard::agent {

/// Used by one thread. `units` and `order` must live longer.
class FetchAhead {
public:
  FetchAhead(Fetcher* fetcher, const std::vector<wire::SequenceUnit>& units,
             const std::vector<std::uint32_t>& order)
      : fetcher_(fetcher), units_(units), order_(order) {
    if (fetcher_)
      bytes_max_ = std::min(ahead_bytes_max, fetcher_->cache().disk_bytes() / disk_part);
  }

  /// The next object, in the order of the units and of the items in them. Whatever its size it is
  /// begun; what comes behind it is as far as there is room.
  Result<Fetcher::FetchPtr> next() {
    if (!fetcher_) return fail_internal("the agent was not told of what is to be fetched");
    if (begun_.empty())
      if (const auto* object = upcoming()) begin(*object);
    if (begun_.empty()) return fail_internal("no object is left to be fetched");
    auto out = std::move(begun_.front());
    begun_.pop_front();
    bytes_ -= out.bytes;
    while (const auto* object = upcoming()) {
      if (begun_.size() == ahead_max || bytes_ + bytes_of(*object) > bytes_max_) break;
      begin(*object);
    }
    return std::move(out.fetch);
  }

  /// Of what is begun before it is its turn, all together.
  std::uint64_t bytes_max() const { return bytes_max_; }
  static constexpr std::size_t ahead_max = 32;

private:
  // All that is begun has a descriptor, so that the cache cannot let go of its bytes.
  static constexpr std::uint64_t ahead_bytes_max = 512u << 20;
  static constexpr std::uint64_t disk_part = 16;  // ... nor so much of a small disk

  struct Begun {
    Fetcher::FetchPtr fetch;
    std::uint64_t bytes = 0;
  };

  /// One whose size nobody knows has room by itself alone.
  static std::uint64_t bytes_of(const wire::OriginObject& object) {
    return object.Size < 0 ? ahead_bytes_max : std::uint64_t(object.Size);
  }

  /// What is begun next; null: nothing is left.
  const wire::OriginObject* upcoming() {
    for (; unit_ < order_.size(); ++unit_, item_ = 0) {
      const auto& items = units_[order_[unit_]].Items;
      for (; item_ < items.size(); ++item_)
        if (items[item_].Object) return &*items[item_].Object;
    }
    return nullptr;
  }

  void begin(const wire::OriginObject& object) {
    begun_.push_back({fetcher_->begin(object, Fetcher::Use::read), bytes_of(object)});
    bytes_ += bytes_of(object);
    ++item_;
  }

  Fetcher* fetcher_;
  const std::vector<wire::SequenceUnit>& units_;
  const std::vector<std::uint32_t>& order_;
  std::size_t unit_ = 0, item_ = 0;  // of what upcoming() looks at next
  std::deque<Begun> begun_;
  std::uint64_t bytes_ = 0, bytes_max_ = 0;  // of those
};

}  // namespace trainyard::agent
