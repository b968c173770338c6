#include "service/objects/body_writer.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace trainyard::objects {
namespace {

constexpr std::uint64_t piece_bytes_min = 4u << 10, piece_bytes_max = 256u << 10;
// The kernel is told to write this often, so that little is left to do for the sync at the end.
constexpr std::uint64_t flush_bytes = 8u << 20;
// What bodies leave of the disk, or this part of it: what tells of them needs room, too, and rows
// that cannot be written would be waited for.
constexpr std::uint64_t reserve_bytes = 64u << 20, reserve_part = 32;

bool leaves_reserve(int fd, std::uint64_t bytes) {
  struct statvfs st{};
  if (::fstatvfs(fd, &st) != 0) return true;
  const std::uint64_t total = std::uint64_t(st.f_blocks) * st.f_frsize;
  const std::uint64_t free = std::uint64_t(st.f_bavail) * st.f_frsize;
  return free >= bytes + std::min(reserve_bytes, total / reserve_part);
}

}  // namespace

BodyWriter::BodyWriter(int fd, std::uint64_t at, os::Path path, std::uint64_t size_expected,
                       std::optional<wire::ChecksumAlgorithm> algorithm, Md5Hasher& hasher)
    : fd_(fd), begin_(at), path_(std::move(path)),
      md5_(hasher, std::clamp(size_expected, piece_bytes_min, piece_bytes_max)) {
  is_checksum_sha256_ = algorithm == wire::ChecksumAlgorithm::sha256;
  if (algorithm && !is_checksum_sha256_) checksum_.emplace(*algorithm);
}

std::span<char> BodyWriter::space() {
  if (piece_.empty()) piece_ = md5_.next_piece();
  return piece_;
}

Result<> BodyWriter::write(std::size_t size) {
  const std::string_view bytes(piece_.data(), size);
  if (!leaves_reserve(fd_, size)) return fail_errno("write " + path_.string(), ENOSPC);
  md5_.add(std::move(piece_), size);
  piece_ = {};
  TRY(write_all_at(fd_, bytes, begin_ + size_, path_));
  size_ += size;
  if (size_ - flushed_ >= flush_bytes) {
    // Only starts the writing; what fails here fails in the sync too.
    (void)::sync_file_range(fd_, off_t(begin_ + flushed_), off_t(size_ - flushed_),
                            SYNC_FILE_RANGE_WRITE);
    flushed_ = size_;
  }
  sha256_.update(bytes);
  if (checksum_) checksum_->update(bytes);
  return {};
}

Written BodyWriter::finish() {
  const Digest256 sha256 = sha256_.finish();
  Written out{size_, hex(sha256), hex(md5_.finish()), {}};
  if (is_checksum_sha256_) out.checksum = base64(sha256);
  if (checksum_) out.checksum = checksum_->finish();
  return out;
}

Result<> write_all_at(int fd, std::span<const char> bytes, std::uint64_t at, const os::Path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), off_t(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write " + path.string());
    bytes = bytes.subspan(std::size_t(n));
    at += std::uint64_t(n);
  }
  return {};
}

}  // namespace trainyard::objects
