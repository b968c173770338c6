#include "service/api/logs/await_log_events.hpp"

#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "service/api/operation/find_job.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <atomic>
#include <optional>

// POST /  X-Amz-Target: Trainyard.AwaitLogEvents  {as GetLogEvents}
// 200 as GetLogEvents answers

namespace trainyard::api {
namespace {

constexpr Millis wait_max{20'000};

struct State {
  LogWaiting waiting;
  Call call;
  std::function<void(Result<std::string>)> reply;
};

// The answer, and what to wait on when it holds no event and more may come.
struct Look {
  std::string answer;
  std::optional<logs::Follower::Subject> wait_on;
};

// For "JOB/": a job without a stream.
Result<Look> look_for_stream(const State& state, store::Snapshot& s, const std::string& name) {
  const auto row = TRY(find_named(s, state.call, name.substr(0, name.size() - 1)));
  wire::GetLogEventsResponse none;
  none.events.emplace();
  Look out{wire::encode(none), {}};
  if (!row.ended && TRY(store::log_streams(s, {state.call.region, name, "", false, 1})).empty())
    out.wait_on = {row.id, {}};
  return out;
}

Result<Look> look(const State& state) {
  return state.waiting.readers.read([&](store::Snapshot& s) -> Result<Look> {
    const auto request = TRY(wire::decode<wire::GetLogEventsRequest>(state.call.body));
    if (request.logStreamName.ends_with('/'))
      return look_for_stream(state, s, request.logStreamName);
    Look out{TRY(get_log_events(state.waiting.services, s, state.call)), {}};
    const auto page = TRY(wire::decode<wire::GetLogEventsResponse>(out.answer));
    const auto row = TRY(find_stream(s, state.call, request.logStreamName));
    const auto job = TRY(store::find_job(s, row.job));
    if (page.events && page.events->empty() && job && !job->ended)
      out.wait_on = {row.job, state.waiting.services.paths.log(row.instance)};
    return out;
  });
}

void answer_now(const std::shared_ptr<State>& state) {
  auto last = look(*state);
  state->reply(last ? Result<std::string>(std::move(last->answer)) : Failure(last.error()));
}

}  // namespace

void await_log_events(const LogWaiting& waiting, const Call& call,
                      std::function<void(Result<std::string>)> reply) {
  const auto state = std::make_shared<State>(State{waiting, call, std::move(reply)});
  auto first = look(*state);
  if (!first) return state->reply(Failure(first.error()));
  if (!first->wait_on) return state->reply(std::move(first->answer));
  const auto again = std::make_shared<std::atomic<bool>>(false);
  const auto wake = [state, again] {
    if (again->exchange(true)) return;
    if (!state->waiting.pool.post([state] { answer_now(state); })) answer_now(state);
  };
  waiting.follower.once(*first->wait_on, wait_max, wake);
  // What was written between the look and the watch would be missed: look once more, now that it is
  // on.
  if (const auto second = look(*state); second && !second->wait_on) wake();
}

}  // namespace trainyard::api
