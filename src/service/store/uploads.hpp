#pragma once
/// Rows of multipart uploads and their parts.

#include "service/store/database.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::store {

struct UploadRow {
  std::string id, bucket, key;
  std::string headers;  ///< what the object will have: JSON
  Time created{};
};
Result<> insert_upload(Txn& txn, const UploadRow& row);
Result<std::optional<UploadRow>> find_upload(Snapshot& s, std::string_view id);
/// The upload and its parts.
Result<> delete_upload(Txn& txn, std::string_view id);
/// At most `limit` uploads that nothing was sent to since then.
Result<std::vector<std::string>> uploads_left_since(Snapshot& s, Time then, std::size_t limit);
/// Calls `visit` for the uploads into a bucket whose keys begin with `prefix`, by key and id, those
/// behind (key, id) only, until it answers false or fails.
Result<> each_upload(Snapshot& s, std::string_view bucket, std::string_view prefix,
                     std::string_view key, std::string_view id,
                     const std::function<Result<bool>(const UploadRow&)>& visit);
/// All uploads into a bucket.
Result<std::vector<std::string>> uploads_into(Snapshot& s, std::string_view bucket);

struct PartRow {
  std::int64_t n = 0;   ///< 1 to 10,000
  std::string file;     ///< where its bytes are: a name in the uploads' directory
  std::int64_t at = 0;  ///< and from which byte on
  std::int64_t size = 0;
  std::string md5;       ///< hex
  std::string sha256;    ///< hex
  std::string checksum;  ///< base64, of the upload's algorithm; "" if it has none
  Time modified{};
};
/// Inserts or replaces part `n`, as of `txn.now()`. Returns the row that was there.
Result<std::optional<PartRow>> put_part(Txn& txn, std::string_view upload, const PartRow& row);
/// All parts of an upload, by number.
Result<std::vector<PartRow>> parts_of(Snapshot& s, std::string_view upload);
/// Names of all files that hold a part, of any upload, sorted.
Result<std::vector<std::string>> part_files(Snapshot& s);

}  // namespace trainyard::store
