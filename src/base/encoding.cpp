#include "base/encoding.hpp"

#include <array>

namespace trainyard {
namespace {

constexpr char lower_hex[] = "0123456789abcdef";
constexpr char upper_hex[] = "0123456789ABCDEF";
constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i)
    values[static_cast<unsigned char>(alphabet[i])] = std::int8_t(i);
  return values;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

Failure bad(std::string message) {
  return fail(ErrorKind::invalid, "InvalidArgument", std::move(message));
}

}  // namespace

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    out += lower_hex[b >> 4];
    out += lower_hex[b & 15];
  }
  return out;
}

Result<Bytes> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return bad("hexadecimal text has an odd length");
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = nibble(text[i]), low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return bad("not hexadecimal");
    out.push_back(std::uint8_t(high * 16 + low));
  }
  return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const unsigned v = unsigned(bytes[i]) << 16 | unsigned(bytes[i + 1]) << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6)
      out += alphabet[v >> shift & 63];
  }
  if (bytes.size() - i == 1) {
    const unsigned v = unsigned(bytes[i]) << 16;
    (out += alphabet[v >> 18]) += alphabet[v >> 12 & 63];
    out += "==";
  } else if (bytes.size() - i == 2) {
    const unsigned v = unsigned(bytes[i]) << 16 | unsigned(bytes[i + 1]) << 8;
    ((out += alphabet[v >> 18]) += alphabet[v >> 12 & 63]) += alphabet[v >> 6 & 63];
    out += '=';
  }
  return out;
}

Result<Bytes> unbase64(std::string_view text) {
  static constexpr auto values = base64_values();
  if (text.size() % 4 != 0) return bad("base64 text has a length that is no multiple of four");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
    ++padding;
  Bytes out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    unsigned v = 0;
    const std::size_t data = i + 4 == text.size() ? 4 - padding : 4;
    for (std::size_t j = 0; j < 4; ++j) {
      const int digit = j < data ? values[static_cast<unsigned char>(text[i + j])] : 0;
      if (digit < 0) return bad("not base64");
      v = v << 6 | unsigned(digit);
    }
    for (std::size_t j = 0; j + 1 < data; ++j)
      out.push_back(std::uint8_t(v >> (16 - 8 * j)));
  }
  return out;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      const auto b = static_cast<unsigned char>(c);
      ((out += '%') += upper_hex[b >> 4]) += upper_hex[b & 15];
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? nibble(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? nibble(text[i + 2]) : -1;
      if (high < 0 || low < 0) return bad("a % is not followed by two hexadecimal digits");
      out += char(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool is_utf8(std::string_view text) {
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};  // by length
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80           ? 1
                               : (lead >> 5) == 0x6  ? 2
                               : (lead >> 4) == 0xe  ? 3
                               : (lead >> 3) == 0x1e ? 4
                                                     : 0;
    if (length == 0 || length > text.size() - i) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3f);
    }
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < smallest[length] || surrogate || point > 0x10ffff) return false;
    i += length;
  }
  return true;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t n = bytes_max;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80)
    --n;
  return text.substr(0, n);
}

}  // namespace trainyard
