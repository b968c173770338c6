#include "service/api/s3/object_answer.hpp"

#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "wire/error_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace trainyard::api {
namespace {

// A number that has no place in 64 bits is behind the end of any object.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.begin(), text.end(), value);
  if (text.empty() || end != text.end()) return std::nullopt;
  return ec == std::errc::result_out_of_range ? UINT64_MAX : value;
}

Failure invalid_range() {
  return bad_request("InvalidRange", "The requested range is not satisfiable");
}

void add_validators(const store::ObjectRow& object, wire::Headers& out) {
  out.add("ETag", etag_header(object.etag));
  out.add("Last-Modified", http_date(object.modified));
}

// What says only that nothing has changed: a client renews what it keeps by it.
wire::Response not_modified(const store::ObjectRow& object) {
  wire::Response out;
  out.status = 304;
  add_validators(object, out.headers);
  return out;
}

// A refusal that tells where the object ends.
wire::Response range_not_satisfiable(const S3Call& call, const Error& error, std::uint64_t size) {
  wire::Response out;
  out.status = 416;
  out.headers.add("Content-Range", fmt::format("bytes */{}", size));
  if (call.head().method == "HEAD") return out;
  out.headers.add("Content-Type", "application/xml");
  out.body = wire::s3_error_xml(error, call.head().path, call.caller.request_id);
  return out;
}

// ?response-content-type=... replaces what the object has.
void apply_overrides(const S3Call& call, StoredHeaders& stored) {
  const auto replace = [&](const char* name, std::optional<std::string>& member) {
    if (const auto value = call.query.find(name)) member = std::string(*value);
  };
  replace("response-content-type", stored.ContentType);
  replace("response-cache-control", stored.CacheControl);
  replace("response-content-disposition", stored.ContentDisposition);
  replace("response-content-encoding", stored.ContentEncoding);
  replace("response-content-language", stored.ContentLanguage);
  replace("response-expires", stored.Expires);
}

}  // namespace

Result<std::optional<Stretch>> parse_range(std::string_view range, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  const std::optional<Stretch> whole;
  if (!range.starts_with(unit)) return whole;
  range.remove_prefix(unit.size());
  const auto dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return whole;
  const auto first = number(range.substr(0, dash)), last = number(range.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!last) return whole;
    if (*last == 0 || size == 0) return invalid_range();
    const std::uint64_t length = std::min(*last, size);
    return std::optional(Stretch{size - length, length});
  }
  if (!first || (!last && dash + 1 < range.size()) || (last && *last < *first)) return whole;
  if (*first >= size) return invalid_range();
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return std::optional(Stretch{*first, end - *first + 1});
}

Result<wire::Response> object_answer(const S3Call& call, const store::ObjectRow& object,
                                     Stretch& stretch) {
  const auto held = check_read_conditions(call.head().headers, object);
  if (!held && held.error().code == "NotModified") return not_modified(object);
  TRY(held);
  const auto size = std::uint64_t(object.size);
  const auto parsed = parse_range(call.header("Range"), size);
  if (!parsed) return range_not_satisfiable(call, parsed.error(), size);
  const std::optional<Stretch>& range = *parsed;
  stretch = range.value_or(Stretch{0, size});
  StoredHeaders stored = TRY(parse_stored_headers(object.headers));
  apply_overrides(call, stored);
  wire::Response out;
  add_validators(object, out.headers);
  out.headers.add("Accept-Ranges", "bytes");
  add_content_headers(stored, out.headers);
  if (range) {
    out.status = 206;
    out.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", stretch.offset,
                                                 stretch.offset + stretch.length - 1, size));
  } else if (wire::equal_ignoring_case(call.header("x-amz-checksum-mode"), "ENABLED")) {
    add_checksum(stored, out.headers);  // it is the whole object's
  }
  return out;
}

}  // namespace trainyard::api
