#include "service/objects/md5_hasher.hpp"

#include <algorithm>
#include <utility>

namespace trainyard::objects {
namespace {

constexpr std::size_t pieces_max = 3;
// Below this a second thread costs more than it gains.
constexpr std::size_t shared_bytes_min = 64u << 10;

}  // namespace

// As long as there is a thread for each body it has one: that takes the processors longer, but each
// body less long.
std::size_t Md5Hasher::width() const {
  return lanes_ <= threads_max_ ? 1 : md5_lanes;
}

// While nobody's body would have to wait, more of them get something ready.
bool Md5Hasher::is_pressed() const {
  return width() == 1 ? !ready_.empty() : std::ranges::any_of(ready_, &Md5Lane::presses);
}

// A thread for each body, or for each so many as fit side by side.
void Md5Hasher::call_thread() {
  const std::size_t taken = width() == 1 ? 0 : at_work_ * md5_lanes;
  if (at_work_ == threads_max_ || ready_.size() <= taken || !is_pressed()) return;
  if (pool_.post([this] { take_turns(); })) ++at_work_;
}

void Md5Hasher::take_turns() {
  Lock lock(mutex_);
  while (is_pressed())
    take_turn(lock);
  --at_work_;
}

void Md5Hasher::take_turn(Lock& lock) {
  std::vector<Md5Lane*> lanes;
  std::vector<Md5Input> inputs;
  while (!ready_.empty() && lanes.size() < width()) {
    Md5Lane& lane = *ready_.front();
    ready_.pop_front();
    lanes.push_back(&lane);
    inputs.push_back(lane.begin_turn());
  }
  lock.unlock();
  update_side_by_side(inputs);
  lock.lock();
  for (Md5Lane* lane : lanes)
    if (lane->end_turn()) ready_.push_back(lane);
}

Md5Lane::~Md5Lane() {
  if (!is_shared_) return;
  Md5Hasher::Lock lock(hasher_.mutex_);
  turned_.wait(lock, [this] { return state_ != State::in_turn; });
  if (state_ == State::ready) std::erase(hasher_.ready_, this);
  --hasher_.lanes_;
}

Md5Lane::Piece Md5Lane::next_piece() {
  Md5Hasher::Lock lock(hasher_.mutex_);
  hash_until(lock, [this] { return in_use_ < pieces_max; });
  ++in_use_;
  if (spare_.empty()) {
    lock.unlock();  // fresh pages take long
    return Piece(piece_size_);
  }
  Piece piece = std::move(spare_.back());
  spare_.pop_back();
  return piece;
}

void Md5Lane::add(Piece piece, std::size_t size) {
  const bool is_for_here = size < shared_bytes_min && !is_shared_;
  if (is_for_here) md5_.update(as_bytes({piece.data(), size}));
  Md5Hasher::Lock lock(hasher_.mutex_);
  if (is_for_here) {
    spare_.push_back(std::move(piece));
    --in_use_;
    return;
  }
  if (!std::exchange(is_shared_, true)) ++hasher_.lanes_;
  waiting_.push_back({std::move(piece), size});
  if (state_ == State::idle) {
    state_ = State::ready;
    hasher_.ready_.push_back(this);
  }
  hasher_.call_thread();
}

std::array<std::uint8_t, 16> Md5Lane::finish() {
  Md5Hasher::Lock lock(hasher_.mutex_);
  is_awaited_ = true;
  hash_until(lock, [this] { return state_ == State::idle; });
  return md5_.finish();
}

template <class Condition> void Md5Lane::hash_until(Md5Hasher::Lock& lock, Condition condition) {
  while (!condition()) {
    if (state_ == State::ready && hasher_.at_work_ == 0) {
      hasher_.take_turn(lock);
      hasher_.call_thread();
    } else {
      turned_.wait(lock);
    }
  }
}

Md5Input Md5Lane::begin_turn() {
  state_ = State::in_turn;
  const Job& job = waiting_.front();
  return {&md5_, as_bytes({job.piece.data(), job.size})};
}

bool Md5Lane::end_turn() {
  spare_.push_back(std::move(waiting_.front().piece));
  waiting_.pop_front();
  --in_use_;
  state_ = waiting_.empty() ? State::idle : State::ready;
  turned_.notify_all();
  return state_ == State::ready;
}

}  // namespace trainyard::objects
