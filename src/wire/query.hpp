#pragma once
/// Query strings and form bodies (application/x-www-form-urlencoded), decoded. Pure.

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::wire {

/// Decoded (name, value) pairs in the order they came. Names are case-sensitive and may repeat.
class Query {
public:
  using Pair = std::pair<std::string, std::string>;
  Query() = default;
  /// Reads what follows '?', or a form body: empty pieces are dropped, a name without '=' has the
  /// value "". A broken escape and more than `count_max` pairs are errors (InvalidArgument). Bytes
  /// are not checked to be UTF-8. Forms write a space as '+', and S3 takes it so in queries too.
  static Result<Query> parse(std::string_view text, bool plus_is_space = true,
                             std::size_t count_max = 1000);

  /// The first value of that name, or nothing. "?uploads" has the name "uploads" with the value "".
  std::optional<std::string_view> find(std::string_view name) const;
  /// Its value, or "" where there is none.
  std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  bool has(std::string_view name) const { return find(name).has_value(); }
  auto begin() const { return pairs_.begin(); }
  auto end() const { return pairs_.end(); }
  std::size_t size() const { return pairs_.size(); }

private:
  std::vector<Pair> pairs_;
};

}  // namespace trainyard::wire
