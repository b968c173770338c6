#include "base/id.hpp"

#include "base/encoding.hpp"
#include "base/result.hpp"

#include <array>
#include <sys/random.h>

namespace trainyard {
namespace {

void fill_random(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = getrandom(out.data() + done, out.size() - done, 0);
    CHECK(n > 0 || errno == EINTR);
    if (n > 0) done += std::size_t(n);
  }
}

}  // namespace

std::string new_id(Time now) {
  std::array<std::uint8_t, 16> id;
  fill_random(id);
  const auto ms = std::uint64_t(to_ms(now));
  for (unsigned i = 0; i < 6; ++i)
    id[i] = std::uint8_t(ms >> (40 - 8 * i));
  return hex(id);
}

std::string random_hex(std::size_t count) {
  Bytes bytes(count);
  fill_random(bytes);
  return hex(bytes);
}

std::string random_text(std::size_t length, std::string_view alphabet) {
  CHECK(!alphabet.empty() && alphabet.size() <= 256);
  const unsigned fair = 256 - 256 % unsigned(alphabet.size());
  std::string out;
  while (out.size() < length) {
    std::array<std::uint8_t, 64> bytes;
    fill_random(bytes);
    for (const std::uint8_t b : bytes)
      if (b < fair && out.size() < length) out += alphabet[b % alphabet.size()];
  }
  return out;
}

}  // namespace trainyard
