#pragma once
/// Reading a gzip file as a stream of what it holds.

#include "base/result.hpp"
#include "os/fd.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <zlib.h>

namespace trainyard::toolkit {

/// Takes the file and reads it from where it stands. Several members in a row are one stream, as
/// gzip has it. Checksums are verified; a file that is no gzip or ends early is an error.
class Gunzip {
public:
  /// The code of errors that are the file's fault.
  static constexpr std::string_view broken_archive = "ReadError";

  /// `what` names the file in errors.
  static Result<Gunzip> open(os::Fd file, std::string what);

  /// Up to `out.size()` bytes; 0 is the end.
  Result<std::size_t> read(std::span<char> out);
  /// All of `out`, or an error.
  Result<> read_all(std::span<char> out);

private:
  struct End {
    void operator()(z_stream* stream) const {
      ::inflateEnd(stream);
      delete stream;
    }
  };
  Gunzip(os::Fd file, std::string what);
  Result<bool> fill();
  Failure broken(std::string_view why) const;

  os::Fd file_;
  std::string what_;
  std::unique_ptr<char[]> input_;
  std::unique_ptr<z_stream, End> stream_;
  bool in_member_ = false, seen_member_ = false;
};

}  // namespace trainyard::toolkit
