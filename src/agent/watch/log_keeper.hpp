#pragma once
/// Keeps an instance's log: the container's one output pipe is spliced into raw.log, with an index
/// record a batch (wire/instance/log_index.hpp). Its own thread, so that nothing else the agent
/// does holds up a script that prints.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/event.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>

namespace trainyard::agent {

class LogKeeper {
public:
  /// Opens or makes the files in `directory` and goes on behind what is there: an agent before this
  /// one may have died between bytes and index.
  /// Past `bytes_max` what the container writes is read and dropped, and the log ends with a line
  /// that says so.
  static Result<std::unique_ptr<LogKeeper>> open(const os::Path& directory, std::uint64_t bytes_max,
                                                 const Clock& clock);
  ~LogKeeper();
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

  /// Appends one line of Trainyard's own, "[trainyard] TEXT". Not while follow() runs.
  Result<> note(std::string_view text);
  /// Takes the read end of the container's output and keeps what comes until its end of file or
  /// finish().
  Result<> follow(os::Fd pipe);
  /// When all that the job started is dead: keeps what is in the pipe and lets go of it, for the
  /// job may have handed its other end to somebody who lives. The first error met while keeping.
  Result<> finish();
  /// The end of the log, at most 8 KiB. Not while follow() runs.
  std::string last_bytes() const;
  /// Puts on the disk what is kept so far. Not while follow() runs.
  Result<> sync();

private:
  LogKeeper(os::Path directory, std::uint64_t bytes_max, os::Fd log, os::Fd index,
            std::uint64_t end, std::uint64_t records, const Clock& clock);
  void end_thread();
  void pump();
  void take_rest();
  ssize_t take_some(std::size_t most);
  ssize_t drop_some(std::size_t most);
  Result<> record_batch(std::uint64_t bytes);

  os::Path directory_;
  std::uint64_t bytes_max_;
  std::uint64_t dropped_ = 0;  // bytes past the limit
  os::Fd log_, index_, pipe_;
  os::Event over_;             // the container's end has come
  std::uint64_t end_ = 0;      // bytes in raw.log
  std::uint64_t records_ = 0;  // in raw.idx
  std::int64_t last_ms_ = 0;
  const Clock& clock_;
  std::thread thread_;
  Result<> outcome_;
};

}  // namespace trainyard::agent
