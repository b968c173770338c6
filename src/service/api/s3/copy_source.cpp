#include "service/api/s3/copy_source.hpp"

#include "base/encoding.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/role_check.hpp"

namespace trainyard::api {

Result<CopySource> parse_copy_source(const S3Call& call) {
  std::string_view text = call.header("x-amz-copy-source");
  if (text.starts_with('/')) text.remove_prefix(1);
  constexpr std::string_view version_mark = "?versionId=";  // a key's own '?' is encoded
  if (const auto mark = text.find(version_mark); mark != std::string_view::npos) {
    TRY(check_version(text.substr(mark + version_mark.size())));
    text = text.substr(0, mark);
  }
  const auto decoded = percent_decode(text);
  const auto slash = decoded ? decoded->find('/') : std::string::npos;
  if (slash == std::string::npos || slash == 0 || slash + 1 == decoded->size())
    return bad_request("InvalidArgument", "Copy Source must mention the source bucket and key: "
                                          "sourcebucket/sourcekey");
  return CopySource{decoded->substr(0, slash), decoded->substr(slash + 1)};
}

Result<store::ObjectRow> require_copy_source(const S3Context& context, store::Snapshot& s,
                                             const S3Call& call, const CopySource& source) {
  TRY(check_role(context, call, "GetObject", Access::read, source.bucket, source.key));
  if (context.settings.buckets.contains(source.bucket))
    return fail(ErrorKind::invalid, "NotImplemented",
                "A copy out of a bucket that is not the store's own is not offered: get "
                "the object and put it.");
  auto row = TRY(require_object(context, s, source.bucket, source.key));
  TRY(check_read_conditions(call.head().headers, row, "x-amz-copy-source-"));
  return row;
}

}  // namespace trainyard::api
