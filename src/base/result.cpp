#include "base/result.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace trainyard {

Failure fail_errno(std::string what) {
  return fail_errno(std::move(what), errno);
}

Failure fail_errno(std::string what, int error_number) {
  char buffer[128];
  const char* text = strerror_r(error_number, buffer, sizeof buffer);
  const ErrorKind kind = error_number == ENOENT                             ? ErrorKind::not_found
                         : error_number == EACCES || error_number == EPERM  ? ErrorKind::denied
                         : error_number == EEXIST                           ? ErrorKind::conflict
                         : error_number == ENOSPC || error_number == EDQUOT ? ErrorKind::limit
                                                                            : ErrorKind::internal;
  return fail(kind, "InternalFailure", what + ": " + text);
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "trainyard: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace trainyard
