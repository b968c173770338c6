#pragma once
/// Puts a stream whose length nobody knows yet: a single PUT while it fits one part, else a
/// multipart upload of equal parts (the service then writes each part in its final place).

#include "s3/client.hpp"

#include <memory>
#include <span>

namespace trainyard::s3 {

/// The smallest part that lets `expected_bytes` fit S3's 10,000 parts: a whole number of MiB from 8
/// to 64. Holds up to 625 GiB.
std::size_t part_bytes_for(std::uint64_t expected_bytes);

/// The ETag that S3 gives to an object of parts with these ETags (all with quotes): the MD5 of
/// their MD5s, "-", their number. "" if they are no MD5s.
std::string multipart_etag(const std::vector<std::string>& etags);

/// One object on its way. Holds one part in memory, so a part is sent again without asking its
/// source. Used by one thread. What was not finished is aborted by the destructor: the key keeps
/// what it had.
class Upload {
public:
  /// `client` is the caller's and must live longer.
  Upload(Client& client, Location to, std::size_t part_bytes);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// Takes the next bytes; sends a part whenever one is full. An error of kind `limit` past 10,000
  /// parts; of kind not_found and code NoSuchUpload when the service has dropped the upload (begin
  /// anew).
  Result<> write(std::span<const char> bytes);
  /// The object exists under its key when this returns its ETag (with quotes), also if the answer
  /// to the first try was lost.
  Result<std::string> finish();

  std::uint64_t bytes() const { return bytes_; }

private:
  Result<> send_part();
  Result<std::string> complete();

  Client& client_;
  Location to_;
  std::size_t part_bytes_;
  std::unique_ptr<char[]> part_;
  std::size_t filled_ = 0;
  std::uint64_t bytes_ = 0;
  std::string upload_id_;  ///< "" while a single PUT may still do, and after the end
  std::vector<std::string> etags_;
};

}  // namespace trainyard::s3
