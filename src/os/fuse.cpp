#include "os/fuse.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

constexpr const char* device_path = "/dev/fuse";

// Of protocol 7.40, which this machine's header may not have yet.
struct BackingMap {
  std::int32_t fd;
  std::uint32_t flags;
  std::uint64_t padding;
};
constexpr unsigned long backing_open = _IOW(229, 1, BackingMap);
constexpr unsigned long backing_close = _IOW(229, 2, std::uint32_t);

Result<> set(int context, const char* key, const std::string& value) {
  if (::fsconfig(context, FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0) return {};
  return fail_errno(fmt::format("mount a FUSE file system: set {}={}", key, value));
}

}  // namespace

Result<> can_mount_fuse() {
  if (::geteuid() != 0)
    return fail(ErrorKind::invalid, "AccessDenied",
                "only a service that runs as root mounts FUSE file systems for its jobs");
  const Fd device(::open(device_path, O_RDWR | O_CLOEXEC));
  if (device) return {};
  return fail_errno(fmt::format("open {}; load the kernel's module fuse (modprobe fuse), and in a "
                                "container pass the device in",
                                device_path));
}

Result<FuseMount> mount_fuse(const char* name) {
  FuseMount out;
  out.device.reset(::open(device_path, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!out.device) return fail_errno(std::string("open ") + device_path);
  const Fd context(::fsopen("fuse", FSOPEN_CLOEXEC));
  if (!context) return fail_errno("mount a FUSE file system: the kernel has none");
  TRY(set(context.get(), "source", name));
  TRY(set(context.get(), "fd", std::to_string(out.device.get())));
  TRY(set(context.get(), "rootmode", fmt::format("{:o}", S_IFDIR)));
  TRY(set(context.get(), "user_id", "0"));
  TRY(set(context.get(), "group_id", "0"));
  if (::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "allow_other", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno("mount a FUSE file system");
  out.mount.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!out.mount) return fail_errno("mount a FUSE file system");
  return out;
}

void set_fuse_read_ahead(int mount, std::uint64_t bytes) {
  // Without asking the server: were this process killed meanwhile, nobody would answer it.
  struct statx st{};
  if (::statx(mount, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &st) != 0) return;
  const auto path =
      fmt::format("/sys/class/bdi/{}:{}/read_ahead_kb", st.stx_dev_major, st.stx_dev_minor);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const std::string text = std::to_string(bytes >> 10);
  if (file) (void)!::write(file.get(), text.data(), text.size());
}

Result<std::size_t> receive_fuse(int device, std::span<char> buffer) {
  for (;;) {
    const ssize_t n = ::read(device, buffer.data(), buffer.size());
    if (n >= 0) return std::size_t(n);
    if (errno == EINTR || errno == ENOENT) continue;  // ENOENT: given up before it was read
    if (errno == EAGAIN) return 0;
    if (errno == ENODEV)
      return fail(ErrorKind::unavailable, "Gone", "the FUSE file system is unmounted");
    return fail_errno("read from /dev/fuse");
  }
}

void answer_fuse(int device, std::uint64_t unique, int error, std::span<const char> body) {
  fuse_out_header header{};
  header.len = std::uint32_t(sizeof header + body.size());
  header.error = -error;
  header.unique = unique;
  std::array<iovec, 2> parts{iovec{&header, sizeof header},
                             iovec{const_cast<char*>(body.data()), body.size()}};
  (void)!::writev(device, parts.data(), body.empty() ? 1 : 2);
}

std::int32_t lend_file(int device, int file) {
  const BackingMap map{file, 0, 0};
  const int id = ::ioctl(device, backing_open, &map);
  return id > 0 ? id : 0;
}

void take_back(int device, std::int32_t id) {
  const auto number = std::uint32_t(id);
  (void)::ioctl(device, backing_close, &number);
}

}  // namespace trainyard::os
