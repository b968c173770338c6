#pragma once
/// Tells when a log's files or its job change, the first by inotify: nobody polls a log, or what
/// happens to jobs.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/server.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace trainyard::logs {

/// A subject's job that stands for all: who waits for it is told of their events.
inline constexpr const char* any_job = "";

class Follower {
public:
  static Result<std::unique_ptr<Follower>> open(net::Server& server);

  /// What is waited for. An empty directory, or one that is not there, is not watched.
  struct Subject {
    std::string job;
    os::Path directory;
  };

  /// Calls `wake` once, on any thread: when a file in the directory is written or closed, the job
  /// has changed, or `limit` is over. At most 10,000 wait at a time; past that `wake` comes when
  /// the limit is over.
  void once(const Subject& subject, Millis limit, std::function<void()> wake);

  /// The job's rows are not what they were; to be called once that is durable. Any thread.
  void job_changed(const std::string& job);
  /// The same where events of these jobs were written: for who waits for any_job too.
  void events_came(const std::vector<std::string>& jobs);

private:
  using Id = std::uint64_t;  // never used again
  struct Waiter {
    std::string job;
    int watch;  // -1: none
    std::function<void()> wake;
  };
  Follower(os::Fd inotify, net::Server& server) : inotify_(std::move(inotify)), server_(server) {}
  void on_readable();
  void call(Id id);
  template <class Key> void call_all(const std::multimap<Key, Id>& index, const Key& key);

  os::Fd inotify_;
  net::Server& server_;
  std::shared_ptr<void> readable_;
  std::mutex mutex_;
  Id last_ = 0;
  std::map<Id, Waiter> waiting_;
  std::multimap<int, Id> by_watch_;
  std::multimap<std::string, Id> by_job_;
};

}  // namespace trainyard::logs
