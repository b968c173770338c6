#include "agent/outputs/tar_header.hpp"

#include "base/encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

namespace trainyard::agent {
namespace {

/// POSIX.1-2001, "ustar Interchange Format": offsets are the standard's.
struct UstarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char linkname[100];
  char magic[6];
  char version[2];
  char uname[32];
  char gname[32];
  char devmajor[8];
  char devminor[8];
  char prefix[155];
  char unused[12];
};
static_assert(sizeof(UstarHeader) == tar_block_bytes);

/// The largest number that eleven octal digits hold: 8 GiB - 1.
constexpr std::uint64_t octal_11_max = (1ull << 33) - 1;

template <std::size_t N> void put_octal(char (&field)[N], std::uint64_t value) {
  fmt::format_to_n(field, N - 1, "{:0{}o}", value, N - 1);
  field[N - 1] = '\0';
}

template <std::size_t N> void put_text(char (&field)[N], std::string_view text) {
  std::memcpy(field, text.data(), std::min(N, text.size()));
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (fmt::formatted_size("{}", length) + rest != length)
    length = fmt::formatted_size("{}", length) + rest;
  return fmt::format("{} {}={}\n", length, key, value);
}

void seal(UstarHeader& header) {
  put_text(header.magic, std::string_view("ustar\0", 6));
  put_text(header.version, "00");
  std::memset(header.checksum, ' ', sizeof header.checksum);
  std::array<unsigned char, sizeof header> bytes;
  std::memcpy(bytes.data(), &header, sizeof header);
  std::uint32_t sum = 0;
  for (unsigned char byte : bytes)
    sum += byte;
  fmt::format_to_n(header.checksum, 7, "{:06o}", sum);  // then NUL, space, as the standard has it
  header.checksum[6] = '\0';
}

/// Puts the path into name, or prefix and name; false where neither holds it.
bool put_path(UstarHeader& header, std::string_view path) {
  if (path.size() <= sizeof header.name) {
    put_text(header.name, path);
    return true;
  }
  // The first '/' that leaves at most 100 bytes behind it.
  const std::size_t cut = path.find('/', path.size() - sizeof header.name - 1);
  if (cut == path.npos || cut > sizeof header.prefix || cut == 0 || cut + 1 == path.size())
    return false;
  put_text(header.prefix, path.substr(0, cut));
  put_text(header.name, path.substr(cut + 1));
  return true;
}

std::string as_blocks(const UstarHeader& header) {
  return std::string(reinterpret_cast<const char*>(&header), sizeof header);
}

/// The extended header that speaks of the next one.
std::string pax_header(std::string_view path, const std::string& records) {
  UstarHeader header{};
  put_text(header.name, fmt::format("PaxHeaders/{}", path).substr(0, sizeof header.name));
  put_octal(header.mode, 0644);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, records.size());
  put_octal(header.mtime, 0);
  header.type = 'x';
  seal(header);
  return as_blocks(header) + records + std::string(tar_padding(records.size()), '\0');
}

/// GNU's map, format 1.0: the number of extents, then offset and length of each, a line each. A
/// file that ends in a hole ends with an empty extent.
std::string sparse_map(const TarEntry& entry) {
  std::vector<Extent> extents = entry.sparse;
  if (extents.back().offset + extents.back().length < entry.size)
    extents.push_back({entry.size, 0});
  std::string map = fmt::format("{}\n", extents.size());
  for (const Extent& e : extents)
    fmt::format_to(std::back_inserter(map), "{}\n{}\n", e.offset, e.length);
  map.resize(map.size() + tar_padding(map.size()));
  return map;
}

}  // namespace

std::size_t tar_padding(std::uint64_t data_bytes) {
  return (tar_block_bytes - data_bytes % tar_block_bytes) % tar_block_bytes;
}

std::string tar_header(const TarEntry& entry) {
  // A reader that knows nothing of sparse files must not put map and data under the true name.
  const std::string path = entry.type == TarType::directory ? entry.path + '/'
                           : entry.sparse.empty()           ? entry.path
                                                            : "GNUSparseFile.0/" + entry.path;
  UstarHeader header{};
  std::string records, map;
  std::uint64_t stored = entry.type == TarType::file ? entry.size : 0;
  if (!entry.sparse.empty()) {
    map = sparse_map(entry);
    stored = map.size();
    for (const Extent& e : entry.sparse)
      stored += e.length;
  }
  if (!put_path(header, path)) {
    records += pax_record("path", path);
    put_text(header.name, path.substr(0, sizeof header.name));
  }
  if (!entry.sparse.empty())  // behind "path": Python takes the name that comes last
    records += pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
               pax_record("GNU.sparse.name", entry.path) +
               pax_record("GNU.sparse.realsize", fmt::format("{}", entry.size));
  if (entry.link.size() > sizeof header.linkname) records += pax_record("linkpath", entry.link);
  put_text(header.linkname, entry.link);
  if (stored > octal_11_max) records += pax_record("size", fmt::format("{}", stored));

  put_octal(header.mode, entry.mode & 0777);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, stored > octal_11_max ? 0 : stored);
  put_octal(header.mtime, std::clamp<std::int64_t>(entry.mtime_s, 0, octal_11_max));
  put_octal(header.devmajor, 0);
  put_octal(header.devminor, 0);
  header.type = static_cast<char>(entry.type);
  seal(header);
  if (records.empty()) return as_blocks(header) + map;
  // pax says UTF-8; names are bytes.
  if (!is_utf8(path) || !is_utf8(entry.link)) records.insert(0, pax_record("hdrcharset", "BINARY"));
  return pax_header(path, records) + as_blocks(header) + map;
}

}  // namespace trainyard::agent
