#include "service/events/delivery.hpp"

#include <doctest/doctest.h>

namespace trainyard::events {
namespace {

// The HMAC is `printf '1795000000.{"a":1}' | openssl dgst -sha256 -hmac
// a-secret-of-32-characters-12345`. SEMANTICS V5
TEST_CASE("a request is signed over its time and its body") {
  CHECK(signature("a-secret-of-32-characters-12345", from_ms(1'795'000'000'999), R"({"a":1})") ==
        "t=1795000000,v1=1684f8b18515f65b9f59aa167f7e3086182854a7e53c9173ea5b6ea0e0f79f01");
  // RFC 4231, test case 2, would be signed without the time: the same key and text differ.
  CHECK(signature("Jefe", from_ms(0), "what do ya want for nothing?") !=
        "t=0,v1="
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// SEMANTICS V6, V7
TEST_CASE("what an answer means") {
  for (const int status : {200, 202, 204, 299})
    CHECK(verdict(status) == Verdict::delivered);
  for (const int status : {0, 408, 429, 500, 503, 599})
    CHECK(verdict(status) == Verdict::again);
  for (const int status : {301, 400, 401, 404, 410, 422})
    CHECK(verdict(status) == Verdict::refused);
}

// SEMANTICS V6
TEST_CASE("a retry waits twice as long as the one before, up to five minutes") {
  CHECK(backoff(1, 0) == Millis(1000));
  CHECK(backoff(2, 0) == Millis(2000));
  CHECK(backoff(8, 0) == Millis(128'000));
  CHECK(backoff(9, 0) == Millis(240'000));
  CHECK(backoff(1'000'000, 0) == Millis(240'000));
  CHECK(backoff(1, 1) == Millis(1250));
  CHECK(backoff(1'000'000, 1) == Millis(300'000));
  CHECK(backoff(3, 0.5) == Millis(4500));
}

}  // namespace
}  // namespace trainyard::events
