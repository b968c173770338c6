#include "toolkit/python_text.hpp"

#include "toolkit/unicode_tables.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace trainyard::toolkit {
namespace {

bool is_surrogate(char32_t c) {
  return c >= 0xd800 && c < 0xe000;
}

// How many bytes of `text` begin a well-formed character (shortest form; surrogates only if asked
// for), and whether it is whole.
struct Sequence {
  std::size_t length;
  bool whole;
};

Sequence sequence_at(std::string_view text, bool surrogates) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {1, true};
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0) return {1, false};
  unsigned low = 0x80, high = 0xbf;  // of the second byte
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed && !surrogates) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (std::size_t i = 1; i < length; ++i, low = 0x80, high = 0xbf)
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
  return {length, true};
}

bool is_printable(char32_t c) {
  const auto* range =
      std::upper_bound(std::begin(unicode::not_printable), std::end(unicode::not_printable), c,
                       [](char32_t value, const unicode::Range& r) { return value < r.first; });
  return range == std::begin(unicode::not_printable) || c > std::prev(range)->last;
}

// Digits and exponent laid out by float_repr_style 'short': scientific below 1e-4 and from 1e16 on.
std::string lay_out(std::string digits, int exponent) {
  while (digits.size() > 1 && digits.back() == '0')
    digits.pop_back();
  const int count = int(digits.size());
  if (exponent < -4 || exponent >= 16) {
    if (count > 1) digits.insert(1, ".");
    char tail[8];
    std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return digits + tail;
  }
  if (exponent < 0) return "0." + std::string(std::size_t(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) return digits.append(std::size_t(exponent + 1 - count), '0') + ".0";
  return digits.insert(std::size_t(exponent + 1), ".");
}

void append_hex(std::string& out, char kind, int width, char32_t c) {
  char text[12];
  std::snprintf(text, sizeof text, "\\%c%0*x", kind, width, unsigned(c));
  out += text;
}

void append_upper(std::string& out, char32_t c) {
  for (const auto& special : unicode::upper_specials)
    if (special.from == c) {
      for (const char32_t to : special.to)
        if (to != 0) append_code_point(out, to);
      return;
    }
  for (const auto& run : unicode::upper_runs)
    if (c >= run.first && c <= run.last && (c - run.first) % run.step == 0)
      return append_code_point(out, char32_t(int(c) + run.delta));
  append_code_point(out, c);
}

}  // namespace

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const Sequence sequence = sequence_at(bytes, true);
    if (!sequence.whole) return false;
    bytes.remove_prefix(sequence.length);
  }
  return true;
}

char32_t take_code_point(std::string_view& text) {
  const Sequence sequence = sequence_at(text, true);
  CHECK(sequence.whole);
  const auto first = static_cast<unsigned char>(text[0]);
  char32_t c = sequence.length == 1 ? first : first & (0x7fu >> sequence.length);
  for (std::size_t i = 1; i < sequence.length; ++i)
    c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  text.remove_prefix(sequence.length);
  return c;
}

