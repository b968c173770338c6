#include "service/events/delivery.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::events {
namespace {

constexpr std::int64_t first_ms = 1000, longest_ms = 240'000;

}  // namespace

std::string signature(std::string_view secret, Time now, std::string_view body) {
  const std::int64_t seconds = to_ms(now) / 1000;
  const auto mac = hmac_sha256(secret, fmt::format("{}.{}", seconds, body));
  return fmt::format("t={},v1={}", seconds, hex(mac));
}

Verdict verdict(int status) {
  if (status >= 200 && status < 300) return Verdict::delivered;
  const bool is_passing = status == 0 || status == 408 || status == 429 || status >= 500;
  return is_passing ? Verdict::again : Verdict::refused;
}

Millis backoff(int failures, double chance) {
  const int doublings = std::clamp(failures - 1, 0, 20);
  const std::int64_t ms = std::min(first_ms << doublings, longest_ms);
  return Millis(ms + std::int64_t(double(ms) / 4 * std::clamp(chance, 0.0, 1.0)));
}

}  // namespace trainyard::events
