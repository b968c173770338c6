#include "toolkit/extract.hpp"

#include "os/files.hpp"
#include "toolkit/python_text.hpp"
#include "toolkit/tar_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t copy_bytes = 256 << 10;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t slash; (slash = path.find('/')) != path.npos; path.remove_prefix(slash + 1))
    out.emplace_back(path.substr(0, slash));
  out.emplace_back(path);
  return out;
}

std::string quoted(const std::string& name) {
  return python_repr(std::string_view(from_system(name)));
}

// "./a/" is no less safe a name than "a".
std::string_view without_decoration(std::string_view name) {
  while (name.starts_with("./"))
    name.remove_prefix(2);
  while (name.size() > 1 && name.ends_with('/'))
    name.remove_suffix(1);
  return name;
}

// A member's place: the open directory it goes into, and its last segment.
struct Place {
  os::Fd directory;
  std::string name;
};

class Extraction {
public:
  Extraction(os::Fd root, TarReader reader, const LogLines& log)
      : root_(std::move(root)), reader_(std::move(reader)), log_(log),
        buffer_(new char[copy_bytes]) {}

  Result<> run() {
    while (auto member = TRY(reader_.next())) {
      const std::string given = member->name;
      member->name = safe_member_name(given);
      if (!is_wanted(*member, given)) continue;
      const auto written = write(*member);
      if (!written && written.error().code == Gunzip::broken_archive)
        return Failure(written.error());  // names the archive itself
      if (!written) return in_context(written.error(), "unpack member " + quoted(given));
    }
    return {};
  }

private:
  bool skip(const std::string& name, const std::string& why) {
    log_.warning("Skipping archive member " + quoted(name) + ": " + why);
    return false;
  }

  bool is_wanted(const TarMember& member, const std::string& given) {
    const bool is_link =
        member.kind == TarMember::Kind::hard_link || member.kind == TarMember::Kind::symbolic_link;
    const std::string_view plain = without_decoration(given);
    if (plain.empty() || plain == ".") return false;  // the directory itself, by `tar c .`
    if (member.name.empty()) return skip(given, "no usable path remains after normalization.");
    if (member.name != plain)
      log_.warning("Archive member " + quoted(given) +
                   " would have been extracted outside the code directory; normalized to " +
                   quoted(member.name) + ".");
    if (member.kind == TarMember::Kind::special)
      return skip(given, "special files are not supported.");
    const bool is_hard = member.kind == TarMember::Kind::hard_link;
    if (is_link && !link_stays_inside(is_hard ? "" : member.name, member.link))
      return skip(given,
                  "link target " + quoted(member.link) + " points outside the code directory.");
    if (member.kind == TarMember::Kind::symbolic_link && link_turns_back(member.link))
      return skip(given, "link target " + quoted(member.link) +
                             " goes back by '..' behind a name, which may be a link and lead "
                             "outside the code directory.");
    return true;
  }

  // Opens the directory that holds `name`, never through a symbolic link; makes it if asked to.
  Result<Place> place(const std::string& name, bool make) {
    std::vector<std::string> segments = split(name);
    os::Fd at(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 3));
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
      const char* segment = segments[i].c_str();
      if (make && ::mkdirat(at.get(), segment, 0777) != 0 && errno != EEXIST)
        return fail_errno("make directory " + segments[i]);
      os::Fd below(::openat(at.get(), segment, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below) return fail_errno("enter directory " + segments[i]);
      at = std::move(below);
    }
    return Place{std::move(at), segments.back()};
  }

  Result<> write(const TarMember& member) {
    const Place to = TRY(place(member.name, true));
    const char* name = to.name.c_str();
    if (member.kind == TarMember::Kind::directory) {
      if (::mkdirat(to.directory.get(), name, 0777) != 0 && errno != EEXIST)
        return fail_errno("make directory");
      return {};
    }
    if (::unlinkat(to.directory.get(), name, 0) != 0 && errno != ENOENT)
      return fail_errno("replace what is there");
    if (member.kind == TarMember::Kind::symbolic_link) {
      if (::symlinkat(member.link.c_str(), to.directory.get(), name) != 0)
        return fail_errno("make a symbolic link");
      return {};
    }
    if (member.kind == TarMember::Kind::hard_link) {
      const Place from = TRY(place(safe_member_name(member.link), false));
      if (::linkat(from.directory.get(), from.name.c_str(), to.directory.get(), name, 0) != 0)
        return fail_errno("make a link to " + member.link);
      return {};
    }
    return write_file(member, to);
  }

  Result<> write_file(const TarMember& member, const Place& to) {
    unsigned mode = member.mode & 0755;  // nobody else may write
    if ((mode & 0100) == 0) mode &= ~0111u;
    mode |= 0600;
    const os::Fd file(::openat(to.directory.get(), to.name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return fail_errno("create the file");
    while (const std::size_t n = TRY(reader_.read({buffer_.get(), copy_bytes})))
      TRY(os::write_all(file.get(), {buffer_.get(), n}, "the file"));
    if (::fchmod(file.get(), mode) != 0) return fail_errno("set the file's mode");
    const timespec times[2] = {{0, UTIME_OMIT}, {member.mtime, 0}};
    (void)::futimens(file.get(), times);  // a nicety
    return {};
  }

  os::Fd root_;
  TarReader reader_;
  const LogLines& log_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace

std::string safe_member_name(std::string_view name) {
  std::string forward(name), out;
  std::replace(forward.begin(), forward.end(), '\\', '/');  // as archives from Windows have them
  for (const std::string& segment : split(forward)) {
    if (segment.empty() || segment == "." || segment == "..") continue;
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

bool link_stays_inside(std::string_view name, std::string_view link) {
  if (link.starts_with('/')) return false;
  int depth = name.empty() ? 0 : int(std::count(name.begin(), name.end(), '/'));
  for (const std::string& segment : split(link)) {
    if (segment == "..")
      --depth;
    else if (!segment.empty() && segment != ".")
      ++depth;
    if (depth < 0) return false;
  }
  return true;
}

bool link_turns_back(std::string_view link) {
  bool is_below = false;
  for (const std::string& segment : split(link)) {
    if (segment == ".." && is_below) return true;
    is_below = is_below || (!segment.empty() && segment != "." && segment != "..");
  }
  return false;
}

Result<> extract_archive(os::Fd archive, const std::string& what, const std::string& directory,
                         const LogLines& log) {
  os::Fd root = TRY(os::open_file(directory, O_RDONLY | O_DIRECTORY));
  TarReader reader(TRY(Gunzip::open(std::move(archive), what)), what);
  return Extraction(std::move(root), std::move(reader), log).run();
}

}  // namespace trainyard::toolkit
