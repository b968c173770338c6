#include "service/store/control.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <future>

namespace trainyard::store {
namespace {

constexpr std::size_t queue_max = 10'000;
constexpr std::size_t batch_max = 256;

Error unavailable(std::string message) {
  return {ErrorKind::unavailable, "ServiceUnavailable", std::move(message)};
}

}  // namespace

Control::Control(std::unique_ptr<Database> db, const Clock& clock)
    : db_(std::move(db)), clock_(clock), thread_([this] { run(); }) {}

Control::~Control() {
  stop();
}

void Control::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Control::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && queue_.size() < queue_max) {
      queue_.push_back({std::move(work), std::move(done)});
      if (queue_.size() == 1) wake_.notify_one();
      return;
    }
  }
  done(Failure(unavailable("the service has too much to write at the moment; try again")));
}

Result<> Control::wait(Work work) {
  CHECK(std::this_thread::get_id() != thread_.get_id());
  std::promise<Result<>> answer;
  submit(std::move(work), [&](Result<> r) { answer.set_value(std::move(r)); });
  return answer.get_future().get();
}

void Control::run() {
  for (;;) {
    std::deque<Item> batch;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const auto n = std::ptrdiff_t(std::min(queue_.size(), batch_max));
      std::move(queue_.begin(), queue_.begin() + n, std::back_inserter(batch));
      queue_.erase(queue_.begin(), queue_.begin() + n);
    }
    run_batch(batch);
  }
}

void Control::on_events(Told told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

void Control::tell(const std::vector<std::string>& jobs) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    told = told_;
  }
  if (told && !jobs.empty()) told(jobs);
}

void Control::run_batch(std::deque<Item>& batch) {
  last_now_ = std::max(last_now_, clock_.now());  // rows never go back in time
  std::vector<Result<>> outcomes;
  std::vector<std::string> events_of;
  Result<> whole = db_->prepare("BEGIN IMMEDIATE").run();
  if (whole) {
    Txn txn(*db_, last_now_);
    for (const Item& item : batch) {
      outcomes.push_back(run_one(txn, item.work));
      if (!db_->in_transaction()) break;  // what follows would commit by itself
    }
    events_of = txn.told();
    whole = db_->prepare("COMMIT").run();  // fails without a transaction
    if (!whole) (void)db_->prepare("ROLLBACK").run();
  }
  if (!whole) log::error("commit failed", {{"error", whole.error().message}});
  for (std::size_t i = 0; i < batch.size(); ++i)
    batch[i].done(whole ? std::move(outcomes[i])
                        : Result<>(Failure(unavailable("store: " + whole.error().message))));
  if (whole) tell(events_of);
}

Result<> Control::run_one(Txn& txn, const Work& work) {
  TRY(db_->prepare("SAVEPOINT work").run());
  Result<> outcome = work(txn);
  if (!outcome) TRY(db_->prepare("ROLLBACK TO work").run());
  TRY(db_->prepare("RELEASE work").run());
  return outcome;
}

Readers::Readers(std::string path, std::size_t connections_max)
    : path_(std::move(path)), connections_max_(connections_max) {}

Result<Readers::Lease> Readers::begin() {
  std::unique_ptr<Database> db;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      db = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!db) db = TRY(Database::open(path_, Database::Mode::read_only));
  TRY(db->prepare("BEGIN").run());
  return Lease(this, std::move(db));
}

void Readers::end(std::unique_ptr<Database> db) {
  if (!db->prepare("COMMIT").run()) return;
  const std::lock_guard lock(mutex_);
  if (free_.size() < connections_max_) free_.push_back(std::move(db));
}

}  // namespace trainyard::store
