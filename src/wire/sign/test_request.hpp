#pragma once
/// A request that tests can change: has what a RequestView asks for. For the tests of this folder.

#include "base/hash.hpp"
#include "wire/sign/dates.hpp"
#include "wire/sign/recorded_requests.hpp"
#include "wire/sign/verify.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::wire {

struct TestRequest {
  std::string method, target, path, query;
  std::vector<std::pair<std::string, std::string>> headers;

  void set_target(std::string_view text) {
    target = text;
    path = target.substr(0, target.find('?'));
    query = path.size() < target.size() ? target.substr(path.size() + 1) : "";
  }
  std::string* header(std::string_view name) {
    for (auto& [field, value] : headers)
      if (lower_case(field) == lower_case(name)) return &value;
    return nullptr;
  }
};

/// From "METHOD TARGET\nName:value\n...".
inline TestRequest test_request(std::string_view head) {
  TestRequest out;
  const auto next_line = [&head] {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(line.size() + 1, head.size()));
    return line;
  };
  const std::string_view first = next_line();
  out.method = first.substr(0, first.find(' '));
  out.set_target(first.substr(out.method.size() + 1));
  while (!head.empty()) {
    const std::string_view line = next_line();
    out.headers.emplace_back(line.substr(0, line.find(':')), line.substr(line.find(':') + 1));
  }
  return out;
}

/// Both steps; the code of what refused the request, "" where nothing did.
inline std::string verdict(const TestRequest& request, std::string_view body,
                           std::string_view secret = recorded_secret,
                           Time now = *parse_amz_date(recorded_at)) {
  const auto signature = parse_signature(request);
  if (!signature) return signature.error().code;
  const auto verified = verify_signature(*signature, request, secret, sha256_hex(body), now);
  return verified ? "" : verified.error().code;
}

}  // namespace trainyard::wire
