#include "toolkit/tar_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::uint64_t record_bytes_max = 1 << 20;  // of a long name or a pax header
constexpr std::uint64_t member_bytes_max = std::uint64_t(1) << 50;
constexpr std::size_t members_max = 1'000'000;

using Block = std::span<const char>;

// Fields of the ustar header: offset and length.
struct Field {
  std::size_t at, length;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, size_field{124, 12}, mtime_field{136, 12},
    checksum_field{148, 8}, link_field{157, 100}, magic_field{257, 6}, prefix_field{345, 155};
constexpr std::size_t kind_at = 156;

std::string_view raw(Block block, Field field) {
  return {block.data() + field.at, field.length};
}

std::string text(Block block, Field field) {
  const std::string_view all = raw(block, field);
  return std::string(all.substr(0, all.find('\0')));
}

// Octal digits, or GNU's base-256 with the top bit set. Nothing if it is neither.
std::optional<std::uint64_t> number(Block block, Field field) {
  std::string_view digits = raw(block, field);
  if (static_cast<unsigned char>(digits[0]) & 0x80) {
    std::uint64_t value = static_cast<unsigned char>(digits[0]) & 0x7f;
    for (const char c : digits.substr(1)) {
      if (value >> 55) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  digits = digits.substr(0, digits.find('\0'));
  while (!digits.empty() && digits.front() == ' ')
    digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == ' ')
    digits.remove_suffix(1);
  std::uint64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (!digits.empty() && (end.ec != std::errc() || end.ptr != digits.data() + digits.size()))
    return std::nullopt;
  return value;
}

// The sum over the header with its own field as spaces; old writers summed signed bytes.
bool has_right_checksum(Block block) {
  std::int64_t plain = 0, with_signs = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= checksum_field.at && i < checksum_field.at + checksum_field.length;
    plain += own ? ' ' : static_cast<unsigned char>(block[i]);
    with_signs += own ? ' ' : static_cast<signed char>(block[i]);
  }
  const auto stated = number(block, checksum_field);
  return stated && (std::int64_t(*stated) == plain || std::int64_t(*stated) == with_signs);
}

TarMember::Kind kind_of(char type, std::string_view name) {
  switch (type) {
  case '1':
    return TarMember::Kind::hard_link;
  case '2':
    return TarMember::Kind::symbolic_link;
  case '3':
  case '4':
  case '6':
    return TarMember::Kind::special;
  case '5':
    return TarMember::Kind::directory;
  case '\0':
    return name.ends_with('/') ? TarMember::Kind::directory : TarMember::Kind::file;
  default:
    return TarMember::Kind::file;  // as POSIX says of unknown types
  }
}

template <class Number> std::optional<Number> whole_number(std::string_view digits) {
  Number value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end.ec != std::errc() || end.ptr == digits.data()) return std::nullopt;
  return value;  // an mtime may go on with a fraction
}

}  // namespace

Failure TarReader::broken(const std::string& why) const {
  return fail(ErrorKind::invalid, std::string(Gunzip::broken_archive),
              "unpack " + what_ + ": " + why);
}

Result<std::size_t> TarReader::read(std::span<char> out) {
  const std::size_t wanted = std::size_t(std::min<std::uint64_t>(out.size(), left_bytes_));
  if (wanted == 0) return std::size_t(0);
  const std::size_t n = TRY(stream_.read(out.first(wanted)));
  if (n == 0) return broken("the archive ends in the middle of a member");
  left_bytes_ -= n;
  return n;
}

Result<> TarReader::skip_rest() {
  std::array<char, 16 << 10> buffer;
  while (TRY(read(buffer)) > 0) {
  }
  TRY(stream_.read_all(std::span(buffer).first(std::size_t(padding_bytes_))));
  padding_bytes_ = 0;
  return {};
}

// False at the end: a block of zeros, or no more bytes.
Result<bool> TarReader::read_header(std::span<char> block) {
  const std::size_t n = TRY(stream_.read(block));
  if (n == 0) return false;
  TRY(stream_.read_all(block.subspan(n)));
  if (std::all_of(block.begin(), block.end(), [](char c) { return c == 0; })) return false;
  if (!has_right_checksum(block)) return broken("it does not hold a tar archive");
  return true;
}

