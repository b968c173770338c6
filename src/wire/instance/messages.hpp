#pragma once
/// What agent and service say to each other: one JSON object a line, on a connection that the agent
/// dialled and that was upgraded to `agent_protocol`. Reports go up, numbered from 1 by their place
/// in report.log, which holds the same lines and is fsynced first; commands go down. A report is
/// sent until it is acknowledged.

#include "wire/fields.hpp"

#include <string>

namespace trainyard::wire {

inline constexpr const char* agent_protocol = "trainyard-agent/1";
/// Path of the upgrade request.
inline constexpr const char* agent_path = "/-/agent";
/// Path that serves the job role's credentials; `Authorization: <Token>`.
inline constexpr const char* credentials_path = "/-/credentials";

/// First line of a connection.
struct Hello {
  std::string Id, Token;
};
template <class V> void fields(V& v, Hello& h) {
  v("Id", h.Id, required);
  v("Token", h.Token, required);
}

struct Report {
  std::int64_t Number = 0;
  std::string Kind;  ///< "Running", "Exited", "Finished" or "Heartbeat" (number 0, never logged)
  Time At{};
  std::string Cause;     ///< Exited: "", "requested", "interrupted", "max_runtime" or
                         ///< "channel" (it failed)
  std::string Failure;   ///< FailureReason, "" when all is well
  std::string ModelUri;  ///< Finished
  std::string Doing;     ///< Heartbeat: for people, "Downloading input data: 1.2 of 4.0 GiB"
};
inline const std::vector<std::string_view> report_kinds{"Running", "Exited", "Finished",
                                                        "Heartbeat"};
template <class V> void fields(V& v, Report& r) {
  v("Number", r.Number, required);
  v("Kind", r.Kind, required, one_of(report_kinds));
  v("At", r.At, required);
  v("Cause", r.Cause);
  v("Failure", r.Failure);
  v("ModelUri", r.ModelUri);
  v("Doing", r.Doing);
}

struct Command {
  std::string Kind;  ///< "Ack" (reports up to Number are durable), "Stop", "Interrupt",
                     ///< "Fenced" (end at once, silently)
  std::int64_t Number = 0;
};
inline const std::vector<std::string_view> command_kinds{"Ack", "Stop", "Interrupt", "Fenced"};
template <class V> void fields(V& v, Command& c) {
  v("Kind", c.Kind, required, one_of(command_kinds));
  v("Number", c.Number);
}

/// exit.json: how an instance without a service ended, and the reaper's record.
struct ExitRecord {
  std::string Failure, Cause;
  std::int64_t ExitCode = 0, Signal = 0;
};
template <class V> void fields(V& v, ExitRecord& e) {
  v("Failure", e.Failure);
  v("Cause", e.Cause);
  v("ExitCode", e.ExitCode);
  v("Signal", e.Signal);
}

}  // namespace trainyard::wire
