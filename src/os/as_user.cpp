#include "os/as_user.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

/// The calling thread as `user`, as far as files go, while this lives.
class AsUser {
public:
  explicit AsUser(Owner user) : group_(::setfsgid(user.gid)), user_(::setfsuid(user.uid)) {}
  ~AsUser() {
    ::setfsuid(uid_t(user_));
    ::setfsgid(gid_t(group_));
  }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;

private:
  int group_, user_;
};

}  // namespace

Result<> may_list(const Path& directory, Owner user) {
  const Fd place(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place) return fail_errno("open " + directory.string());
  const auto try_it = [&] {
    const AsUser other(user);
    const Fd opened(::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened ? 0 : errno;
  };
  const int error = try_it();
  if (error == 0) return {};
  return fail_errno("list " + directory.string(), error);
}

Result<> may_use(const Path& device, Owner user) {
  const Fd place(::open(device.c_str(), O_PATH | O_CLOEXEC));
  if (!place) return fail_errno("open " + device.string());
  const auto try_it = [&] {
    const AsUser other(user);
    const int flags = AT_EACCESS | AT_EMPTY_PATH;
    return ::faccessat(place.get(), "", R_OK | W_OK, flags) == 0 ? 0 : errno;
  };
  const int error = try_it();
  if (error == 0) return {};
  return fail_errno("use " + device.string(), error);
}

}  // namespace trainyard::os
