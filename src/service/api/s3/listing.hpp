#pragma once
/// What both versions of ListObjects have in common.

#include "service/api/s3/operation.hpp"
#include "service/store/object_list.hpp"
#include "wire/xml.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard::api {

struct Listing {
  store::ListQuery query;  ///< `from` is not set yet
  std::int64_t max_keys = 1000;
  bool is_url_encoded = false;

  /// A key as this answer writes keys.
  std::string written(std::string_view key) const;
};

/// prefix, delimiter, max-keys, encoding-type. InvalidArgument.
Result<Listing> parse_listing(const S3Call& call);

/// Contents and CommonPrefixes.
void write_entries(wire::XmlWriter& xml, const Listing& listing, const store::ListPage& page);

/// Finds a page, wherever the bucket is.
using FindPage = std::function<Result<store::ListPage>(const store::ListQuery& query)>;
Result<wire::Response> answer_list_v1(const S3Call& call, const FindPage& find_page);
Result<wire::Response> answer_list_v2(const S3Call& call, const FindPage& find_page);

}  // namespace trainyard::api
