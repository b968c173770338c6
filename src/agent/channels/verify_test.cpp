#include "agent/channels/verify.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

os::Fd file_of(const std::string& bytes) {
  os::Fd out(::memfd_create("bytes", MFD_CLOEXEC));
  REQUIRE(::write(out.get(), bytes.data(), bytes.size()) == ssize_t(bytes.size()));
  return out;
}

std::string md5_of(const std::string& bytes) {
  Md5 sum;
  sum.update(bytes);
  return base64(sum.finish());
}

std::string crc32_of(const std::string& bytes) {
  wire::Checksum sum(wire::ChecksumAlgorithm::crc32);
  sum.update(bytes);
  return sum.finish();
}

}  // namespace

TEST_CASE("bytes are held against what their origin told of them") {
  const std::string bytes(3'000'000, 'x');
  const os::Fd file = file_of(bytes);
  CHECK(verify(file.get(), bytes.size(), {std::nullopt, md5_of(bytes)}));
  CHECK(verify(file.get(), bytes.size(), {wire::ChecksumAlgorithm::crc32, crc32_of(bytes)}));
  const std::string other = bytes + "y";
  for (const auto& digest : {origin::Digest{std::nullopt, md5_of(other)},
                             origin::Digest{wire::ChecksumAlgorithm::crc32, crc32_of(other)}}) {
    const auto verified = verify(file.get(), bytes.size(), digest);
    REQUIRE_FALSE(verified);
    CHECK(verified.error().code == "BadDigest");
    CHECK(verified.error().message.find(digest.value) != std::string::npos);
  }
}

TEST_CASE("bytes that are missing are an error") {
  const os::Fd file = file_of("short");
  CHECK_FALSE(verify(file.get(), 6, {std::nullopt, md5_of("short")}));
}
