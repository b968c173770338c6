#pragma once
/// The hashes of the AWS protocols, incremental. OpenSSL's low-level functions are used on purpose:
/// no provider look-up per hash, and a static program links only what it uses.

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace trainyard {

using Digest256 = std::array<std::uint8_t, 32>;

class Sha256 {
public:
  Sha256();
  void update(std::span<const std::uint8_t> bytes);
  void update(std::string_view text);
  /// Ends the hash; the object may not be used again.
  Digest256 finish();

private:
  SHA256_CTX context_;
};

class Md5 {
public:
  Md5();
  void update(std::span<const std::uint8_t> bytes);
  void update(std::string_view text);
  std::array<std::uint8_t, 16> finish();

private:
  friend class Md5Blocks;  // in md5_lanes.cpp
  MD5_CTX context_;
};

class Sha1 {
public:
  Sha1();
  void update(std::span<const std::uint8_t> bytes);
  void update(std::string_view text);
  std::array<std::uint8_t, 20> finish();

private:
  SHA_CTX context_;
};

Digest256 sha256(std::string_view text);
/// Lower-case hex of sha256(text).
std::string sha256_hex(std::string_view text);
Digest256 hmac_sha256(std::string_view key, std::string_view text);
std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view text);

/// Bytes as a string_view and back: hashing code and wire code meet here.
inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Compares in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace trainyard
