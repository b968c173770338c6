#include "service/store/object_list.hpp"

#include "service/store/objects.hpp"

#include <algorithm>
#include <optional>

namespace trainyard::store {
namespace {

// The common prefix that `key` falls under, or nothing.
std::optional<std::string_view> common_prefix(std::string_view key, std::string_view prefix,
                                              std::string_view delimiter) {
  if (delimiter.empty() || !key.starts_with(prefix)) return std::nullopt;
  const auto at = key.find(delimiter, prefix.size());
  if (at == std::string_view::npos) return std::nullopt;
  return key.substr(0, at + delimiter.size());
}

bool is_full(const ListPage& page, std::int64_t limit) {
  return std::int64_t(page.objects.size() + page.prefixes.size()) >= limit;
}

// Takes keys from `from` on until the page is full, the keys end, or a common prefix was met: then
// the key to seek to, past all of it.
Result<std::optional<std::string>> take_run(Snapshot& s, const ListQuery& query,
                                            const std::string& from, const std::string& end,
                                            ListPage& page) {
  auto q = s.prepare("SELECT key, etag, size, modified_ms FROM object "
                     "WHERE bucket=? AND key>=? AND key<? ORDER BY key");
  q.bind_all(query.bucket, from, end);
  while (TRY(q.step())) {
    std::string key = q.text(0);
    if (is_full(page, query.limit)) {
      page.next = std::move(key);
      return std::optional<std::string>();
    }
    if (const auto group = common_prefix(key, query.prefix, query.delimiter)) {
      page.last = page.prefixes.emplace_back(*group);
      return after_prefix(*group);
    }
    page.last = key;
    page.objects.push_back({std::move(key), q.text(1), q.integer(2), q.time(3)});
  }
  return std::optional<std::string>();
}

}  // namespace

Result<ListPage> list_objects(Snapshot& s, const ListQuery& query) {
  ListPage page;
  if (query.limit <= 0) return page;
  const std::string end = after_prefix(query.prefix).value_or("\xff");
  std::optional<std::string> from = std::max(query.prefix, query.from);
  while (from)
    from = TRY(take_run(s, query, *from, end, page));
  return page;
}

std::string after_key(std::string_view key, std::string_view prefix, std::string_view delimiter) {
  if (key.empty()) return "";
  if (const auto group = common_prefix(key, prefix, delimiter))
    if (auto past = after_prefix(*group)) return *past;
  return std::string(key) + '\0';
}

}  // namespace trainyard::store
