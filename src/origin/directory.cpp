#include "base/encoding.hpp"
#include "origin/kinds.hpp"
#include "os/files.hpp"
#include "os/mounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// A directory of this machine: [buckets.NAME] path. Every file below it is an object, its path the
// key. A link is the file that it leads to, if that is in the directory too; a link to a directory
// is none. What is in it belongs to others, and may change at any time.

namespace trainyard::origin {
namespace {

constexpr std::size_t key_bytes_max = 1024, piece_bytes = 1u << 20;

// Two versions differ in one of them, also where somebody sets a file's time back: nobody sets the
// time of its change.
std::string etag_of(const struct stat& st) {
  return fmt::format("\"t{:x}{:08x}-{:x}{:08x}-{:x}-{:x}\"", st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                     st.st_ctim.tv_sec, st.st_ctim.tv_nsec, st.st_ino, st.st_size);
}

Entry entry_of(std::string key, const struct stat& st) {
  return {std::move(key), false, std::uint64_t(st.st_size), etag_of(st),
          from_ms(std::int64_t(st.st_mtim.tv_sec) * 1000 + st.st_mtim.tv_nsec / 1'000'000)};
}

// A key that no path is: "", "/a", "a//b", "a/", "a/./b", "a/../b".
bool is_path(std::string_view key) {
  if (key.empty() || key.size() > key_bytes_max || key.find('\0') != key.npos) return false;
  for (std::size_t at = 0; at <= key.size();) {
    const auto end = std::min(key.find('/', at), key.size());
    const auto part = key.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

Failure missing(const std::string& root, const std::string& key) {
  return fail(ErrorKind::not_found, "NoSuchKey",
              fmt::format("there is no file '{}' in the directory {}", key, root));
}

class Directory final : public Origin {
public:
  explicit Directory(const wire::OriginSpec& spec) : root_(spec.Path), copies_(spec.Snapshot) {}

  Result<> list(const ListRequest& request, const Visit& visit) override;
  Result<Head> head(const std::string& key) override;
  Result<std::optional<Digest>> get(const Entry& object, Part part, int fd) override;
  Result<std::optional<os::Fd>> open(const Entry& object) override;

private:
  struct Opened {
    os::Fd fd;
    struct stat st;
  };
  Result<Opened> open_file(const std::string& key) const;
  Failure changed(const Entry& object) const;
  Result<bool> is_over(const std::string& common, const ListRequest& request) const;
  Result<bool> walk(const std::string& directory, const ListRequest& request, const Visit& visit,
                    std::string& group) const;

  std::string root_;
  bool copies_;
};

Result<Directory::Opened> Directory::open_file(const std::string& key) const {
  if (!is_path(key)) return missing(root_, key);
  const os::Fd at(os::open_within(root_.c_str(), key.c_str()));
  Opened out{os::Fd(), {}};
  if (!at || ::fstat(at.get(), &out.st) != 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == EXDEV) return missing(root_, key);
    return fail_errno(fmt::format("open '{}' in {}", key, root_));
  }
  if (!S_ISREG(out.st.st_mode)) return missing(root_, key);
  out.fd.reset(::open(fmt::format("/proc/self/fd/{}", at.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!out.fd) return fail_errno(fmt::format("open '{}' in {}", key, root_));
  return out;
}

Failure Directory::changed(const Entry& object) const {
  return fail(ErrorKind::conflict, "PreconditionFailed",
              fmt::format("'{}' in {} was changed since it was listed", object.key, root_));
}

Result<std::optional<os::Fd>> Directory::open(const Entry& object) {
  if (copies_) return std::optional<os::Fd>();
  Opened file = TRY(open_file(object.key));
  if (!object.etag.empty() && etag_of(file.st) != object.etag) return changed(object);
  return std::optional(std::move(file.fd));
}

Result<Head> Directory::head(const std::string& key) {
  return Head{entry_of(key, TRY(open_file(key)).st), std::nullopt};
}

// By the kernel where it can, which shares blocks where the file system does.
ssize_t copy_some(int from, int to, std::uint64_t offset, std::uint64_t length) {
  auto in = off_t(offset), out = in;
  const ssize_t n = ::copy_file_range(from, &in, to, &out, length, 0);
  if (n >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS))
    return n;
  std::vector<char> piece(std::size_t(std::min<std::uint64_t>(length, piece_bytes)));
  const ssize_t got = ::pread(from, piece.data(), piece.size(), off_t(offset));
  return got <= 0 ? got : ::pwrite(to, piece.data(), std::size_t(got), off_t(offset));
}

Result<std::optional<Digest>> Directory::get(const Entry& object, Part part, int fd) {
  const Opened file = TRY(open_file(object.key));
  if (etag_of(file.st) != object.etag) return changed(object);
  for (std::uint64_t done = 0; done < part.length;) {
    const auto n = copy_some(file.fd.get(), fd, part.offset + done, part.length - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(fmt::format("copy '{}' of {}", object.key, root_));
    if (n == 0) return changed(object);
    done += std::uint64_t(n);
  }
  struct stat after{};
  if (::fstat(file.fd.get(), &after) != 0 || etag_of(after) != object.etag) return changed(object);
  return std::optional<Digest>();
}

// Whether nothing below `directory` ("a/b/") may show: all of it comes before what is asked for, or
// has another prefix.
bool is_outside(const std::string& directory, const ListRequest& request) {
  if (!request.prefix.starts_with(directory) && !directory.starts_with(request.prefix)) return true;
  return request.after > directory && !request.after.starts_with(directory);
}

// What stands for the key in a listing with a delimiter: its common prefix, or "".
std::string group_of(const std::string& key, const ListRequest& request) {
  if (request.delimiter.empty()) return "";
  const auto end = key.find(request.delimiter, request.prefix.size());
  return end == key.npos ? "" : key.substr(0, end + request.delimiter.size());
}

struct Name {
  std::string text;  // with a slash at its end where it is a directory's
  struct stat st;
};

// The files and directories of one directory, in the order of their keys.
Result<std::vector<Name>> names_in(const std::string& root, const std::string& directory) {
  const os::Path path = os::Path(root) / directory;
  std::vector<Name> out;
  for (auto& text : TRY(os::list_directory(path))) {
    Name name{std::move(text), {}};
    if (!is_utf8(name.text) || ::lstat((path / name.text).c_str(), &name.st) != 0) continue;
    if (S_ISLNK(name.st.st_mode)) {
      const os::Fd at(os::open_within(root.c_str(), (directory + name.text).c_str()));
      if (!at || ::fstat(at.get(), &name.st) != 0 || S_ISDIR(name.st.st_mode)) continue;
    }
    if (S_ISDIR(name.st.st_mode)) name.text += '/';
    if (S_ISDIR(name.st.st_mode) || S_ISREG(name.st.st_mode)) out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end(), [](const Name& a, const Name& b) { return a.text < b.text; });
  return out;
}

// Whether nothing with that common prefix comes behind what was asked for.
Result<bool> Directory::is_over(const std::string& common, const ListRequest& request) const {
  if (!request.after.starts_with(common)) return request.after > common;
  if (request.after == common + last_of_all) return true;
  std::string group;
  bool found = false;
  TRY(walk(
      "", {common, "", request.after},
      [&](const Entry&) -> Result<bool> { return found = true, false; }, group));
  return !found;
}

// False when the visitor has had enough. `group` is the last common prefix that was told.
Result<bool> Directory::walk(const std::string& directory, const ListRequest& request,
                             const Visit& visit, std::string& group) const {
  for (auto& [name, st] : TRY(names_in(root_, directory))) {
    std::string key = directory + name;
    const bool is_directory = key.back() == '/';
    if (is_directory ? is_outside(key, request)
                     : !key.starts_with(request.prefix) || key <= request.after)
      continue;
    const auto common = key.size() > request.prefix.size() ? group_of(key, request) : "";
    if (!common.empty()) {
      if (common == group || TRY(is_over(common, request))) continue;
      group = common;
      if (!TRY(visit({common, true, 0, "", {}}))) return false;
      continue;
    }
    if (is_directory ? !TRY(walk(key, request, visit, group))
                     : !TRY(visit(entry_of(std::move(key), st))))
      return false;
  }
  return true;
}

Result<> Directory::list(const ListRequest& request, const Visit& visit) {
  std::string group;
  TRY(walk("", request, visit, group));
  return {};
}

}  // namespace

Result<std::unique_ptr<Origin>> open_directory(const wire::OriginSpec& spec) {
  return std::make_unique<Directory>(spec);
}

}  // namespace trainyard::origin
