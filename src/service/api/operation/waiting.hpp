#pragma once
/// Operations that wait for something to answer with, so that nobody asks again and again. They
/// hold no thread while they do.

#include "base/pool.hpp"
#include "service/api/operation/operation.hpp"
#include "service/logs/follower.hpp"

#include <functional>
#include <optional>
#include <string>

namespace trainyard::api {

struct Waiting {
  Services& services;
  store::Readers& readers;
  Pool& pool;
  logs::Follower& follower;
};

/// The answer as it is now, and what to wait on where it tells nothing and more may come.
struct Look {
  std::string answer;
  std::optional<logs::Follower::Subject> wait_on;
};

using Reply = std::function<void(Result<std::string>)>;

/// Answers at once where there is something, else as it is once what is waited on has changed or 20
/// s are over (maybe with nothing). `look` may be called on any thread; `reply` is called once, on
/// any.
void answer_once_there(const Waiting& waiting, std::function<Result<Look>(store::Snapshot&)> look,
                       Reply reply);

}  // namespace trainyard::api
