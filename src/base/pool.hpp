#pragma once
/// Threads for what blocks: hashing, copying, archives, read transactions, bodies.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace trainyard {

/// Runs tasks in the order they came, on threads that it owns: as many as were needed at once so
/// far, and never more than `threads_max`.
class Pool {
public:
  /// At most `queue_max` tasks wait; past that post() refuses.
  Pool(std::size_t threads_max, std::size_t queue_max);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// False when the queue is full, the pool is stopping or no thread can be had: the task was not
  /// taken. Thread-safe.
  [[nodiscard]] bool post(std::function<void()> task);
  /// Blocks until nothing waits or runs.
  void drain();
  /// Takes nothing more, drops what waits and returns once what runs is done. The destructor does
  /// it too; whoever owns what the tasks work on calls it before that goes.
  void stop();

private:
  void work();
  void grow();

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::function<void()>> queue_;
  std::size_t threads_max_, queue_max_, running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace trainyard
