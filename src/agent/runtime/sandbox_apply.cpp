#include "agent/runtime/sandbox_apply.hpp"

#include "os/fuse.hpp"
#include "os/mounts.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

void close_keeping_errno(int fd) noexcept {
  const int error = errno;
  ::close(fd);
  errno = error;
}

int fail_at(Word& failure, Word::Stage stage, int step) noexcept {
  failure.kind = Word::Kind::failed;
  failure.error = errno;
  failure.stage = stage;
  failure.step = step;
  return -1;
}

int make_target(const Step& step, int root) noexcept {
  if (step.directory) return os::make_directory_under(root, step.target.c_str(), step.mode);
  const int fd = os::make_file_under(root, step.target.c_str(), step.mode);
  if (fd < 0) return -1;
  ::close(fd);
  return 0;
}

int attach_to_target(const Step& step, int tree, int root) noexcept {
  if (make_target(step, root) != 0) return -1;
  return os::attach(tree, root, step.target.c_str());
}

int make_file(const Step& step, int root) noexcept {
  const int fd = os::make_file_under(root, step.target.c_str(), step.mode);
  if (fd < 0) return -1;
  const ssize_t n = ::write(fd, step.text.data(), step.text.size());
  close_keeping_errno(fd);
  if (n >= 0 && n != ssize_t(step.text.size())) errno = ENOSPC;
  return n == ssize_t(step.text.size()) ? 0 : -1;
}

// What was mounted, or -1 and what the kernel said.
int put_mount(const Step& step, int mount, int root, const os::MountMessage& message,
              Word& failure) noexcept {
  if (mount < 0) {
    static_assert(sizeof failure.text == sizeof message.text);
    std::memcpy(failure.text, message.text, sizeof message.text);
    return -1;
  }
  const int rc = attach_to_target(step, mount, root);
  close_keeping_errno(mount);
  return rc;
}

int put_filesystem(const Step& step, int root, Word& failure) noexcept {
  os::MountMessage message;
  const os::FilesystemFlags flags{step.executable, step.read_only, step.devices};
  const int mount = os::make_filesystem(step.type.c_str(), step.text.c_str(), flags, message);
  return put_mount(step, mount, root, message, failure);
}

// The old root is still there: /dev/fuse is this machine's.
int put_fuse(const Step& step, int& device, int root, Word& failure) noexcept {
  os::MountMessage message;
  const int mount = os::make_fuse("trainyard", device, message);
  return put_mount(step, mount, root, message, failure);
}

// Only of what this interpreter attached, in a root that nobody else knows yet.
int detach(const Step& step) noexcept {
  if (::umount2(step.target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return -1;
  return ::rmdir(step.target.c_str());
}

int write_sysctl(const Step& step) noexcept {
  const int fd = ::open(step.target.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  const ssize_t n = ::write(fd, step.text.data(), step.text.size());
  close_keeping_errno(fd);
  return n == ssize_t(step.text.size()) ? 0 : -1;
}

int carry_out(const Step& step, std::span<int> trees, std::span<int> devices, int root,
              Word& failure) noexcept {
  switch (step.action) {
  case Step::Action::directory:
    return os::make_directory_under(root, step.target.c_str(), step.mode);
  case Step::Action::file:
    return make_file(step, root);
  case Step::Action::link:
    return os::make_link_under(root, step.target.c_str(), step.text.c_str());
  case Step::Action::attach:
    return attach_to_target(step, trees[std::size_t(step.tree)], root);
  case Step::Action::filesystem:
    return put_filesystem(step, root, failure);
  case Step::Action::fuse:
    return put_fuse(step, devices[std::size_t(step.device)], root, failure);
  case Step::Action::detach:
    return detach(step);
  case Step::Action::sysctl:
    return write_sysctl(step);
  }
  return errno = EINVAL, -1;
}

// A memory file system at building_root, which becomes the current directory.
int mount_root() noexcept {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return -1;
  const int host = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (host < 0) return -1;
  os::MountMessage ignored;
  const int mount = os::make_filesystem("tmpfs", root_options, {}, ignored);
  int rc = mount < 0 ? -1 : os::attach(mount, host, building_root + 1);
  if (rc == 0) rc = ::fchdir(mount);
  close_keeping_errno(mount);
  close_keeping_errno(host);
  return rc;
}

// What of the source is below `within`, as the plan's own text: nothing may be allocated here.
const char* below_within(const Tree& tree) noexcept {
  const char* below = tree.source.c_str() + tree.within.native().size();
  while (*below == '/')
    ++below;
  return *below ? below : ".";
}

}  // namespace

int copy_trees(const SandboxPlan& plan, std::span<int> trees, Word& failure) noexcept {
  for (std::size_t n = 0; n < trees.size(); ++n) {
    if (trees[n] >= 0) continue;
    const Tree& tree = plan.trees[n];
    const os::TreeFlags flags{tree.read_only, tree.devices};
    trees[n] = tree.within.empty()
                   ? os::clone_tree(tree.source.c_str(), flags)
                   : os::clone_tree_within(tree.within.c_str(), below_within(tree), flags);
    if (trees[n] < 0) return fail_at(failure, Word::Stage::tree, int(n));
  }
  return 0;
}

int build_root(const SandboxPlan& plan, std::span<int> trees, std::span<int> devices,
               Word& failure) noexcept {
  if (copy_trees(plan, trees, failure) != 0) return -1;
  ::umask(0);  // modes are as the plan says
  if (mount_root() != 0) return fail_at(failure, Word::Stage::root, 0);
  const int root = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return fail_at(failure, Word::Stage::root, 0);
  for (std::size_t n = 0; n < plan.steps.size(); ++n)
    if (carry_out(plan.steps[n], trees, devices, root, failure) != 0 && !plan.steps[n].optional)
      return fail_at(failure, Word::Stage::step, int(n));
  if (os::enter_root() != 0) return fail_at(failure, Word::Stage::enter, 0);
  ::close(root);
  ::umask(022);
  return 0;
}

}  // namespace trainyard::agent
