#pragma once
/// The channels of an instance whose objects are elsewhere.

#include "agent/channels/fetcher.hpp"
#include "agent/container.hpp"
#include "base/result.hpp"
#include "wire/instance/spec.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace trainyard::agent {

/// What is to be fetched before the script begins, in bytes, as far as it is known.
struct FetchProgress {
  std::atomic<std::uint64_t> expected{0};
  /// "Downloading input data: 1.2 of 4.0 GiB"
  std::string sentence(std::uint64_t fetched) const;
};

/// Fetches what the channels with a directory need, and sets each one's Source to the tree that was
/// made of it. Waits for all of it.
Result<> fetch_channels(wire::InstanceSpec& spec, const InstancePaths& paths, Fetcher& fetcher,
                        FetchProgress& progress);

}  // namespace trainyard::agent
