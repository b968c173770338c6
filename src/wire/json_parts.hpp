#pragma once
/// JSON that is no structure of ours, taken apart one level deep.

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

/// A value: a string's text, or any other as compact JSON.
struct JsonPart {
  bool is_text = false;
  std::string value;
};

/// The entries of a list. An error (`invalid`) tells the line of what is no JSON.
Result<std::vector<JsonPart>> json_list(std::string_view text);

/// The members of an object.
Result<std::map<std::string, JsonPart, std::less<>>> json_object(std::string_view text);

}  // namespace trainyard::wire
