#pragma once
/// Where instances run. A Fleet starts agents, ends them and says which live; it knows nothing of
/// phases or rows. Every call is idempotent by the instance's id, and may be repeated after a
/// crash.

#include "base/result.hpp"
#include "wire/instance/messages.hpp"
#include "wire/instance/spec.hpp"

#include <functional>
#include <string>
#include <vector>

namespace trainyard::fleet {

class Fleet {
public:
  virtual ~Fleet() = default;

  /// Called, on any thread, when an agent that launch() or adopt() knows has ended, however it
  /// ended. Set once, before the first launch.
  virtual void on_gone(std::function<void(std::string id)> callback) = 0;

  /// Starts the instance's agent; does nothing if it lives or has run already.
  virtual Result<> launch(const wire::InstanceSpec& spec) = 0;
  /// Ids of all instances there is anything left of, alive or not.
  virtual Result<std::vector<std::string>> list() = 0;
  /// Watches an instance that an earlier service started. True if its agent lives.
  virtual Result<bool> adopt(const std::string& id) = 0;
  /// What a dead agent had reported durably. An error of kind `conflict` while it lives.
  virtual Result<std::vector<wire::Report>> reports(const std::string& id) = 0;
  /// Whether a dead agent had reported anything; what is damaged was reported too.
  Result<bool> has_told(const std::string& id) {
    const auto told = reports(id);
    if (!told && told.error().kind != ErrorKind::invalid) return Failure(told.error());
    return !told || !told->empty();
  }
  /// Ends the agent if it lives and removes all that is left of the instance but its log. Blocks.
  virtual Result<> remove(const std::string& id) = 0;
};

}  // namespace trainyard::fleet