void append_code_point(std::string& text, char32_t c) {
  const auto continuation = [&](int shift) { text += char(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    text += char(c);
  } else if (c < 0x800) {
    text += char(0xc0 | c >> 6);
    continuation(0);
  } else if (c < 0x10000) {
    text += char(0xe0 | c >> 12);
    continuation(6);
    continuation(0);
  } else {
    text += char(0xf0 | c >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::size_t count_code_points(std::string_view text) {
  return std::size_t(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string python_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // The fewest digits that read back: the nearest number of so many, or the one above it, for above
  // a power of two there is twice the room. A last 9 would carry into fewer digits, tried before.
  char text[40];
  const auto reads_back = [&] { return std::strtod(text, nullptr) == std::fabs(value); };
  for (int precision = 0; precision < 17; ++precision) {
    std::snprintf(text, sizeof text, "%.*e", precision, std::fabs(value));
    if (reads_back()) break;
    char& last = text[precision == 0 ? 0 : precision + 1];
    if (last != '9' && (++last, reads_back())) break;
  }
  const std::string_view all(text);
  const std::size_t e = all.find('e');
  std::string digits(all.substr(0, e));
  std::erase(digits, '.');
  return (std::signbit(value) ? "-" : "") + lay_out(std::move(digits), std::atoi(text + e + 1));
}

std::string json_real(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return python_real(value);
}

std::string python_str(const Json& value) {
  return value.is_text() ? value.characters() : python_repr(value);
}

std::string python_repr(const Json& value) {
  std::string out;
  switch (value.kind()) {
  case Json::Kind::null:
    return "None";
  case Json::Kind::boolean:
    return value.as_boolean() ? "True" : "False";
  case Json::Kind::integer:
    return value.characters();
  case Json::Kind::real:
    return python_real(value.as_real());
  case Json::Kind::text:
    return python_repr(value.characters());
  case Json::Kind::list:
    for (const Json& item : value.items())
      out += (out.empty() ? "" : ", ") + python_repr(item);
    return "[" + out + "]";
  case Json::Kind::object:
    for (const auto& [name, member] : value.members())
      out += (out.empty() ? "" : ", ") + python_repr(name) + ": " + python_repr(member);
    return "{" + out + "}";
  }
  return out;
}

std::string python_repr(std::string_view text) {
  const bool single = text.find('\'') == text.npos || text.find('"') != text.npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (c == char32_t(quote) || c == '\\')
      (out += '\\') += char(c);
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (is_printable(c))
      append_code_point(out, c);
    else if (c < 0x100)
      append_hex(out, 'x', 2, c);
    else if (c < 0x10000)
      append_hex(out, 'u', 4, c);
    else
      append_hex(out, 'U', 8, c);
  }
  return out += quote;
}

std::string python_upper(std::string_view text) {
  std::string out;
  while (!text.empty())
    append_upper(out, take_code_point(text));
  return out;
}

std::string shell_quote(std::string_view text) {
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("@%+=:,./-_").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_safe)) return std::string(text);
  std::string out = "'";
  for (const char c : text)
    c == '\'' ? out += "'\"'\"'" : out += c;
  return out += '\'';
}

std::string from_system(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Sequence sequence = sequence_at(bytes, false);
    const std::size_t length = sequence.whole ? sequence.length : 1;
    if (sequence.whole)
      out += bytes.substr(0, length);
    else
      append_code_point(out, 0xdc00u + static_cast<unsigned char>(bytes[0]));
    bytes.remove_prefix(length);
  }
  return out;
}

Result<std::string> to_system(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (c == 0)
      return fail(ErrorKind::invalid, "ValueError",
                  "embedded null byte: no variable or argument can hold one");
    if (c >= 0xdc80 && c < 0xdd00)
      out += char(c - 0xdc00);
    else if (is_surrogate(c))
      return fail(ErrorKind::invalid, "UnicodeEncodeError",
                  "a lone surrogate cannot be encoded: 'utf-8' has no form for it");
    else
      append_code_point(out, c);
  }
  return out;
}

std::string escape_surrogates(std::string_view text) {
  std::string out;
  for (std::size_t at; (at = text.find('\xed')) != text.npos;) {
    out += text.substr(0, at);
    text.remove_prefix(at);
    const bool lone = text.size() >= 3 && static_cast<unsigned char>(text[1]) >= 0xa0 &&
                      sequence_at(text, true).whole;
    if (lone)
      append_hex(out, 'u', 4, take_code_point(text));
    else
      (out += text[0], text.remove_prefix(1));
  }
  return out += text;
}

std::string replace_invalid(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Sequence sequence = sequence_at(bytes, false);
    if (sequence.whole)
      out += bytes.substr(0, sequence.length);
    else
      out += "\xef\xbf\xbd";
    bytes.remove_prefix(sequence.length);
  }
  return out;
}

}  // namespace trainyard::toolkit
