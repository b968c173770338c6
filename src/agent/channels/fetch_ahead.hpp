#pragma once
/// The objects of an epoch that are elsewhere, fetched before it is their turn.

#include "agent/channels/fetcher.hpp"
#include "wire/instance/sequence.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace trainyard::agent {

/// Used by one thread. `units` and `order` must live longer.
class FetchAhead {
public:
  FetchAhead(Fetcher* fetcher, const std::vector<wire::SequenceUnit>& units,
             const std::vector<std::uint32_t>& order)
      : fetcher_(fetcher), units_(units), order_(order) {}

  /// The next object, in the order of the units and of the items in them.
  Result<Fetcher::FetchPtr> next() {
    if (!fetcher_) return fail_internal("the agent was not told of what is to be fetched");
    while (begun_.size() < ahead_max && unit_ < order_.size())
      begin_one();
    if (begun_.empty()) return fail_internal("no object is left to be fetched");
    auto out = std::move(begun_.front());
    begun_.pop_front();
    return out;
  }

private:
  static constexpr std::size_t ahead_max = 32;

  void begin_one() {
    const auto& items = units_[order_[unit_]].Items;
    if (item_ < items.size() && items[item_].Object)
      begun_.push_back(fetcher_->begin(*items[item_].Object, Fetcher::Use::read));
    if (++item_ >= items.size()) ++unit_, item_ = 0;
  }

  Fetcher* fetcher_;
  const std::vector<wire::SequenceUnit>& units_;
  const std::vector<std::uint32_t>& order_;
  std::size_t unit_ = 0, item_ = 0;  // what is begun next
  std::deque<Fetcher::FetchPtr> begun_;
};

}  // namespace trainyard::agent
