#include "agent/channels/verify.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr std::size_t piece_bytes = 1u << 20;

template <class Update> Result<> read_all(int fd, std::uint64_t size, const Update& update) {
  std::string piece(std::size_t(std::min<std::uint64_t>(size, piece_bytes)), '\0');
  for (std::uint64_t at = 0; at < size;) {
    const ssize_t n = ::pread(fd, piece.data(), piece.size(), off_t(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("read what was fetched");
    if (n == 0) return fail_internal("read what was fetched: it is shorter than it should be");
    update(std::string_view(piece).substr(0, std::size_t(n)));
    at += std::uint64_t(n);
  }
  return {};
}

}  // namespace

Result<> verify(int fd, std::uint64_t size, const origin::Digest& expected) {
  std::string found;
  std::string_view name = "MD5";
  if (expected.algorithm) {
    wire::Checksum sum(*expected.algorithm);
    TRY(read_all(fd, size, [&](std::string_view piece) { sum.update(piece); }));
    found = sum.finish();
    name = wire::api_name(*expected.algorithm);
  } else {
    Md5 sum;
    TRY(read_all(fd, size, [&](std::string_view piece) { sum.update(piece); }));
    found = base64(sum.finish());
  }
  if (found == expected.value) return {};
  return fail(ErrorKind::invalid, "BadDigest",
              fmt::format("what came is not what is there: its {} is {}, and should be {}", name,
                          found, expected.value));
}

origin::Entry entry_of(const wire::OriginObject& object) {
  const auto size = std::uint64_t(std::max<std::int64_t>(object.Size, 0));
  return {object.Key, false, size, object.ETag, {}};
}

}  // namespace trainyard::agent
