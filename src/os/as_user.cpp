#include "os/as_user.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/fsuid.h>

namespace trainyard::os {

Result<> may_list(const Path& directory, Owner user) {
  const Fd place(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place) return fail_errno("open " + directory.string());
  const int own_group = ::setfsgid(user.gid), own_user = ::setfsuid(user.uid);
  const Fd opened(::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int error = errno;
  ::setfsuid(uid_t(own_user));
  ::setfsgid(gid_t(own_group));
  if (opened) return {};
  return fail_errno("list " + directory.string(), error);
}

}  // namespace trainyard::os
