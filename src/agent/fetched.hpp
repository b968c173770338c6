#pragma once
/// The channels of an instance whose objects are elsewhere.

#include "agent/channels/fetcher.hpp"
#include "agent/container.hpp"
#include "agent/fast_file/fast_file.hpp"
#include "base/result.hpp"
#include "wire/instance/sequence.hpp"
#include "wire/instance/spec.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace trainyard::agent {

/// What is to be fetched before the script begins, in bytes, as far as it is known.
struct FetchProgress {
  std::atomic<std::uint64_t> expected{0};
  /// "Downloading input data: 1.2 of 4.0 GiB"
  std::string sentence(std::uint64_t fetched) const;
};

/// Channels whose files come as they are read, by name.
using FastFiles = std::map<std::string, std::unique_ptr<FastFile>>;

struct Fetched {
  FastFiles fast_files;
  /// What channels in Pipe mode are fed with, by name.
  std::map<std::string, std::vector<wire::SequenceUnit>> sequences;
};

/// Fetches what the channels with a directory need, and sets each one's Source to the tree that was
/// made of it. Waits for all of it. Those in FastFile mode whose origin is another S3 come as they
/// are read instead, where this machine allows it, mounted (FastFile::tree()) or to be mounted by
/// the container; `notes` gets a line where it does not, unless the spec is strict: then that is an
/// error. Of those in Pipe mode each object's version is settled, and nothing fetched.
Result<Fetched> fetch_channels(wire::InstanceSpec& spec, const InstancePaths& paths,
                               Fetcher& fetcher, FetchProgress& progress,
                               std::vector<std::string>& notes);

}  // namespace trainyard::agent
