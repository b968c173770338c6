#include "s3/upload.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace trainyard::s3 {
namespace {

constexpr std::size_t parts_max = 10'000;
constexpr std::size_t mib = 1u << 20;

}  // namespace

std::size_t part_bytes_for(std::uint64_t expected_bytes) {
  const std::uint64_t wanted = (expected_bytes / parts_max / mib + 1) * mib;
  return std::clamp<std::uint64_t>(wanted, 8 * mib, 64 * mib);
}

std::string multipart_etag(const std::vector<std::string>& etags) {
  Md5 md5;
  for (std::string_view etag : etags) {
    if (etag.size() < 2) return "";
    const auto bytes = unhex(etag.substr(1, etag.size() - 2));
    if (!bytes || bytes->size() != 16) return "";
    md5.update(*bytes);
  }
  return fmt::format("\"{}-{}\"", hex(md5.finish()), etags.size());
}

Upload::Upload(Client& client, Location to, std::size_t part_bytes)
    : client_(client), to_(std::move(to)), part_bytes_(part_bytes), part_(new char[part_bytes]) {}

Upload::~Upload() {
  if (!upload_id_.empty()) client_.abort(to_, upload_id_);
}

Result<> Upload::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    // A full part waits for the byte behind it: a stream of exactly one part is one PUT.
    if (filled_ == part_bytes_) TRY(send_part());
    const std::size_t count = std::min(bytes.size(), part_bytes_ - filled_);
    std::memcpy(part_.get() + filled_, bytes.data(), count);
    filled_ += count;
    bytes_ += count;
    bytes = bytes.subspan(count);
  }
  return {};
}

Result<> Upload::send_part() {
  if (upload_id_.empty()) upload_id_ = TRY(client_.create_upload(to_));
  if (etags_.size() == parts_max)
    return fail(ErrorKind::limit, "EntityTooLarge",
                fmt::format("cannot put {}: it is larger than {} parts of {} bytes; write less or "
                            "split it",
                            to_.uri(), parts_max, part_bytes_));
  etags_.push_back(
      TRY(client_.put_part(to_, upload_id_, etags_.size() + 1, {part_.get(), filled_})));
  filled_ = 0;
  return {};
}

Result<std::string> Upload::finish() {
  if (upload_id_.empty()) return client_.put(to_, {part_.get(), filled_});
  TRY(send_part());
  return complete();
}

Result<std::string> Upload::complete() {
  auto done = client_.complete(to_, upload_id_, etags_);
  if (!done && done.error().code == "NoSuchUpload") {
    // Completed by a try whose answer was lost? Then the object is there, and it is this one.
    const auto there = client_.head(to_);
    if (there && *there == multipart_etag(etags_)) done = *there;
  }
  if (done || done.error().code == "NoSuchUpload") upload_id_.clear();
  return done;
}

}  // namespace trainyard::s3
