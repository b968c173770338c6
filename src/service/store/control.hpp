#pragma once
/// The control thread: the one place that writes rows. Work queues up, is run in order inside one
/// shared transaction, committed once, and answered after the commit (group commit).

#include "base/clock.hpp"
#include "base/result.hpp"
#include "service/store/database.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace trainyard::store {

class Control {
public:
  /// Decides and writes. An error undoes this work's own writes and nobody else's. Must not block
  /// but in SQLite, and must not call submit_and_wait().
  using Work = std::function<Result<>(Txn&)>;
  /// Runs on the control thread once the work is durable, or has failed. A failed commit fails its
  /// whole batch with an error of kind `unavailable`.
  using Done = std::function<void(Result<>)>;

  /// Jobs of which events were written (Txn::tells_of), now durable.
  using Told = std::function<void(const std::vector<std::string>& jobs)>;

  /// `db` in write mode, migrated.
  Control(std::unique_ptr<Database> db, const Clock& clock);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Thread-safe. Past 10,000 queued works `done` is called at once, on the caller's thread, with
  /// `unavailable`.
  void submit(Work work, Done done);

  /// From now on `told` is called on the control thread after each commit that wrote events;
  /// a work that failed may have undone its own. Must not block.
  void on_events(Told told);

  /// Finishes what is queued and returns; what is submitted from then on is `unavailable`. The
  /// destructor does it too; whoever owns what the callbacks work on calls it before that goes.
  void stop();

  /// The same as submit(), and waits. For pool threads and start-up; never on the control thread.
  template <class F> auto submit_and_wait(F work) -> decltype(work(std::declval<Txn&>())) {
    using R = decltype(work(std::declval<Txn&>()));
    R out = fail(ErrorKind::unavailable, "ServiceUnavailable", "the service is stopping");
    const Result<> done = wait([&](Txn& txn) -> Result<> {
      out = work(txn);
      if (!out) return Failure(out.error());
      return {};
    });
    if (!done) return Failure(done.error());
    return out;
  }

private:
  struct Item {
    Work work;
    Done done;
  };
  Result<> wait(Work work);
  void run();
  void run_batch(std::deque<Item>& batch);
  void tell(const std::vector<std::string>& jobs);
  Result<> run_one(Txn& txn, const Work& work);

  std::unique_ptr<Database> db_;
  const Clock& clock_;
  Time last_now_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  Told told_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Read-only connections for pool threads: each read() is one consistent snapshot that follows
/// every commit acknowledged before it. Thread-safe.
class Readers {
public:
  Readers(std::string path, std::size_t connections_max);

  /// Runs `work(Snapshot&)` in a read transaction and returns what it returns (a Result).
  template <class F> auto read(F work) -> decltype(work(std::declval<Snapshot&>())) {
    auto lease = TRY(begin());
    Snapshot snapshot(*lease.db);
    return work(snapshot);
  }

private:
  struct Lease {
    Readers* owner;
    std::unique_ptr<Database> db;
    Lease(Readers* o, std::unique_ptr<Database> d) : owner(o), db(std::move(d)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (db) owner->end(std::move(db));
    }
  };
  Result<Lease> begin();
  void end(std::unique_ptr<Database> db);

  std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> free_;
  std::size_t connections_max_;
};

}  // namespace trainyard::store
