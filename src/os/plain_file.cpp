#include "os/plain_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace trainyard::os {

Result<std::string> read_in_root(const Path& root, const Path& below, std::size_t size_bytes_max) {
  const Fd fd = TRY(open_in_root(root, below, O_RDONLY));
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode))
    return fail(ErrorKind::invalid, "InvalidArgument", below.string() + " is no plain file");
  return read_file("/proc/self/fd/" + std::to_string(fd.get()), size_bytes_max);
}

}  // namespace trainyard::os
