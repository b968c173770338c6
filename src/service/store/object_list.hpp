#pragma once
/// One page of a bucket's listing. Seeks, never scans: a page costs what it shows, however many
/// objects lie before it, behind it or under its common prefixes.

#include "service/store/database.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::store {

struct ListQuery {
  std::string bucket, prefix;
  std::string delimiter;  ///< "" = keys only
  std::string from;       ///< the first key that may show; see after_key()
  std::int64_t limit = 1000;
};

struct ListedObject {
  std::string key, etag;
  std::int64_t size = 0;
  Time modified{};
};

struct ListPage {
  std::vector<ListedObject> objects;
  std::vector<std::string> prefixes;  ///< common prefixes, the delimiter included
  std::string last;                   ///< the last key or prefix on the page
  std::string next;                   ///< `from` of the next page; "" when this is the last one
};

/// At most `limit` objects and common prefixes, in one order.
Result<ListPage> list_objects(Snapshot& s, const ListQuery& query);

/// `ListQuery::from` for "what follows `key`". With a delimiter everything under the common prefix
/// that `key` is in counts as seen, so that the last prefix of a page may be its marker.
std::string after_key(std::string_view key, std::string_view prefix, std::string_view delimiter);

}  // namespace trainyard::store
