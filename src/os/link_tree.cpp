#include "os/link_tree.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Failure name_clash(std::string_view place) {
  return fail(ErrorKind::conflict, "ValidationException",
              "link " + std::string(place) + ": a file and a directory would have one name");
}

Result<> give(int fd, Owner owner, std::string_view what) {
  if (::geteuid() != 0 || ::fchown(fd, owner.uid, owner.gid) == 0) return {};
  return fail_errno("give " + std::string(what) + " to the jobs' user");
}

// A part of a path that leads somewhere else than to what has this name.
bool leads_away(const std::string& part) {
  return part.empty() || part == "." || part == ".." || part.find('/') != part.npos;
}

Failure bad_place(std::string_view place) {
  return fail(ErrorKind::invalid, "ValidationException",
              "link " + std::string(place) + ": it is no place below a directory");
}

// The directory `name` in `parent`, made where it is missing.
Result<Fd> enter_one(int parent, const std::string& name, Owner owner) {
  if (leads_away(name)) return bad_place(name);
  Fd fd(::openat(parent, name.c_str(), directory_flags));
  if (fd) return fd;
  if (errno == ENOTDIR || errno == ELOOP) return name_clash(name);
  if (errno != ENOENT) return fail_errno("open the directory " + name);
  if (::mkdirat(parent, name.c_str(), 0755) != 0) return fail_errno("make the directory " + name);
  fd.reset(::openat(parent, name.c_str(), directory_flags));
  if (!fd) return fail_errno("open the directory " + name);
  TRY(give(fd.get(), owner, name));
  return fd;
}

}  // namespace

Result<LinkTree> LinkTree::make(const Path& path, Owner owner, Sync sync) {
  if (::mkdir(path.c_str(), 0755) != 0) return fail_errno("make " + path.string());
  Fd root = TRY(open_file(path, directory_flags));
  TRY(give(root.get(), owner, path.string()));
  return LinkTree(std::move(root), owner, std::move(sync));
}

Result<int> LinkTree::enter(std::string_view directory) {
  if (directory.empty()) return root_.get();
  if (at_ && directory == at_name_) return at_.get();
  Fd fd;
  for (std::size_t begin = 0; begin < directory.size();) {
    const auto end = directory.find('/', begin);
    const std::string name(directory.substr(begin, end - begin));
    fd = TRY(enter_one(fd ? fd.get() : root_.get(), name, owner_));
    begin = end + 1;
  }
  at_ = std::move(fd);
  at_name_ = directory;
  return at_.get();
}

Result<> LinkTree::add_directory(std::string_view place) {
  TRY(enter(place));
  return {};
}

Result<> LinkTree::add(std::string_view place, const Content& content) {
  const auto slash = place.rfind('/');
  const std::size_t split = slash == std::string_view::npos ? 0 : slash + 1;
  const int directory = TRY(enter(place.substr(0, split)));
  const std::string name(place.substr(split));
  if (leads_away(name)) return bad_place(place);
  if (::linkat(content.directory, content.path.c_str(), directory, name.c_str(),
               AT_SYMLINK_FOLLOW) == 0)
    return {};
  if (errno == EEXIST) return name_clash(place);
  // Too many links, or none: a file that is open still has its bytes.
  if (errno == EMLINK || errno == ENOENT) return add_copy(content, place, directory, name);
  return fail_errno("link the content of '" + std::string(place) + "'");
}

// One content under more keys than a file may have names (on ext4 65,000): a copy takes the next
// ones.
Result<> LinkTree::add_copy(const Content& content, std::string_view place, int directory,
                            const std::string& name) {
  const auto before = copies_.find(content.name);
  if (before != copies_.end()) {
    const char* from = before->second.c_str();
    if (::linkat(root_.get(), from, directory, name.c_str(), 0) == 0) return {};
    if (errno == EEXIST) return name_clash(place);
    if (errno != EMLINK) return fail_errno("link the content of " + name);
  }
  TRY(copy(content, directory, name));
  copies_.insert_or_assign(content.name, std::string(place));
  return {};
}

Result<> LinkTree::copy(const Content& content, int directory, const std::string& name) {
  const Fd from(::openat(content.directory, content.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return fail_errno("open the content of " + name);
  const Fd to(::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!to) return errno == EEXIST ? name_clash(name) : fail_errno("make the file " + name);
  for (;;) {
    const ssize_t n = ::sendfile(to.get(), from.get(), nullptr, 1u << 30);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("copy the content of " + name);
    if (n == 0) break;
  }
  TRY(give(to.get(), owner_, name));
  return sync_ ? sync_(to.get(), name) : Result<>();
}

}  // namespace trainyard::os
