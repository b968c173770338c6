#pragma once
/// RecordIO framing, as the service wraps objects in Pipe mode and as the SDK writes it
/// (sagemaker.amazon.common.write_spmatrix_to_sparse_tensor's _write_recordio): magic number,
/// length, data, zeros up to a multiple of 4 bytes; all little-endian. Pure.

#include <array>
#include <cstdint>

namespace trainyard::agent {

/// The length has 29 bits; the upper three say that a record is in parts, which these never are.
inline constexpr std::uint64_t record_bytes_max = (std::uint64_t(1) << 29) - 1;

inline std::array<char, 8> record_header(std::uint32_t length) {
  constexpr std::uint32_t magic = 0xced7230a;
  std::array<char, 8> out{};
  for (unsigned n = 0; n < 4; ++n) {
    out[n] = char(magic >> (8 * n));
    out[4 + n] = char(length >> (8 * n));
  }
  return out;
}

inline std::uint32_t record_padding(std::uint32_t length) {
  return (4 - length % 4) % 4;
}

}  // namespace trainyard::agent
