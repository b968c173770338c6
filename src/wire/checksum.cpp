#include "wire/checksum.hpp"

#include "base/encoding.hpp"
#include "wire/http.hpp"

#include <isa-l/crc.h>

#include <array>
#include <cstring>

namespace trainyard::wire {
namespace {

struct Name {
  std::string_view api, header;
};
// In the order of ChecksumAlgorithm.
constexpr std::array<Name, 5> names = {{
    {"CRC32", "x-amz-checksum-crc32"},
    {"CRC32C", "x-amz-checksum-crc32c"},
    {"CRC64NVME", "x-amz-checksum-crc64nvme"},
    {"SHA1", "x-amz-checksum-sha1"},
    {"SHA256", "x-amz-checksum-sha256"},
}};

// The polynomials, bit-reversed: all three CRCs take the lowest bit first.
constexpr std::uint64_t crc32_polynomial = 0xedb88320;
constexpr std::uint64_t crc32c_polynomial = 0x82f63b78;
constexpr std::uint64_t crc64nvme_polynomial = 0x9a6c9329ac4bc9b5;

bool is_crc(ChecksumAlgorithm algorithm) {
  return algorithm <= ChecksumAlgorithm::crc64nvme;
}

std::uint64_t polynomial(ChecksumAlgorithm algorithm) {
  return algorithm == ChecksumAlgorithm::crc32    ? crc32_polynomial
         : algorithm == ChecksumAlgorithm::crc32c ? crc32c_polynomial
                                                  : crc64nvme_polynomial;
}

int width_bits(ChecksumAlgorithm algorithm) {
  return algorithm == ChecksumAlgorithm::crc64nvme ? 64 : 32;
}

// The library at hand has no CRC-64/NVME: eight bytes a step by tables ("slicing by eight").
constexpr auto crc64_tables = [] {
  std::array<std::array<std::uint64_t, 256>, 8> tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc & 1 ? crc >> 1 ^ crc64nvme_polynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[k - 1][byte];
      tables[k][byte] = before >> 8 ^ tables[0][before & 255];
    }
  return tables;
}();

std::uint64_t crc64nvme(std::uint64_t crc, std::span<const std::uint8_t> bytes) {
  const auto& t = crc64_tables;
  crc = ~crc;
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);  // little-endian, as every machine this runs on
    word ^= crc;
    crc = t[7][word & 255] ^ t[6][word >> 8 & 255] ^ t[5][word >> 16 & 255] ^
          t[4][word >> 24 & 255] ^ t[3][word >> 32 & 255] ^ t[2][word >> 40 & 255] ^
          t[1][word >> 48 & 255] ^ t[0][word >> 56];
    bytes = bytes.subspan(8);
  }
  for (const std::uint8_t byte : bytes)
    crc = crc >> 8 ^ t[0][(crc ^ byte) & 255];
  return ~crc;
}

std::uint64_t crc32c(std::uint64_t crc, std::span<const std::uint8_t> bytes) {
  constexpr std::size_t piece_max = 1u << 30;  // the library counts in int
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), piece_max));
    auto* data = const_cast<unsigned char*>(piece.data());  // its signature forgot the const
    crc = ~crc32_iscsi(data, int(piece.size()), ~unsigned(crc)) & 0xffffffff;
    bytes = bytes.subspan(piece.size());
  }
  return crc;
}

std::string big_endian_base64(std::uint64_t value, int bits) {
  std::array<std::uint8_t, 8> bytes;
  const auto count = std::size_t(bits / 8);
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = std::uint8_t(value >> (bits - 8 - 8 * int(i)));
  return base64(std::span(bytes).first(count));
}

std::optional<std::uint64_t> from_base64(std::string_view text, int bits) {
  const auto bytes = unbase64(text);
  if (!bytes || bytes->size() != std::size_t(bits / 8)) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : *bytes)
    value = value << 8 | byte;
  return value;
}

// a * b modulo the polynomial, bits reversed: the highest bit is x^0.
std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t poly, int bits) {
  std::uint64_t product = 0;
  for (std::uint64_t at = 1ull << (bits - 1); at != 0; at >>= 1) {
    if (a & at) product ^= b;
    b = b & 1 ? b >> 1 ^ poly : b >> 1;
  }
  return product;
}

// x^(8 * bytes): what `bytes` zero bytes do to a remainder.
std::uint64_t power_of_bytes(std::uint64_t bytes, std::uint64_t poly, int bits) {
  const std::uint64_t one = 1ull << (bits - 1);
  std::uint64_t square = one >> 8, result = one;
  for (; bytes != 0; bytes >>= 1) {
    if (bytes & 1) result = multiply(result, square, poly, bits);
    square = multiply(square, square, poly, bits);
  }
  return result;
}

}  // namespace

std::optional<ChecksumAlgorithm> checksum_algorithm(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (equal_ignoring_case(name, names[i].api) || equal_ignoring_case(name, names[i].header))
      return ChecksumAlgorithm(i);
  return std::nullopt;
}

std::string_view api_name(ChecksumAlgorithm algorithm) {
  return names[std::size_t(algorithm)].api;
}

std::string_view header_name(ChecksumAlgorithm algorithm) {
  return names[std::size_t(algorithm)].header;
}

Checksum::Checksum(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
  if (algorithm == ChecksumAlgorithm::sha1) state_.emplace<Sha1>();
  if (algorithm == ChecksumAlgorithm::sha256) state_.emplace<Sha256>();
}

void Checksum::update(std::string_view text) {
  const auto bytes = as_bytes(text);
  switch (algorithm_) {
  case ChecksumAlgorithm::crc32: {
    auto& crc = std::get<std::uint64_t>(state_);
    crc = crc32_gzip_refl(unsigned(crc), bytes.data(), bytes.size());
    break;
  }
  case ChecksumAlgorithm::crc32c: {
    auto& crc = std::get<std::uint64_t>(state_);
    crc = crc32c(crc, bytes);
    break;
  }
  case ChecksumAlgorithm::crc64nvme: {
    auto& crc = std::get<std::uint64_t>(state_);
    crc = crc64nvme(crc, bytes);
    break;
  }
  case ChecksumAlgorithm::sha1:
    std::get<Sha1>(state_).update(bytes);
    break;
  case ChecksumAlgorithm::sha256:
    std::get<Sha256>(state_).update(bytes);
    break;
  }
}

std::string Checksum::finish() {
  if (auto* hash = std::get_if<Sha1>(&state_)) return base64(hash->finish());
  if (auto* hash = std::get_if<Sha256>(&state_)) return base64(hash->finish());
  return big_endian_base64(std::get<std::uint64_t>(state_), width_bits(algorithm_));
}

std::optional<std::string> combine_checksums(ChecksumAlgorithm algorithm, std::string_view first,
                                             std::string_view second, std::uint64_t second_bytes) {
  if (!is_crc(algorithm)) return std::nullopt;
  const int bits = width_bits(algorithm);
  const std::uint64_t poly = polynomial(algorithm);
  const auto a = from_base64(first, bits);
  const auto b = from_base64(second, bits);
  if (!a || !b) return std::nullopt;
  const std::uint64_t moved = multiply(power_of_bytes(second_bytes, poly, bits), *a, poly, bits);
  return big_endian_base64(moved ^ *b, bits);
}

}  // namespace trainyard::wire