Result<std::string> TarReader::read_record(std::uint64_t size_bytes) {
  if (size_bytes > record_bytes_max) return broken("a name in it is longer than 1 MiB");
  std::string out(std::size_t(size_bytes), '\0');
  TRY(stream_.read_all(out));
  std::array<char, block_bytes> padding;
  TRY(stream_.read_all(
      std::span(padding).first((block_bytes - size_bytes % block_bytes) % block_bytes)));
  return out;
}

// "LENGTH name=value\n", one after the other; LENGTH counts all of its record.
Result<> TarReader::apply_pax(const std::string& records, Overrides& to) const {
  std::string_view rest = records;
  while (!rest.empty() && rest[0] != '\0') {
    const auto length = whole_number<std::size_t>(rest);
    const std::size_t space = rest.find(' ');
    if (!length || space >= rest.size() || *length <= space + 1 || *length > rest.size())
      return broken("a pax header in it is malformed");
    const std::string_view record = rest.substr(space + 1, *length - space - 2);
    rest.remove_prefix(*length);
    const std::size_t equals = record.find('=');
    if (equals == record.npos) return broken("a pax header in it is malformed");
    const std::string_view name = record.substr(0, equals), value = record.substr(equals + 1);
    if (name.starts_with("GNU.sparse.")) return broken("sparse members are not supported");
    if (name == "path") to.name = value;
    if (name == "linkpath") to.link = value;
    if (name == "size") to.size_bytes = whole_number<std::uint64_t>(value);
    if (name == "mtime") to.mtime = whole_number<std::int64_t>(value);
  }
  return {};
}

Result<TarMember> TarReader::member_of(std::span<const char> block, const Overrides& overrides) {
  TarMember out;
  out.name = text(block, name_field);
  const bool is_ustar = raw(block, magic_field) == std::string_view("ustar\0", 6);
  if (const std::string prefix = text(block, prefix_field); is_ustar && !prefix.empty())
    out.name = prefix + "/" + out.name;
  out.link = text(block, link_field);
  const auto mode = number(block, mode_field), size = number(block, size_field);
  if (!mode || !size) return broken("a header in it is malformed");
  out.mode = unsigned(*mode & 07777);
  out.mtime = std::int64_t(number(block, mtime_field).value_or(0));
  out.size_bytes = *size;
  if (overrides.name) out.name = *overrides.name;
  if (overrides.link) out.link = *overrides.link;
  if (overrides.mtime) out.mtime = *overrides.mtime;
  if (overrides.size_bytes) out.size_bytes = *overrides.size_bytes;
  out.kind = kind_of(block[kind_at], out.name);
  if (out.size_bytes > member_bytes_max) return broken("a member of it is absurdly large");
  return out;
}

Result<std::optional<TarMember>> TarReader::next() {
  TRY(skip_rest());
  Overrides overrides = global_;
  std::array<char, block_bytes> block;
  while (TRY(read_header(block))) {
    if (++count_ > members_max) return broken("it has more than a million members");
    const char kind = block[kind_at];
    if (kind == 'S') return broken("sparse members are not supported");
    TarMember member = TRY(member_of(block, overrides));
    if (kind == 'L' || kind == 'K' || kind == 'x' || kind == 'X' || kind == 'g') {
      std::string record = TRY(read_record(TRY(member_of(block, {})).size_bytes));
      const std::string name = record.substr(0, record.find('\0'));
      if (kind == 'L') overrides.name = name;
      if (kind == 'K') overrides.link = name;
      if (kind == 'x' || kind == 'X') TRY(apply_pax(record, overrides));
      if (kind == 'g') {
        TRY(apply_pax(record, global_));
        TRY(apply_pax(record, overrides));
      }
      continue;
    }
    const bool has_body = member.kind == TarMember::Kind::file;
    left_bytes_ = has_body ? member.size_bytes : 0;
    padding_bytes_ = (block_bytes - left_bytes_ % block_bytes) % block_bytes;
    return member;
  }
  std::array<char, 16 << 10> rest;  // to the end, for the checksum is there
  while (TRY(stream_.read(rest)) > 0) {
  }
  return std::nullopt;
}

}  // namespace trainyard::toolkit
