#include "service/api/s3/listing.hpp"

#include "base/encoding.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace trainyard::api {
namespace {

constexpr std::int64_t page_max = 1000;

}  // namespace

std::string Listing::written(std::string_view key) const {
  return is_url_encoded ? percent_encode(key, true) : std::string(key);
}

Result<Listing> parse_listing(const S3Call& call) {
  Listing out;
  out.query.bucket = call.bucket;
  out.query.prefix = call.query.get("prefix");
  out.query.delimiter = call.query.get("delimiter");
  if (const auto text = call.query.find("max-keys"); text && !text->empty()) {
    const auto [end, ec] = std::from_chars(text->begin(), text->end(), out.max_keys);
    if (ec != std::errc() || end != text->end() || out.max_keys < 0)
      return bad_request("InvalidArgument", "Provided max-keys not an integer or within integer "
                                            "range");
  }
  out.max_keys = std::min(out.max_keys, page_max);
  out.query.limit = out.max_keys;
  const auto encoding = call.query.find("encoding-type");
  if (encoding && *encoding != "url")
    return bad_request("InvalidArgument", "Invalid Encoding Method specified in Request");
  out.is_url_encoded = encoding.has_value();
  return out;
}

void write_entries(wire::XmlWriter& xml, const Listing& listing, const store::ListPage& page) {
  for (const auto& object : page.objects)
    xml.open("Contents")
        .element("Key", listing.written(object.key))
        .element("LastModified", iso8601(object.modified))
        .element("ETag", etag_header(object.etag))
        .element("Size", object.size)
        .element("StorageClass", "STANDARD")
        .close();
  for (const auto& prefix : page.prefixes)
    xml.open("CommonPrefixes").element("Prefix", listing.written(prefix)).close();
}

}  // namespace trainyard::api
