#pragma once
/// A file that goes with its object.

#include "base/result.hpp"
#include "os/fd.hpp"

#include <stdlib.h>
#include <string>
#include <unistd.h>
#include <utility>

namespace trainyard::toolkit {

struct TemporaryFile {
  std::string path;
  ~TemporaryFile() { ::unlink(path.c_str()); }

  /// An empty one in /tmp; `whose` is for the error.
  static Result<TemporaryFile> make(std::string_view whose) {
    std::string path = "/tmp/trainyard-packages-XXXXXX";
    const os::Fd fd(::mkstemp(path.data()));
    if (!fd) return fail_errno("make a temporary file for " + std::string(whose));
    return TemporaryFile{path};
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path(std::exchange(other.path, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;

private:
  explicit TemporaryFile(std::string name) : path(std::move(name)) {}
};

}  // namespace trainyard::toolkit
