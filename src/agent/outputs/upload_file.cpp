#include "agent/outputs/upload_file.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <unistd.h>
#include <vector>

namespace trainyard::agent {
namespace {

constexpr std::string_view unreadable = "UnreadableFile";
constexpr std::size_t key_bytes_max = 1024;
constexpr std::size_t piece_bytes = 256 * 1024;

/// Hands over up to `length` bytes from `offset` on, piece by piece; returns how many there were.
Result<std::uint64_t> read_pieces(int fd, std::uint64_t offset, std::uint64_t length,
                                  const std::function<Result<>(std::span<const char>)>& each) {
  std::vector<char> piece(std::min<std::uint64_t>(piece_bytes, length));
  std::uint64_t done = 0;
  while (done < length) {
    const std::size_t wanted = std::min<std::uint64_t>(piece.size(), length - done);
    const ssize_t got = pread(fd, piece.data(), wanted, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorKind::internal, std::string(unreadable),
                  std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    TRY(each({piece.data(), static_cast<std::size_t>(got)}));
    done += static_cast<std::uint64_t>(got);
  }
  return done;
}

Result<std::string> md5_etag(int fd, std::uint64_t offset, std::uint64_t length) {
  Md5 md5;
  TRY(read_pieces(fd, offset, length, [&](std::span<const char> bytes) -> Result<> {
    md5.update(std::string_view(bytes.data(), bytes.size()));
    return {};
  }));
  return '"' + hex(md5.finish()) + '"';
}

}  // namespace

std::optional<OpenedFile> open_for_upload(const TreeEntry& entry, std::string_view key,
                                          Notes& notes) {
  const auto leave_out = [&](std::string_view why) {
    notes.add(entry.path, std::string(why) + ": left out");
    return std::nullopt;
  };
  if (S_ISLNK(entry.status.st_mode)) return leave_out("a symbolic link");
  if (!S_ISREG(entry.status.st_mode)) return leave_out("neither a file nor a directory");
  if (key.size() > key_bytes_max) return leave_out("its key would be longer than 1024 bytes");
  if (!is_utf8(key)) return leave_out("its name is not UTF-8");
  auto file = open_visited(entry);
  if (!file) return leave_out(file.error().message);
  return std::move(*file);
}

bool file_was_unreadable(const Error& error) {
  return error.code == unreadable;
}

bool upload_was_dropped(const Error& error) {
  return error.code == "NoSuchUpload";
}

Result<std::string> upload_file(s3::Client& client, int fd, std::uint64_t size,
                                const s3::Location& to) {
  for (int tries = 1;; ++tries) {
    auto done = [&]() -> Result<std::string> {
      s3::Upload upload(client, to, s3::part_bytes_for(size));
      TRY(read_pieces(fd, 0, size, [&](std::span<const char> b) { return upload.write(b); }));
      return upload.finish();
    }();
    if (done || tries == upload_tries_max || !upload_was_dropped(done.error())) return done;
  }
}

Result<bool> is_same_content(int fd, std::uint64_t size, std::string_view etag) {
  if (etag.find('-') == etag.npos) return TRY(md5_etag(fd, 0, size)) == etag;
  const std::size_t part_bytes = s3::part_bytes_for(size);
  const std::uint64_t count = (size + part_bytes - 1) / part_bytes;
  if (!etag.ends_with("-" + std::to_string(count) + '"')) return false;  // made in other parts
  std::vector<std::string> parts;
  for (std::uint64_t at = 0; at < size; at += part_bytes)
    parts.push_back(TRY(md5_etag(fd, at, std::min<std::uint64_t>(part_bytes, size - at))));
  return s3::multipart_etag(parts) == etag;
}

}  // namespace trainyard::agent
