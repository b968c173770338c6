#pragma once
/// A bucket that is not the store's own: a directory of this machine, or a bucket of another S3. It
/// is read, never written. Service and agent see it by this.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "s3/retry.hpp"
#include "wire/checksum.hpp"
#include "wire/instance/origin.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace trainyard::origin {

/// An object, or in a listing with a delimiter a common prefix.
struct Entry {
  std::string key;
  bool is_prefix = false;
  std::uint64_t size = 0;
  std::string etag;  ///< with its quotes; of a directory's file it tells time and size, no MD5
  Time modified{};
};

struct ListRequest {
  std::string prefix, delimiter;
  std::string after;  ///< only what comes behind this key
};
/// Behind a common prefix it stands for what comes after all keys that have it.
inline constexpr const char* last_of_all = "\xf4\x8f\xbf\xbf";  // U+10FFFF
/// False ends the listing.
using Visit = std::function<Result<bool>(Entry entry)>;

struct Part {
  std::uint64_t offset = 0, length = 0;
};

/// What tells that an object came whole.
struct Digest {
  std::optional<wire::ChecksumAlgorithm> algorithm;  ///< none: MD5
  std::string value;                                 ///< base64
};

struct Head {
  Entry entry;
  std::optional<Digest> digest;
};

/// Used by one thread at a time.
class Origin {
public:
  virtual ~Origin() = default;

  /// In the order of the keys' bytes.
  virtual Result<> list(const ListRequest& request, const Visit& visit) = 0;
  /// Kind `not_found` where there is none.
  virtual Result<Head> head(const std::string& key) = 0;
  /// Writes the bytes into `fd` at their offset. `object` is as it was listed: kind `conflict` when
  /// it is another one by now, `not_found` when it is gone. A digest where the whole was asked for
  /// and the origin knows one.
  virtual Result<std::optional<Digest>> get(const Entry& object, Part part, int fd) = 0;
  /// The object's own file, where it need not be copied to be read. `object` as in get(), but that
  /// an ETag of "" is any.
  virtual Result<std::optional<os::Fd>> open(const Entry& object) = 0;
};

/// `retry` is for a remote one. An error where the spec is none.
Result<std::unique_ptr<Origin>> open_origin(const wire::OriginSpec& spec, const s3::Retry& retry);

/// What distinguishes an object's content from all others.
std::string identity(const wire::OriginSpec& origin, const Entry& object);

}  // namespace trainyard::origin
