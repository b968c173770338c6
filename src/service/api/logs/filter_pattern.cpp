#include "service/api/logs/filter_pattern.hpp"

#include <algorithm>
#include <optional>

namespace trainyard::api {
namespace {

Failure invalid(const std::string& why) {
  return fail(ErrorKind::invalid, "InvalidParameterException", "Invalid filter pattern: " + why);
}

// A phrase behind its first quote; takes it and its last quote off `text`. \" and \\ stand for
// themselves.
std::optional<std::string> take_phrase(std::string_view& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    const bool is_escape = text[i] == '\\' && i + 1 < text.size();
    if (is_escape && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    out += text[i];
  }
  return std::nullopt;
}

std::string take_word(std::string_view& text) {
  const std::string out(text.substr(0, text.find(' ')));
  text.remove_prefix(out.size());
  return out;
}

}  // namespace

bool FilterPattern::fits(std::string_view line) const {
  const auto has = [line](const std::string& term) {
    return line.find(term) != std::string_view::npos;
  };
  return std::all_of(all.begin(), all.end(), has) && std::none_of(none.begin(), none.end(), has) &&
         (any.empty() || std::any_of(any.begin(), any.end(), has));
}

Result<FilterPattern> parse_filter_pattern(std::string_view text) {
  FilterPattern out;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) break;
    auto& terms = text.front() == '-' ? out.none : text.front() == '?' ? out.any : out.all;
    if (&terms != &out.all) text.remove_prefix(1);
    if (text.find_first_of("{[%") == 0)
      return invalid("JSON, columns and regular expressions are not offered; words and \"quoted "
                     "phrases\" are, also with - or ? before them.");
    const bool is_quoted = text.starts_with('"');
    if (is_quoted) text.remove_prefix(1);
    auto term = is_quoted ? take_phrase(text) : std::optional(take_word(text));
    if (!term) return invalid("a \"quoted phrase\" has no end.");
    if (!is_quoted && term->empty()) return invalid("a term is empty.");
    terms.push_back(std::move(*term));
  }
  if (!out.any.empty() && (!out.all.empty() || !out.none.empty()))
    return invalid("terms with ? do not go with others.");
  return out;
}

}  // namespace trainyard::api
