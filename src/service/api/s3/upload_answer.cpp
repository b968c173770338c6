#include "service/api/s3/upload_answer.hpp"

#include "service/api/s3/errors.hpp"
#include "service/store/objects.hpp"

#include <charconv>

namespace trainyard::api {

Result<store::UploadRow> require_upload(store::Snapshot& s, const S3Call& call) {
  auto row = TRY(store::find_upload(s, call.query.get("uploadId")));
  if (row && row->bucket == call.bucket && row->key == call.key) return std::move(*row);
  if (!TRY(store::find_bucket(s, call.bucket))) return no_such_bucket();
  return no_such_upload();
}

Result<std::int64_t> number_parameter(const S3Call& call, std::string_view name,
                                      std::int64_t otherwise) {
  const auto text = call.query.get(name);
  if (text.empty()) return otherwise;
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.begin(), text.end(), n);
  if (ec == std::errc() && end == text.end() && n >= 0 && n <= 0x7fffffff) return n;
  return bad_request("InvalidArgument",
                     "Provided " + std::string(name) + " not an integer or within integer range");
}

Result<std::int64_t> part_number(const S3Call& call) {
  const auto text = call.query.get("partNumber");
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.begin(), text.end(), n);
  if (ec != std::errc() || end != text.end() || n < 1 || n > 10'000)
    return bad_request("InvalidArgument",
                       "Part number must be an integer between 1 and 10000, inclusive");
  return n;
}

}  // namespace trainyard::api
