#include "wire/query.hpp"

#include "base/encoding.hpp"
#include "wire/sign/canonical.hpp"

#include <algorithm>

namespace trainyard::wire {

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_)
    if (key == name) return value;
  return std::nullopt;
}

Result<Query> Query::parse(std::string_view text, bool plus_is_space, std::size_t count_max) {
  // Counted before anything is made of it: a body may be megabytes of '&'.
  if (std::size_t(std::count(text.begin(), text.end(), '&')) >= 2 * count_max)
    return fail(ErrorKind::invalid, "InvalidArgument", "The request has too many parameters.");
  const auto raw = split_query(text);
  if (raw.size() > count_max)
    return fail(ErrorKind::invalid, "InvalidArgument",
                "The request has more than " + std::to_string(count_max) + " parameters.");
  Query out;
  out.pairs_.reserve(raw.size());
  for (const auto& [name, value] : raw) {
    auto plain_name = percent_decode(name, plus_is_space);
    auto plain_value = percent_decode(value, plus_is_space);
    if (!plain_name || !plain_value)
      return fail(ErrorKind::invalid, "InvalidArgument",
                  "The parameter '" + std::string(name.substr(0, 128)) +
                      "' is not percent-encoded: a % must be followed by two hexadecimal digits.");
    out.pairs_.emplace_back(*std::move(plain_name), *std::move(plain_value));
  }
  return out;
}

}  // namespace trainyard::wire
