#include "os/fuse.hpp"

#include "os/namespaces.hpp"
#include "os/process.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/sched.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace trainyard::os {
namespace {

constexpr const char* device_path = "/dev/fuse";
constexpr const char* mounting = "mount a FUSE file system";
constexpr std::size_t options_bytes_max = 256;

// Of protocol 7.40, which this machine's header may not have yet.
struct BackingMap {
  std::int32_t fd;
  std::uint32_t flags;
  std::uint64_t padding;
};
constexpr unsigned long backing_open = _IOW(229, 1, BackingMap);
constexpr unsigned long backing_close = _IOW(229, 2, std::uint32_t);

// The child of try_in_own_namespace(): mounts once its user is mapped. Its exit code is an errno.
[[noreturn]] void mount_once_mapped(int mapped, int mapper) noexcept {
  ::close(mapper);
  char go = 0;
  if (::read(mapped, &go, 1) != 1) ::_exit(ECANCELED);
  int device = -1;
  MountMessage ignored;
  ::_exit(make_fuse("trial", device, ignored) >= 0 ? 0 : errno);
}

// What a sandbox of an ordinary user does: whether the kernel and its security modules let it.
Result<> try_in_own_namespace() {
  Pipe mapped = TRY(make_pipe());
  int pidfd = -1;
  const pid_t pid = clone_process(CLONE_NEWUSER | CLONE_NEWNS, &pidfd);
  if (pid == 0) mount_once_mapped(mapped.read.get(), mapped.write.get());
  if (pid < 0) return fail_errno("start a process in new namespaces");
  const Child child{pid, Fd(pidfd)};
  auto outcome = map_single_user(pid, ::geteuid(), ::getegid());
  if (outcome) outcome = write_all(mapped.write.get(), "x", "a process in new namespaces");
  mapped.write.reset();
  const ExitStatus status = TRY(wait(child));
  TRY(outcome);
  if (status.signal != 0) return fail_internal(std::string(mounting) + ": it was killed");
  if (status.code == 0) return {};
  return fail_errno(std::string(mounting) +
                        " in a user namespace (trainyard doctor tells what this machine allows)",
                    status.code);
}

}  // namespace

Result<> can_mount_fuse() {
  const bool is_root = ::geteuid() == 0;
  if (const Fd device(::open(device_path, O_RDWR | O_CLOEXEC)); !device) {
    const bool is_closed = errno == EACCES && !is_root;
    return fail_errno(is_closed ? "open /dev/fuse; an ordinary user's service needs it with mode "
                                  "0666, as udev makes it (chmod 666 /dev/fuse)"
                                : "open /dev/fuse; load the kernel's module fuse (modprobe fuse), "
                                  "and in a container pass the device in");
  }
  if (!is_root) return try_in_own_namespace();
  auto trial = TRY(mount_fuse("trial"));
  trial.device.reset();  // before the mount, for nobody answers
  return {};
}

int make_fuse(const char* name, int& device, MountMessage& message) noexcept {
  device = ::open(device_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) {
    std::strncpy(message.text, "open /dev/fuse", sizeof message.text - 1);
    return -1;
  }
  char options[options_bytes_max] = {};
  fmt::format_to_n(options, sizeof options - 1,
                   "source={},fd={},rootmode=40000,user_id=0,group_id=0,ro,allow_other", name,
                   device);
  const FilesystemFlags flags{.executable = true, .read_only = true, .devices = false};
  const int mount = make_filesystem("fuse", options, flags, message);
  if (mount >= 0) return mount;
  const int error = errno;
  ::close(std::exchange(device, -1));
  errno = error;
  return -1;
}

Result<FuseMount> mount_fuse(const char* name) {
  int device = -1;
  MountMessage message;
  const int mount = make_fuse(name, device, message);
  const int error = errno;
  if (mount >= 0) return FuseMount{Fd(device), Fd(mount)};
  const std::string why = message.text[0] != 0 ? fmt::format(" ({})", message.text) : "";
  return fail_errno(mounting + why, error);
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
