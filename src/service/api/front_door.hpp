#pragma once
/// The front door: one port for all APIs. Verifies every request, finds its operation, runs that
/// where it belongs and answers in the protocol that asked. Knows protocols, not jobs.

#include "base/pool.hpp"
#include "net/server.hpp"
#include "service/api/operation/operation.hpp"
#include "service/api/operation/waiting.hpp"
#include "service/api/s3/s3.hpp"
#include "service/fleet/agent_sessions.hpp"
#include "wire/sign/verify.hpp"

#include <memory>

namespace trainyard::api {

/// The peer of what comes by the agents' own socket. What jobs send through their doors comes by
/// another: a job knows its instance's token, and must not speak for its agent.
inline constexpr const char* agent_peer = "agent";

class FrontDoor final : public net::Handler {
public:
  struct Parts {
    Services& services;
    store::Control& control;
    store::Readers& readers;
    Pool& pool;  ///< reads and preparation
    S3Context& s3;
    fleet::AgentSessions& sessions;
    logs::Follower& follower;
  };
  explicit FrontDoor(Parts parts) : parts_(parts) {}

  std::variant<net::Admission, wire::Response> admit(const wire::RequestHead& head) override;
  void handle(std::shared_ptr<net::Exchange> exchange) override;
  wire::Response refuse(const wire::RequestHead& head, const Error& error) override;

private:
  struct Request;  // what admit() found out
  using Shared = std::shared_ptr<net::Exchange>;

  Result<std::shared_ptr<Request>> look_at(const wire::RequestHead& head);
  static Result<> check_scope(const Request& request, const wire::RequestHead& head);
  Result<> check_signature(const Request& request, const wire::RequestHead& head,
                           std::optional<std::string_view> body_hash);
  static void refuse(const Request& request, net::Exchange& exchange, const Error& error);
  void hand_to_s3(const Request& request, Shared exchange);
  void answer_whole(std::shared_ptr<Request> request, Shared exchange);
  Call make_call(const Request& request, net::Exchange& exchange) const;
  void run_write(const Operation& operation, const Request& request, const Call& call,
                 Shared exchange);
  using Awaiting = void (*)(const Waiting&, const Call&, Reply);
  void await(Awaiting operation, std::shared_ptr<Request> request, const Call& call,
             Shared exchange);
  void give_credentials(net::Exchange& exchange);

  Parts parts_;
};

}  // namespace trainyard::api
