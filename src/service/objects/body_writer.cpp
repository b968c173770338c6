#include "service/objects/body_writer.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace trainyard::objects {
namespace {

constexpr std::size_t pieces_max = 3;
constexpr std::uint64_t piece_bytes_min = 4u << 10, piece_bytes_max = 256u << 10;
// The kernel is told to write this often, so that little is left to do for the sync at the end.
constexpr std::uint64_t flush_bytes = 8u << 20;
// Below this a second thread costs more than it gains.
constexpr std::size_t lane_bytes_min = 64u << 10;
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

Md5Lane::~Md5Lane() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return !is_hashing_; });
}

Piece Md5Lane::next_piece() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return in_use_ < pieces_max; });
  ++in_use_;
  if (spare_.empty()) return Piece(piece_size_);
  Piece piece = std::move(spare_.back());
  spare_.pop_back();
  return piece;
}

void Md5Lane::add(Piece piece, std::size_t size) {
  std::unique_lock lock(mutex_);
  const bool is_small = size < lane_bytes_min && !is_hashing_;
  waiting_.push_back({std::move(piece), size});
  if (is_hashing_) return;
  is_hashing_ = true;
  lock.unlock();
  if (is_small || !pool_.post([this] { hash_waiting(); })) hash_waiting();
}

void Md5Lane::hash_waiting() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    md5_.update(as_bytes({job.piece.data(), job.size}));
    lock.lock();
    spare_.push_back(std::move(job.piece));
    --in_use_;
    done_.notify_all();
  }
  is_hashing_ = false;
  done_.notify_all();
}

std::array<std::uint8_t, 16> Md5Lane::finish() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return !is_hashing_; });
  return md5_.finish();
}

BodyWriter::BodyWriter(int fd, std::uint64_t at, os::Path path, std::uint64_t size_expected,
                       std::optional<wire::ChecksumAlgorithm> algorithm, Pool& hashers)
    : fd_(fd), begin_(at), path_(std::move(path)),
      md5_(hashers, std::clamp(size_expected, piece_bytes_min, piece_bytes_max)) {
  if (algorithm) checksum_.emplace(*algorithm);
}

std::span<char> BodyWriter::space() {
  if (piece_.empty()) piece_ = md5_.next_piece();
  return piece_;
}

Result<> BodyWriter::write(std::size_t size) {
  const std::string_view bytes(piece_.data(), size);
  if (!leaves_reserve(fd_, size)) return fail_errno("write " + path_.string(), ENOSPC);
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
  md5_.add(std::move(piece_), size);
  piece_ = {};
  return {};
}

Written BodyWriter::finish() {
  return {size_, hex(sha256_.finish()), hex(md5_.finish()),
          checksum_ ? checksum_->finish() : std::string()};
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
