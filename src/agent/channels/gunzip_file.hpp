#pragma once
/// Reading a gzip file as a stream of what it holds.

#include "base/result.hpp"
#include "os/fd.hpp"

#include <isa-l/igzip_lib.h>

#include <memory>
#include <span>
#include <string>

namespace trainyard::agent {

/// Reads a file from where it stands. Several members in a row are one stream, as gzip has it;
/// checksums are verified. Errors: `invalid` for a file that is no gzip, is damaged or ends early.
class GunzipFile {
public:
  GunzipFile(int fd, std::string name);
  /// Up to `out.size()` bytes; 0 is the end.
  Result<std::size_t> read(std::span<char> out);

private:
  Result<bool> fill();
  Failure broken(const char* why) const;

  int fd_;
  std::string name_;
  std::unique_ptr<char[]> input_;
  std::unique_ptr<inflate_state> state_;
  bool in_member_ = false, any_member_ = false;
};

}  // namespace trainyard::agent
