#pragma once
/// Reading a tar archive, member by member, from a gzip stream that nobody vouches for.
///
/// Format: POSIX.1-2017 pax interchange format (ustar headers, 'x' and 'g' records path, linkpath,
/// size, mtime), GNU's long names ('L', 'K') and base-256 numbers. Sparse members are refused.

#include "base/result.hpp"
#include "toolkit/gunzip.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace trainyard::toolkit {

struct TarMember {
  enum class Kind { file, directory, symbolic_link, hard_link, special };
  Kind kind = Kind::file;
  std::string name, link;  ///< as they stand in the archive: bytes, without any promise
  unsigned mode = 0;       ///< permission bits with setuid and the like
  std::int64_t mtime = 0;  ///< seconds since 1970
  std::uint64_t size_bytes = 0;
};

class TarReader {
public:
  TarReader(Gunzip stream, std::string what) : stream_(std::move(stream)), what_(std::move(what)) {}

  /// The next member, whose predecessor need not have been read; nothing at the end.
  Result<std::optional<TarMember>> next();
  /// Bytes of the current member, up to `out.size()`; 0 is its end.
  Result<std::size_t> read(std::span<char> out);

private:
  struct Overrides {  // what extended headers say of the next member
    std::optional<std::string> name, link;
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::int64_t> mtime;
  };

  Result<> skip_rest();
  Result<bool> read_header(std::span<char> block);
  Result<std::string> read_record(std::uint64_t size_bytes);
  Result<> apply_pax(const std::string& records, Overrides& to) const;
  Result<TarMember> member_of(std::span<const char> block, const Overrides& overrides);
  Failure broken(const std::string& why) const;

  Gunzip stream_;
  std::string what_;
  std::uint64_t left_bytes_ = 0, padding_bytes_ = 0;
  std::size_t count_ = 0;
  Overrides global_;
};

}  // namespace trainyard::toolkit
