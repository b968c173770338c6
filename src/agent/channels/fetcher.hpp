#pragma once
/// Brings objects from buckets elsewhere onto this machine, several at a time and large ones in
/// parts, each at most once a machine: what is in the cache is not fetched. What was begun first is
/// whole first: its parts go before all of what was begun later.

#include "agent/channels/content_cache.hpp"
#include "base/result.hpp"
#include "origin/origin.hpp"
#include "os/event.hpp"
#include "os/fd.hpp"
#include "wire/instance/spec.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace trainyard::agent {

/// Thread-safe.
class Fetcher {
public:
  static constexpr Millis patience_max{10 * 60'000};
  /// Tests have origins of their own.
  using OpenOrigin = std::function<Result<std::unique_ptr<origin::Origin>>(const wire::OriginSpec&,
                                                                           const s3::Retry&)>;
  /// For the buckets and the cache that `spec` tells of. An origin that is away is waited for so
  /// long.
  static Result<std::unique_ptr<Fetcher>> start(const wire::InstanceSpec& spec,
                                                Millis patience = Fetcher::patience_max,
                                                OpenOrigin open_origin = origin::open_origin);
  /// Gives up what has begun.
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  enum class Use {
    read,  ///< the bytes: a directory's own file will do
    keep,  ///< a file that is never changed and may be linked to
  };
  /// An object that is being fetched.
  class Fetch;
  using FetchPtr = std::shared_ptr<Fetch>;
  /// Begins; returns at once.
  FetchPtr begin(const wire::OriginObject& object, Use use);
  /// Waits for it: its content, open for reading, as long as the pointer lives. An error names the
  /// object.
  Result<int> wait(const FetchPtr& fetch);
  /// What distinguishes the content; known once wait() succeeded.
  static const std::string& name(const FetchPtr& fetch);

  /// What was begun and is not done is an error of code "Stopped" from now on.
  void stop();

  /// What is done with the origin of a name, on one of the fetcher's threads, once. After stop() it
  /// gets an error of code "Stopped".
  using Act = std::function<void(const Result<origin::Origin*>&)>;
  /// Returns at once. What is `urgent` goes before all that is not, else all in their order.
  void act_on(const std::string& origin, Act act, bool urgent);
  /// As ContentCache names the content of an object whose ETag is known.
  std::string name_of(const wire::OriginObject& object) const;
  /// Of the cache, for `bytes` more.
  void make_room(std::uint64_t bytes);

  /// Of all that was begun: bytes that came, or were there.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// See ContentCache::settle().
  Result<> settle() const { return cache_.settle(); }
  const ContentCache& cache() const { return cache_; }

private:
  struct Task;
  Fetcher(const wire::InstanceSpec& spec, ContentCache cache, Millis patience,
          OpenOrigin open_origin);
  using Origins = std::map<std::string, std::unique_ptr<origin::Origin>>;
  void work();
  void run(const Task& task, Origins& origins);
  void fetch(const Task& task, Origins& origins);
  Result<origin::Origin*> open(const std::string& name, Origins& origins);
  /// Finds what is there already, else gets what is small, or shares out the parts.
  /// True when nothing is left to do.
  Result<bool> plan(const FetchPtr& fetch, origin::Origin& origin);
  Result<> get(Fetch& fetch, origin::Origin& origin, origin::Part part);
  bool has_failed(const Fetch& fetch);
  void end_part(Fetch& fetch, const Result<bool>& got);
  Result<bool> complete(Fetch& fetch);
  void end(Fetch& fetch, const Result<bool>& outcome);
  bool is_over() const { return over_.is_raised(); }
  s3::Retry retry() const;

  std::map<std::string, wire::OriginSpec> specs_;
  ContentCache cache_;
  std::uint64_t cache_bytes_max_;
  Millis patience_;
  OpenOrigin open_origin_;
  std::mutex room_mutex_;
  std::uint64_t since_trim_ = 0;  // guarded by it: bytes that came
  Millis last_trim_{0};           // boot time
  std::atomic<std::uint64_t> bytes_{0};
  os::Event over_;
  std::mutex mutex_;
  std::condition_variable work_to_do_, something_done_;
  std::deque<Task> urgent_;
  /// Of the others the first is next: by when it was begun, then by its offset.
  std::map<std::pair<std::uint64_t, std::uint64_t>, Task> tasks_;
  std::uint64_t begun_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace trainyard::agent
