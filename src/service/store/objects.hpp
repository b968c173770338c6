#pragma once
/// Rows of buckets and objects.
///
/// Keys are compared byte by byte, as S3 orders them. A bucket has no account: one service has one.

#include "service/store/database.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::store {

struct BucketRow {
  std::string name, region;
  Time created{};
};
/// False if the name is taken.
Result<bool> insert_bucket(Txn& txn, const BucketRow& row);
Result<std::optional<BucketRow>> find_bucket(Snapshot& s, std::string_view name);
/// All, by name.
Result<std::vector<BucketRow>> all_buckets(Snapshot& s);
Result<bool> is_bucket_empty(Snapshot& s, std::string_view name);
Result<> delete_bucket(Txn& txn, std::string_view name);

struct ObjectRow {
  std::string bucket, key;
  std::string blob;  ///< the file with its content: "s-<sha256>" or "m-<sha256>"
  std::int64_t size = 0;
  std::string etag;     ///< without quotes
  std::string headers;  ///< what a GET answers besides: JSON
  Time modified{};
};
/// Inserts or replaces, as of `txn.now()`. Returns the blob that the key had before, or "".
Result<std::string> put_object(Txn& txn, const ObjectRow& row);
Result<std::optional<ObjectRow>> find_object(Snapshot& s, std::string_view bucket,
                                             std::string_view key);
/// Returns the blob that the key had, or "" if there was no such object.
Result<std::string> delete_object(Txn& txn, std::string_view bucket, std::string_view key);
Result<bool> is_blob_used(Snapshot& s, std::string_view blob);

struct BucketSize {
  std::string name;
  std::int64_t objects = 0,
               bytes = 0;  ///< as their owners see them: equal contents count each time
};
/// Of each bucket that has objects, by name. Looks at every row.
Result<std::vector<BucketSize>> bucket_sizes(Snapshot& s);

/// Two equal states of one prefix have equal content: every write has a higher version, so between
/// equal maxima objects can only have gone.
struct PrefixState {
  std::int64_t version_max = 0, count = 0;
};
Result<PrefixState> prefix_state(Snapshot& s, std::string_view bucket, std::string_view prefix);
/// Whether any object's key begins so.
Result<bool> has_prefix(Snapshot& s, std::string_view bucket, std::string_view prefix);

struct LinkedObject {
  std::string key, blob;
  std::int64_t size = 0;
};
/// Calls `visit` for the objects under a prefix, by key, until it fails.
Result<> each_object(Snapshot& s, std::string_view bucket, std::string_view prefix,
                     const std::function<Result<>(const LinkedObject&)>& visit);

/// The smallest text that is greater than every text that begins with `prefix`; nothing where there
/// is none ("" and a run of 0xff).
std::optional<std::string> after_prefix(std::string_view prefix);

}  // namespace trainyard::store
