#include "toolkit/copy_tree.hpp"

#include "os/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t copy_bytes = 256 << 10;

Result<> keep_mode_and_times(const struct stat& of, int fd, const std::string& path) {
  const timespec times[2] = {of.st_atim, of.st_mtim};
  if (::fchmod(fd, of.st_mode & 07777) != 0 || ::futimens(fd, times) != 0)
    return fail_errno("set the mode and times of " + path);
  return {};
}

Result<> copy_directory(const struct stat& st, const std::string& from, const std::string& to) {
  if (::mkdir(to.c_str(), 0700) != 0) return fail_errno("make directory " + to);
  TRY(copy_tree(from, to));
  const os::Fd fd = TRY(os::open_file(to, O_RDONLY | O_DIRECTORY));
  return keep_mode_and_times(st, fd.get(), to);
}

}  // namespace

Result<> copy_file(const std::string& from, const std::string& to) {
  const os::Fd source = TRY(os::open_file(from, O_RDONLY));
  const os::Fd target = TRY(os::open_file(to, O_WRONLY | O_CREAT | O_EXCL));
  struct stat st{};
  if (::fstat(source.get(), &st) != 0) return fail_errno("look at " + from);
  const std::unique_ptr<char[]> buffer(new char[copy_bytes]);
  while (const std::size_t n = TRY(os::read_some(source.get(), {buffer.get(), copy_bytes}, from)))
    TRY(os::write_all(target.get(), {buffer.get(), n}, to));
  return keep_mode_and_times(st, target.get(), to);
}

Result<> copy_tree(const std::string& from, const std::string& to) {
  for (const std::string& name : TRY(os::list_directory(from))) {
    const std::string source = from + "/" + name, target = to + "/" + name;
    struct stat st{};
    if (::stat(source.c_str(), &st) != 0) return fail_errno("look at " + source);
    if (S_ISDIR(st.st_mode))
      TRY(copy_directory(st, source, target));
    else if (S_ISREG(st.st_mode))
      TRY(copy_file(source, target));
    else
      return fail(ErrorKind::invalid, "SpecialFile",
                  "copy " + source + ": it is neither a file nor a directory");
  }
  return {};
}

}  // namespace trainyard::toolkit
