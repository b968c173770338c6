#pragma once
/// Tells when a stream's files change, by inotify: nobody polls a log.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/server.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace trainyard::logs {

class Follower {
public:
  static Result<std::unique_ptr<Follower>> open(net::Server& server);

  /// Calls `wake` once, on a network thread: when a file in `directory` is written or closed, or
  /// `limit` is over. At most 10,000 wait at a time; past that, and for a directory that is not
  /// there, `wake` comes when the limit is over.
  void once(const os::Path& directory, Millis limit, std::function<void()> wake);

private:
  using Wake = std::shared_ptr<std::function<void()>>;  // emptied when it was called
  Follower(os::Fd inotify, net::Server& server) : inotify_(std::move(inotify)), server_(server) {}
  void on_readable();
  std::vector<Wake> take(int watch);
  void call(const Wake& wake);

  os::Fd inotify_;
  net::Server& server_;
  std::shared_ptr<void> readable_;
  std::mutex mutex_;
  std::map<int, std::vector<Wake>> waiting_;  // by inotify watch
  std::size_t count_ = 0;
};

}  // namespace trainyard::logs
