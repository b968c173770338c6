#pragma once
/// A channel in Pipe mode: a FIFO an epoch, <channel>_0, <channel>_1, ..., fed with the objects of
/// a sequence (wire/instance/sequence.hpp) one after the other. The next epoch's FIFO is there
/// before this one's ends; one that was read, or whose reader left early, is removed.

#include "agent/channels/fetch_ahead.hpp"
#include "base/result.hpp"
#include "os/event.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "os/link_tree.hpp"
#include "wire/instance/sequence.hpp"
#include "wire/instance/spec.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace trainyard::agent {

class PipeChannel {
public:
  /// Makes the first FIFO in `directory`, which the job may write to, and feeds it with `units`,
  /// the sequence's whose directory is the channel's source, on a thread of its own. What goes
  /// wrong there is told once to `failed`, on that thread, and the reader is then left waiting: the
  /// end of the data would pass for all of it. `fetcher`, which must live longer, brings what is
  /// elsewhere; null where nothing is.
  static Result<std::unique_ptr<PipeChannel>> open(const wire::ChannelSpec& channel,
                                                   std::vector<wire::SequenceUnit> units,
                                                   const os::Path& directory, os::Owner owner,
                                                   Fetcher* fetcher,
                                                   std::function<void(Error)> failed);
  /// Ends the thread, wherever it is.
  ~PipeChannel();
  PipeChannel(const PipeChannel&) = delete;
  PipeChannel& operator=(const PipeChannel&) = delete;

private:
  PipeChannel(const wire::ChannelSpec& channel, os::Owner owner, Fetcher* fetcher,
              std::function<void(Error)> failed)
      : channel_(channel), owner_(owner), fetcher_(fetcher), failed_(std::move(failed)) {}
  std::string name_of(std::uint64_t epoch) const;
  Result<os::Fd> make_fifo(std::uint64_t epoch);
  void run();
  Result<> feed_epochs();
  /// The FIFO's writing end, once somebody reads.
  Result<os::Fd> await_reader();
  /// False when the reader has left, or it is over.
  Result<bool> feed(int out, std::uint64_t epoch);
  Result<bool> send(int out, const wire::SequenceItem& item, FetchAhead& ahead);
  Result<bool> send_content(int out, int file, const std::string& name);
  Result<bool> send_file(int out, int file, const std::string& name);
  Result<bool> send_unzipped(int out, int file, const std::string& name);
  Result<bool> begin_record(int out, std::uint64_t bytes, const std::string& name);
  Result<bool> end_record(int out, std::uint64_t bytes);
  Result<bool> write(int out, std::string_view bytes);
  Result<bool> splice(int out, int file, std::uint64_t bytes, const std::string& name);
  /// False when it is over.
  bool await_room(int out) const;
  bool is_over() const;

  wire::ChannelSpec channel_;
  os::Owner owner_;
  Fetcher* fetcher_;
  std::function<void(Error)> failed_;
  std::vector<wire::SequenceUnit> units_;
  os::Fd directory_, sequence_;
  os::Event over_;
  mutable std::mutex mutex_;
  os::Fd fifo_;  // the one whose reader is awaited; changed under the mutex
  os::Fd out_;   // the thread's
  std::thread thread_;
};

}  // namespace trainyard::agent
