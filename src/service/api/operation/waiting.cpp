#include "service/api/operation/waiting.hpp"

#include <atomic>
#include <memory>

namespace trainyard::api {
namespace {

constexpr Millis wait_max{20'000};

struct State {
  Waiting waiting;
  std::function<Result<Look>(store::Snapshot&)> look;
  Reply reply;
  std::atomic<bool> is_woken = false;

  Result<Look> look_now() { return waiting.readers.read(look); }
  void answer_now() {
    auto last = look_now();
    reply(last ? Result<std::string>(std::move(last->answer)) : Failure(last.error()));
  }
};

}  // namespace

void answer_once_there(const Waiting& waiting, std::function<Result<Look>(store::Snapshot&)> look,
                       Reply reply) {
  const auto state = std::make_shared<State>(waiting, std::move(look), std::move(reply));
  auto first = state->look_now();
  if (!first) return state->reply(Failure(first.error()));
  if (!first->wait_on) return state->reply(std::move(first->answer));
  const auto wake = [state] {
    if (state->is_woken.exchange(true)) return;
    if (!state->waiting.pool.post([state] { state->answer_now(); })) state->answer_now();
  };
  waiting.follower.once(*first->wait_on, wait_max, wake);
  // What was written between the look and the watch would be missed: look once more, now that it is
  // on.
  if (const auto second = state->look_now(); second && !second->wait_on) wake();
}

}  // namespace trainyard::api
