#pragma once
/// An object that comes as it is read: a file with holes, whose parts are fetched when somebody
/// wants them.

#include "agent/channels/fetcher.hpp"
#include "agent/fast_file/block_map.hpp"
#include "agent/fast_file/held_bytes.hpp"
#include "agent/fast_file/read_ahead.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

namespace trainyard::agent {

/// Thread-safe. What is `small` comes at once and whole, and is held against its digest before
/// anybody reads of it; of a larger one that is done when the last part has come, while all
/// reads wait, and reading fails from then on if it is not what it should be. A whole one goes to
/// the content cache.
class ObjectFile : public std::enable_shared_from_this<ObjectFile> {
public:
  static constexpr std::uint64_t part_bytes = BlockMap::part_bytes, small_bytes = 4u << 20;

  /// Of an object whose size and ETag are known. `fetcher` must live longer than its last call.
  static Result<std::shared_ptr<ObjectFile>>
  open(const wire::OriginObject& object, Fetcher& fetcher, std::shared_ptr<HeldBytes> held);
  ~ObjectFile();

  /// Called once, on the calling thread or on one of the fetcher's: an error, or the bytes are
  /// there and stay until it returns.
  using Then = std::function<void(const Result<int>& file)>;
  /// Fetches what is missing of `range`, and of `ahead` for later.
  void read(Range range, Range ahead, Then then);
  /// Fetches it for later.
  void fetch_ahead(Range ahead) { read({}, ahead, {}); }

  std::string name() const;  ///< "s3://BUCKET/KEY"
  std::uint64_t size() const { return std::uint64_t(object_.Size); }
  /// The file, if it is whole: it has no holes any more, and is never changed.
  std::optional<int> whole() const;

  /// Lets go of a part, unless all of it is there.
  void drop(Range part);

private:
  ObjectFile(wire::OriginObject object, Fetcher& fetcher, std::shared_ptr<HeldBytes> held)
      : object_(std::move(object)), fetcher_(fetcher), held_(std::move(held)) {}
  struct Waiter {
    Range range;
    Then then;
  };
  std::vector<Range> take_missing(Range range, bool urgent);
  void request(Range part, bool urgent);
  std::vector<Range> begin_queued(Range part);
  void fetch(Range part, const Result<origin::Origin*>& origin);
  Result<> get(Range part, origin::Origin& origin);
  Result<> complete(origin::Origin& origin);
  bool came(Range part, const Result<>& outcome);
  void end(const Result<>& completed);
  void release(std::vector<Waiter> waiters, const std::optional<Error>& error);
  std::string doing() const;
  bool is_there(Range range) const;

  wire::OriginObject object_;
  Fetcher& fetcher_;
  std::shared_ptr<HeldBytes> held_;
  os::Fd file_;
  mutable std::shared_mutex bytes_;  // exclusive: while a part is let go
  mutable std::mutex mutex_;         // all below
  BlockMap blocks_;                  // while it is not whole
  std::uint64_t held_bytes_ = 0;     // of what HeldBytes counts
  bool is_checking_ = false;         // all has come, nobody knows yet whether it is right
  bool is_whole_ = false;
  std::optional<Error> error_;  // for good
  std::vector<Waiter> waiters_;
};

}  // namespace trainyard::agent
