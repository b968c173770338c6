#include "agent/outputs/archive.hpp"

#include "agent/outputs/tar_header.hpp"

#include <climits>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <unistd.h>
#include <utility>

namespace trainyard::agent {
namespace {

/// Below this saving a file with holes is stored as an ordinary one, which every reader knows.
constexpr std::uint64_t holes_bytes_min = 1u << 20;
/// Past this many extents the rest of a file is stored as data.
constexpr std::size_t extents_max = 65'536;

/// Where the data of a file with large holes lie; empty if it has none worth it, or if the file
/// system does not tell.
std::vector<Extent> data_extents(const OpenedFile& file) {
  const auto size = static_cast<std::uint64_t>(file.status.st_size);
  if (static_cast<std::uint64_t>(file.status.st_blocks) * 512 + holes_bytes_min > size) return {};
  std::vector<Extent> extents;
  std::uint64_t at = 0;
  while (at < size) {
    const off_t data = lseek(file.fd.get(), static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // a hole up to the end
    if (data < 0) return {};
    const auto begin = static_cast<std::uint64_t>(data);
    if (begin >= size) break;
    off_t hole = lseek(file.fd.get(), data, SEEK_HOLE);
    if (hole <= data || extents.size() + 1 == extents_max) hole = file.status.st_size;
    at = std::min(static_cast<std::uint64_t>(hole), size);
    extents.push_back({begin, at - begin});
  }
  if (extents.empty()) extents.push_back({size, 0});
  return extents;
}

class Packer {
public:
  Packer(const Sink& sink, const PackOptions& options, ArchiveReport& report)
      : report_(report), bytes_max_(options.bytes_max), gzip_(sink, options.gzip) {}

  Result<> add(const TreeEntry& entry) {
    if (gzip_.bytes_in() > bytes_max_) return too_large(bytes_max_);
    switch (entry.status.st_mode & S_IFMT) {
    case S_IFREG:
      return add_file(entry);
    case S_IFDIR:
      return write_header(described(entry, entry.status, TarType::directory));
    case S_IFLNK:
      return add_symbolic_link(entry);
    case S_IFIFO:
      return leave_out(entry, "a FIFO: left out");
    case S_IFSOCK:
      return leave_out(entry, "a socket: left out");
    default:
      return leave_out(entry, "a device: left out");
    }
  }

  Result<> finish() {
    TRY(gzip_.write_zeros(tar_end_bytes));
    TRY(gzip_.finish());
    report_.tar_bytes = gzip_.bytes_in();
    report_.archive_bytes = gzip_.bytes_out();
    return {};
  }

private:
  using Inode = std::pair<dev_t, ino_t>;

  static TarEntry described(const TreeEntry& entry, const struct stat& status, TarType type) {
    TarEntry out;
    out.type = type;
    out.path = entry.path;
    out.mode = status.st_mode;
    out.mtime_s = status.st_mtim.tv_sec;
    return out;
  }

  Result<> leave_out(const TreeEntry& entry, std::string why) {
    report_.notes.add(entry.path, std::move(why));
    return {};
  }

  Result<> write_header(const TarEntry& entry) {
    ++report_.entries;
    return gzip_.write(tar_header(entry));
  }

  Result<> add_symbolic_link(const TreeEntry& entry) {
    std::array<char, PATH_MAX> target;
    const ssize_t length = readlinkat(entry.directory, entry.name, target.data(), target.size());
    if (length < 0)
      return leave_out(entry,
                       fmt::format("the link cannot be read ({}): left out", strerror(errno)));
    TarEntry out = described(entry, entry.status, TarType::symbolic_link);
    out.link.assign(target.data(), static_cast<std::size_t>(length));
    return write_header(out);
  }

  Result<> add_file(const TreeEntry& entry) {
    auto file = open_visited(entry);
    if (!file) return leave_out(entry, file.error().message + ": left out");
    const struct stat& status = file->status;
    TarEntry out = described(entry, status, TarType::file);
    if (status.st_nlink > 1) {
      const auto [first, is_new] =
          first_names_.try_emplace(Inode(status.st_dev, status.st_ino), entry.path);
      if (!is_new) {
        out.type = TarType::hard_link;
        out.link = first->second;
        return write_header(out);
      }
    }
    out.size = static_cast<std::uint64_t>(status.st_size);
    out.sparse = data_extents(*file);
    std::uint64_t stored = out.sparse.empty() ? out.size : 0;
    for (const Extent& e : out.sparse)
      stored += e.length;
    if (stored > bytes_max_ || gzip_.bytes_in() > bytes_max_ - stored) return too_large(bytes_max_);
    TRY(write_header(out));
    return write_content(entry, *file, out);
  }

  /// The bytes that the header promised, whatever the file has become.
  Result<> write_content(const TreeEntry& entry, const OpenedFile& file, const TarEntry& header) {
    std::vector<Extent> extents = header.sparse;
    if (extents.empty()) extents.push_back({0, header.size});
    std::uint64_t stored = 0, missing = 0;
    int error_number = 0;
    for (const Extent& e : extents) {
      const std::uint64_t had = TRY(copy_extent(file.fd.get(), e, error_number));
      TRY(gzip_.write_zeros(e.length - had));
      missing += e.length - had;
      stored += e.length;
    }
    struct stat now{};
    if (error_number != 0)
      report_.notes.add(entry.path,
                        fmt::format("cannot be read to its end ({}): {} bytes are zeros",
                                    strerror(error_number), missing));
    else if (missing > 0)
      report_.notes.add(entry.path,
                        fmt::format("shrank while it was read: {} bytes are zeros", missing));
    else if (fstat(file.fd.get(), &now) == 0 && now.st_size > file.status.st_size)
      report_.notes.add(entry.path,
                        fmt::format("grew while it was read: cut at {} bytes", header.size));
    return gzip_.write_zeros(tar_padding(stored));
  }

  /// Returns how many bytes of the extent could be read.
  Result<std::uint64_t> copy_extent(int fd, const Extent& extent, int& error_number) {
    std::uint64_t copied = 0;
    while (copied < extent.length) {
      const auto to = gzip_.room();
      const std::size_t wanted = std::min<std::uint64_t>(to.size(), extent.length - copied);
      const ssize_t got = pread(fd, to.data(), wanted, static_cast<off_t>(extent.offset + copied));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) error_number = errno;
      if (got <= 0) break;
      TRY(gzip_.filled(static_cast<std::size_t>(got)));
      copied += static_cast<std::uint64_t>(got);
    }
    return copied;
  }

  ArchiveReport& report_;
  std::uint64_t bytes_max_;
  GzipStream gzip_;
  std::map<Inode, std::string> first_names_;  ///< bounded by TreeLimits::entries_max
};

}  // namespace

Failure too_large(std::uint64_t bytes_max) {
  return fail(ErrorKind::limit, "OutputTooLarge",
              fmt::format("it is larger than {} GiB, the most that is stored; ask for a larger "
                          "VolumeSizeInGB, or write less",
                          bytes_max >> 30));
}

Result<ArchiveReport> pack_directory(const os::Fd& directory, const Sink& sink,
                                     const PackOptions& options) {
  ArchiveReport report;
  Packer packer(sink, options, report);
  TRY(walk_tree(directory, options.limits, report.notes,
                [&](const TreeEntry& entry) { return packer.add(entry); }));
  TRY(packer.finish());
  return report;
}

}  // namespace trainyard::agent
