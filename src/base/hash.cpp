#include "base/hash.hpp"

#include "base/encoding.hpp"

namespace trainyard {
namespace {

constexpr std::size_t block_bytes = 64;  // of SHA-1 and SHA-256 alike

// RFC 2104 over any of our hashes.
template <class Hash> auto hmac(std::string_view key, std::string_view text) {
  std::array<std::uint8_t, block_bytes> padded{};
  if (key.size() > block_bytes) {
    Hash hash;
    hash.update(key);
    const auto digest = hash.finish();
    std::copy(digest.begin(), digest.end(), padded.begin());
  } else {
    std::copy(key.begin(), key.end(), padded.begin());
  }
  for (auto& b : padded)
    b ^= 0x36;
  Hash inner;
  inner.update(std::span<const std::uint8_t>(padded));
  inner.update(text);
  const auto inner_digest = inner.finish();
  for (auto& b : padded)
    b ^= 0x36 ^ 0x5c;
  Hash outer;
  outer.update(std::span<const std::uint8_t>(padded));
  outer.update(std::span<const std::uint8_t>(inner_digest));
  return outer.finish();
}

}  // namespace

Sha256::Sha256() {
  SHA256_Init(&context_);
}
void Sha256::update(std::span<const std::uint8_t> bytes) {
  SHA256_Update(&context_, bytes.data(), bytes.size());
}
void Sha256::update(std::string_view text) {
  update(as_bytes(text));
}
Digest256 Sha256::finish() {
  Digest256 out;
  SHA256_Final(out.data(), &context_);
  return out;
}

Md5::Md5() {
  MD5_Init(&context_);
}
void Md5::update(std::span<const std::uint8_t> bytes) {
  MD5_Update(&context_, bytes.data(), bytes.size());
}
void Md5::update(std::string_view text) {
  update(as_bytes(text));
}
std::array<std::uint8_t, 16> Md5::finish() {
  std::array<std::uint8_t, 16> out;
  MD5_Final(out.data(), &context_);
  return out;
}

Sha1::Sha1() {
  SHA1_Init(&context_);
}
void Sha1::update(std::span<const std::uint8_t> bytes) {
  SHA1_Update(&context_, bytes.data(), bytes.size());
}
void Sha1::update(std::string_view text) {
  update(as_bytes(text));
}
std::array<std::uint8_t, 20> Sha1::finish() {
  std::array<std::uint8_t, 20> out;
  SHA1_Final(out.data(), &context_);
  return out;
}

Digest256 sha256(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

std::string sha256_hex(std::string_view text) {
  return hex(sha256(text));
}

Digest256 hmac_sha256(std::string_view key, std::string_view text) {
  return hmac<Sha256>(key, text);
}

std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view text) {
  return hmac<Sha1>(key, text);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

}  // namespace trainyard
