#include "base/pool.hpp"

#include "base/log.hpp"

#include <system_error>

namespace trainyard {

Pool::Pool(std::size_t threads_max, std::size_t queue_max)
    : threads_max_(threads_max), queue_max_(queue_max) {}

Pool::~Pool() {
  stop();
}

void Pool::stop() {
  decltype(queue_) dropped;  // what the tasks hold is freed outside the lock
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

bool Pool::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(task));
    if (running_ + queue_.size() > threads_.size() && threads_.size() < threads_max_) grow();
    if (threads_.empty()) {
      queue_.pop_back();
      return false;
    }
  }
  wake_.notify_one();
  return true;
}

// Where the machine gives no more threads, those that are there do the work.
void Pool::grow() {
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& e) {
    log::warn("a thread could not be started", {{"error", e.what()}});
  }
}

void Pool::drain() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && running_ == 0; });
}

void Pool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto task = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    lock.unlock();
    task();
    task = nullptr;  // what it held is freed outside the lock, before it counts as done
    lock.lock();
    if (--running_ == 0 && queue_.empty()) idle_.notify_all();
  }
}

}  // namespace trainyard
