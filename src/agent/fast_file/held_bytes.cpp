#include "agent/fast_file/held_bytes.hpp"

#include "agent/fast_file/object_file.hpp"

#include <algorithm>
#include <utility>

namespace trainyard::agent {

void HeldBytes::add(std::weak_ptr<ObjectFile> file, Range part) {
  const std::lock_guard lock(mutex_);
  bytes_ += part.end - part.begin;
  parts_.push_back({std::move(file), part});
  if (parts_.size() < look_at_) return;
  std::erase_if(parts_, [](const Part& one) { return one.file.expired(); });
  look_at_ = std::max(look_at_, 2 * parts_.size());
}

void HeldBytes::shed() {
  shed_to(bytes_max_);
}

void HeldBytes::let_go(std::uint64_t bytes) {
  std::uint64_t held = 0;
  {
    const std::lock_guard lock(mutex_);
    held = bytes_;
  }
  shed_to(held - std::min(held, bytes));
}

void HeldBytes::shed_to(std::uint64_t most) {
  for (;;) {
    Part oldest;
    {
      const std::lock_guard lock(mutex_);
      if (bytes_ <= most || parts_.empty()) return;
      oldest = std::move(parts_.front());
      parts_.pop_front();
    }
    // Not under the lock: this may be the last that knows the file, whose end comes here again.
    if (const auto file = oldest.file.lock()) file->drop(oldest.range);
  }
}

void HeldBytes::subtract(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ -= std::min(bytes_, bytes);
}

}  // namespace trainyard::agent
