#include "wire/checksum.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace trainyard::wire;

namespace {

std::string of(ChecksumAlgorithm algorithm, std::string_view text) {
  Checksum sum(algorithm);
  sum.update(text);
  return sum.finish();
}

constexpr std::array all = {ChecksumAlgorithm::crc32, ChecksumAlgorithm::crc32c,
                            ChecksumAlgorithm::crc64nvme, ChecksumAlgorithm::sha1,
                            ChecksumAlgorithm::sha256};

std::string pattern_text(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i)
    out[i] = char(i * 131 + i / 251);
  return out;
}

}  // namespace

// The check values of the catalogue of CRC algorithms for "123456789", and FIPS 180's for "abc".
// SEMANTICS S7
TEST_CASE("each algorithm gives its published check value") {
  CHECK(of(ChecksumAlgorithm::crc32, "123456789") == "y/Q5Jg==");          // cbf43926
  CHECK(of(ChecksumAlgorithm::crc32c, "123456789") == "4waSgw==");         // e3069283
  CHECK(of(ChecksumAlgorithm::crc64nvme, "123456789") == "rosUhgp5mIg=");  // ae8b14860a799888
  CHECK(of(ChecksumAlgorithm::sha1, "abc") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  CHECK(of(ChecksumAlgorithm::sha256, "abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  CHECK(of(ChecksumAlgorithm::crc32, "") == "AAAAAA==");
  CHECK(of(ChecksumAlgorithm::crc64nvme, "") == "AAAAAAAAAAA=");
}

TEST_CASE("pieces of any size give the checksum of the whole") {
  const std::string text = pattern_text(100'003);
  for (const auto algorithm : all) {
    CAPTURE(api_name(algorithm));
    Checksum sum(algorithm);
    for (std::size_t at = 0, n = 1; at < text.size(); at += n, n = n * 2 % 4093 + 1)
      sum.update(std::string_view(text).substr(at, n));
    CHECK(sum.finish() == of(algorithm, text));
  }
}

// SEMANTICS S7
TEST_CASE("CRCs of parts combine to the CRC of the object, hashes do not") {
  const std::string text = pattern_text(70'001);
  for (const auto algorithm : all) {
    CAPTURE(api_name(algorithm));
    for (const std::size_t cut : {0ul, 1ul, 8ul, 65'536ul, 70'000ul, 70'001ul}) {
      const std::string_view head = std::string_view(text).substr(0, cut);
      const std::string_view tail = std::string_view(text).substr(cut);
      const auto combined =
          combine_checksums(algorithm, of(algorithm, head), of(algorithm, tail), tail.size());
      if (algorithm == ChecksumAlgorithm::sha1 || algorithm == ChecksumAlgorithm::sha256)
        CHECK_FALSE(combined);
      else
        CHECK(combined.value_or("") == of(algorithm, text));
    }
  }
  CHECK_FALSE(combine_checksums(ChecksumAlgorithm::crc32, "AAAA", "AAAAAA==", 1));
  CHECK_FALSE(combine_checksums(ChecksumAlgorithm::crc32, "AAAAAA==", "?", 1));
}

TEST_CASE("algorithms are known by their API name and their header, without case") {
  for (const auto algorithm : all) {
    CHECK(checksum_algorithm(api_name(algorithm)) == algorithm);
    CHECK(checksum_algorithm(header_name(algorithm)) == algorithm);
  }
  CHECK(checksum_algorithm("crc32c") == ChecksumAlgorithm::crc32c);
  CHECK(checksum_algorithm("X-Amz-Checksum-SHA256") == ChecksumAlgorithm::sha256);
  CHECK_FALSE(checksum_algorithm("md5"));
  CHECK_FALSE(checksum_algorithm("x-amz-checksum-"));
  CHECK_FALSE(checksum_algorithm(""));
}
