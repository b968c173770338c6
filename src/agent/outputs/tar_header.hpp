#pragma once
/// The headers of a tar archive as POSIX.1-2001 (pax) writes them: a ustar header where it fits,
/// before it a pax extended header for what does not (long names, sizes from 8 GiB), and GNU's
/// sparse format 1.0 on top of pax. Read by GNU tar, libarchive, Python's tarfile and Go.
/// Pure: no file is touched.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trainyard::agent {

inline constexpr std::size_t tar_block_bytes = 512;

enum class TarType : char { file = '0', hard_link = '1', symbolic_link = '2', directory = '5' };

/// A stretch of a file that holds data; between them are holes.
struct Extent {
  std::uint64_t offset = 0, length = 0;
};

struct TarEntry {
  TarType type = TarType::file;
  std::string path;          ///< relative, no trailing '/'
  std::string link;          ///< for the two link types: the target
  std::uint32_t mode = 0;    ///< the nine permission bits are kept; setuid, setgid, sticky are not
  std::int64_t mtime_s = 0;  ///< before 1970 is written as 1970
  std::uint64_t size = 0;    ///< of a file, holes included
  std::vector<Extent> sparse;  ///< ascending, not touching; empty: not sparse
};

/// All that stands before the file's data, a whole number of blocks. For a sparse file that
/// includes its map; the data are then its extents, one behind the other. Owner is 0:0.
std::string tar_header(const TarEntry& entry);

/// How many zero bytes follow `data_bytes` of data up to the next block.
std::size_t tar_padding(std::uint64_t data_bytes);

/// What ends an archive: two blocks of zeros.
inline constexpr std::size_t tar_end_bytes = 2 * tar_block_bytes;

}  // namespace trainyard::agent
