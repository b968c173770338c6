#pragma once
/// A channel in FastFile mode whose objects are elsewhere: a FUSE file system, read-only, whose
/// files come as they are read.
///
/// What was read stays: in the kernel's page cache, and once an object is whole in this machine's
/// content cache, from where the kernel reads it by itself if root mounted it. An object that
/// cannot be had is EIO for whoever reads it, after the fetcher's patience with an origin that is
/// away.

#include "agent/channels/fetcher.hpp"
#include "agent/fast_file/held_bytes.hpp"
#include "agent/fast_file/object_file.hpp"
#include "agent/fast_file/object_tree.hpp"
#include "agent/fast_file/read_ahead.hpp"
#include "agent/fast_file/waiting_reads.hpp"
#include "base/result.hpp"
#include "os/event.hpp"
#include "os/fd.hpp"
#include "os/link_tree.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

struct fuse_attr;
struct fuse_entry_out;

namespace trainyard::agent {

/// Served until it is destroyed. Thread-safe, but for serve().
class FastFile {
public:
  /// `fetcher` must live longer. No read waits longer than `patience`. Every object of the tree has
  /// a known size. What was fetched of objects that are not whole is counted in `held`, with that
  /// of other channels. `owner` is as who mounts it knows users.
  FastFile(ObjectTree tree, os::Owner owner, Fetcher& fetcher, std::shared_ptr<HeldBytes> held,
           Millis patience = Fetcher::patience_max);
  /// Mounts it, attached nowhere, and serves it. As root.
  Result<> mount();
  /// Serves one that another process mounted (os::make_fuse()): its device, and /proc as it is
  /// there (O_PATH), which is copied. Once.
  Result<> serve(os::Fd device, const os::Fd& processes);
  ~FastFile();
  FastFile(const FastFile&) = delete;
  FastFile& operator=(const FastFile&) = delete;

  /// What mount() made: it is attached once, where the job shall see it. -1 where it did not.
  int tree() const { return mount_.get(); }
  /// Whoever reads gets EIO, from now on and who waits at once: nothing hangs on this mount.
  void stop();
  /// What kept somebody from reading, a line an object, at most 20.
  std::vector<std::string> troubles() const;

private:
  struct Message;
  struct Open {
    std::uint64_t node = 0;
    std::shared_ptr<ObjectFile> file;
    ReadAhead ahead;
    bool is_lent = false;
  };
  /// Of a file that was opened once. The kernel reads it by itself, or asks here: for all who have
  /// it open alike.
  struct Use {
    std::weak_ptr<ObjectFile> file;
    std::uint32_t asked_opens = 0, lent_opens = 0;
    std::int32_t lent_id = 0;
  };

  void answer_messages();
  void handle(const Message& message);
  void init(const Message& message);
  void look_up(const Message& message);
  void tell_attributes(const Message& message);
  void tell_space(const Message& message);
  void list(const Message& message, bool with_attributes);
  void open(const Message& message);
  void read(const Message& message);
  void release(const Message& message);
  void interrupt(const Message& message);
  void fill(fuse_attr& out, std::uint64_t number, const ObjectTree::Node& node) const;
  void fill(fuse_entry_out& out, std::uint64_t number, const ObjectTree::Node& node) const;

  using Files = std::vector<std::shared_ptr<ObjectFile>>;
  Result<std::shared_ptr<ObjectFile>> file_of(std::uint64_t node, Use& use, Files& let_go);
  bool lend(Use& use, const ObjectFile& file);
  void remember(std::shared_ptr<ObjectFile> file, Files& let_go);
  void fetch_next_files(std::uint64_t node, Files& let_go);

  const ObjectTree tree_;
  const os::Owner owner_;
  const std::uint64_t mounted_at_;  // seconds since 1970
  Fetcher& fetcher_;
  const Millis patience_;
  std::shared_ptr<HeldBytes> held_;
  std::shared_ptr<WaitingReads> reads_;  // once it is served; shared with what is being fetched
  os::Fd mount_;
  os::Event over_;
  std::mutex mutex_;  // all below but the threads
  std::unordered_map<std::uint64_t, Open> open_;
  std::unordered_map<std::uint64_t, Use> uses_;
  std::deque<std::shared_ptr<ObjectFile>> recent_;  // not whole: the cache has those that are
  std::uint64_t next_handle_ = 1;
  std::uint64_t last_node_ = 0, run_ = 0, ahead_until_ = 0;  // see fetch_next_files()
  bool can_lend_ = true;
  std::vector<std::thread> threads_;
};

}  // namespace trainyard::agent
