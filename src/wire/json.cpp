#include "wire/json.hpp"

#include "wire/pattern.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace trainyard::wire {
namespace json = boost::json;
namespace {

constexpr std::size_t depth_max = 32;

// AWS counts characters, not bytes.
std::int64_t count_characters(std::string_view text) {
  std::int64_t n = 0;
  for (const char c : text)
    n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return n;
}

std::string lower_first(std::string_view name) {
  std::string out(name);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = char(out[0] + 32);
  return out;
}

std::string join(const std::vector<std::string_view>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

// "Member must ..." for each rule; given a text, for each rule that it breaks.
std::vector<std::string> told_rules(const Rules& rules,
                                    std::optional<std::string_view> text = std::nullopt) {
  std::vector<std::string> out;
  const std::int64_t n = text ? count_characters(*text) : 0;
  const auto tell = [&](bool is_kept, std::string_view words, const auto& bound) {
    if (!text || !is_kept) out.push_back(fmt::format("Member must {} {}", words, bound));
  };
  if (const auto& max = rules.length_max)
    tell(n <= *max, "have length less than or equal to", *max);
  if (const auto& min = rules.length_min)
    tell(n >= *min, "have length greater than or equal to", *min);
  if (const char* pattern = rules.pattern)
    tell(text && matches(pattern, *text), "satisfy regular expression pattern:", pattern);
  if (const auto* values = rules.values)
    if (!text || std::find(values->begin(), values->end(), *text) == values->end())
      tell(false, "satisfy enum value set:", join(*values));
  return out;
}

std::string violation(std::string_view value, const std::string& path, std::string_view rule) {
  return fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", value, path, rule);
}

// A value as AWS's messages show it: {a=b, c=d}, [e, f].
std::string shown(const json::value& node) {
  if (node.is_string()) return std::string(node.get_string());
  std::vector<std::string> parts;
  if (node.is_object()) {
    for (const auto& [key, item] : node.get_object())
      parts.push_back(fmt::format("{}={}", std::string_view(key), shown(item)));
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }
  if (!node.is_array()) return json::serialize(node);
  for (const auto& item : node.get_array())
    parts.push_back(shown(item));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string_view text_of(const json::value& node) {
  return {node.get_string().data(), node.get_string().size()};
}

// The strings in a list, a map's keys or its values: told once for all of them and with all their
// rules, as AWS tells it.
void check_entries(const std::vector<std::string_view>& entries, const Rules* rules,
                   std::string_view what, const json::value& node, const std::string& path,
                   Decoder::Problems& problems) {
  if (rules && std::any_of(entries.begin(), entries.end(), [rules](std::string_view entry) {
        return !told_rules(*rules, entry).empty();
      }))
    problems.add(violation(shown(node), path,
                           fmt::format("{} must satisfy constraint: [{}]", what,
                                       fmt::join(told_rules(*rules), ", "))));
}

void check_count(std::size_t count, const json::value& node, const Rules& rules,
                 const std::string& path, Decoder::Problems& problems) {
  const auto n = std::int64_t(count);
  const auto report = [&](std::string_view rule) {
    problems.add(violation(shown(node), path, rule));
  };
  if (rules.length_max && n > *rules.length_max)
    report(fmt::format("Member must have length less than or equal to {}", *rules.length_max));
  if (rules.length_min && n < *rules.length_min)
    report(fmt::format("Member must have length greater than or equal to {}", *rules.length_min));
}

const char* kind_name(const json::value& node) {
  switch (node.kind()) {
  case json::kind::null:
    return "null";
  case json::kind::bool_:
    return "a boolean";
  case json::kind::int64:
  case json::kind::uint64:
  case json::kind::double_:
    return "a number";
  case json::kind::string:
    return "a string";
  case json::kind::array:
    return "a list";
  case json::kind::object:
    return "a structure";
  }
  return "?";
}

void wrong_type(const json::value& node, const std::string& path, std::string_view wanted,
                Decoder::Problems& problems) {
  if (!problems.wrong_type)
    problems.wrong_type = fmt::format("'{}' must be {}, not {}", path, wanted, kind_name(node));
}

std::string number_text(double v) {
  return v == std::floor(v) && std::abs(v) < 1e15 ? fmt::format("{}", std::int64_t(v))
                                                  : fmt::format("{}", v);
}

template <class N>
void check_range(N v, const Rules& rules, const std::string& path, Decoder::Problems& problems) {
  if (rules.range_max && double(v) > *rules.range_max)
    problems.add(
        violation(fmt::format("{}", v), path,
                  "Member must have value less than or equal to " + number_text(*rules.range_max)));
  if (rules.range_min && double(v) < *rules.range_min)
    problems.add(violation(fmt::format("{}", v), path,
                           "Member must have value greater than or equal to " +
                               number_text(*rules.range_min)));
}

// The length of the UTF-8 sequence at the front of `text`, 0 where it is broken. RFC 3629.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned lead = at(0);
  const std::size_t n = lead < 0x80                   ? 1
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) >= 0xa0) ||
      (lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) >= 0x90))
    return 0;
  return n;
}

// Writes what is at the front of `text` and cannot stand there plainly; its length.
std::size_t append_special(std::string& out, std::string_view text) {
  const char c = text.front();
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\')
    (out += '\\') += c;
  else if (c == '\n')
    out += "\\n";
  else if (c == '\r')
    out += "\\r";
  else if (c == '\t')
    out += "\\t";
  else if (byte < 0x80)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
  else if (const std::size_t n = utf8_length(text); n > 0) {
    out.append(text.substr(0, n));
    return n;
  } else
    out += "\xef\xbf\xbd";
  return 1;
}

void append_json(std::string& out, std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  out += '"';
  for (;;) {
    const std::size_t n = std::size_t(std::ranges::find_if_not(text, is_plain) - text.begin());
    out.append(text.substr(0, n));
    text.remove_prefix(n);
    if (text.empty()) break;
    text.remove_prefix(append_special(out, text));
  }
  out += '"';
}

}  // namespace

const json::value* Decoder::find(const char* name) const {
  const json::value* child = node_.get_object().if_contains(name);
  return child && !child->is_null() ? child : nullptr;  // AWS takes null for absent
}

std::string Decoder::member_path(const char* name) const {
  return path_.empty() ? lower_first(name) : path_ + "." + lower_first(name);
}

void Decoder::violation_null(const char* name) {
  problems_.add(
      fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null",
                  member_path(name)));
}

bool Decoder::expect_object(const json::value& node, const std::string& path) {
  if (node.is_object()) return true;
  wrong_type(node, path, "a structure", problems_);
  return false;
}

std::size_t Decoder::open_list(const json::value& node, const Rules& rules,
                               const std::string& path) {
  if (!node.is_array()) {
    wrong_type(node, path, "a list", problems_);
    return 0;
  }
  check_count(node.get_array().size(), node, rules, path, problems_);
  std::vector<std::string_view> entries;
  for (const auto& item : node.get_array())
    if (item.is_string()) entries.push_back(text_of(item));
  check_entries(entries, rules.each, "Member", node, path, problems_);
  return node.get_array().size();
}

const json::value& Decoder::list_item(const json::value& node, std::size_t i) {
  return node.get_array()[i];
}

std::vector<std::string> Decoder::open_map(const json::value& node, const Rules& rules,
                                           const std::string& path) {
  std::vector<std::string> keys;
  if (!expect_object(node, path)) return keys;
  check_count(node.get_object().size(), node, rules, path, problems_);
  std::vector<std::string_view> values;
  for (const auto& [key, item] : node.get_object()) {
    keys.emplace_back(key);
    if (item.is_string()) values.push_back(text_of(item));
  }
  check_entries({keys.begin(), keys.end()}, rules.key, "Map keys", node, path, problems_);
  check_entries(values, rules.value, "Map value", node, path, problems_);
  return keys;
}

const json::value& Decoder::map_item(const json::value& node, const std::string& key) {
  return node.get_object().at(key);
}

void Decoder::leaf(const json::value& node, std::string& out, const Rules& rules,
                   const std::string& path) {
  if (!node.is_string()) return wrong_type(node, path, "a string", problems_);
  out.assign(node.get_string().data(), node.get_string().size());
  for (const auto& rule : told_rules(rules, out))
    problems_.add(violation(out, path, rule));
}

void Decoder::leaf(const json::value& node, bool& out, const Rules&, const std::string& path) {
  if (!node.is_bool()) return wrong_type(node, path, "a boolean", problems_);
  out = node.get_bool();
}

void Decoder::leaf(const json::value& node, std::int64_t& out, const Rules& rules,
                   const std::string& path) {
  json::error_code ec;
  out = node.to_number<std::int64_t>(ec);  // takes 5.0 too, refuses 5.5 and what does not fit
  if (ec) return wrong_type(node, path, "a whole number of at most 64 bits", problems_);
  check_range(out, rules, path, problems_);
}

void Decoder::leaf(const json::value& node, double& out, const Rules& rules,
                   const std::string& path) {
  json::error_code ec;
  out = node.to_number<double>(ec);
  if (ec) return wrong_type(node, path, "a number", problems_);
  check_range(out, rules, path, problems_);
}

void Decoder::leaf(const json::value& node, Time& out, const Rules&, const std::string& path) {
  json::error_code ec;
  const double seconds = node.to_number<double>(ec);
  if (ec || !(std::abs(seconds) < 1e11))
    return wrong_type(node, path, "a time in seconds since 1970", problems_);
  out = from_ms(std::llround(seconds * 1000));
}

void Encoder::leaf(std::string_view in) {
  append_json(out_, in);
}
void Encoder::leaf(bool in) {
  out_ += in ? "true" : "false";
}
void Encoder::leaf(std::int64_t in) {
  fmt::format_to(std::back_inserter(out_), "{}", in);
}
void Encoder::leaf(double in) {
  if (std::isfinite(in))
    fmt::format_to(std::back_inserter(out_), "{}", in);
  else
    out_ += std::isnan(in) ? "\"NaN\"" : in > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}
void Encoder::leaf(Time in) {
  const std::int64_t ms = to_ms(in);
  if (times_ == Times::millis) return leaf(ms);
  fmt::format_to(std::back_inserter(out_), "{}.{:03}", ms / 1000, ms % 1000);
}

std::string quote_json(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json(out, text);
  return out;
}

namespace detail {

Result<std::shared_ptr<const json::value>> parse_json(std::string_view text) {
  if (text.empty()) return std::make_shared<const json::value>(json::object());
  json::parse_options options;
  options.max_depth = depth_max;
  json::error_code ec;
  auto node = std::make_shared<const json::value>(
      json::parse(json::string_view(text.data(), text.size()), ec, {}, options));
  if (ec)
    return fail(ErrorKind::invalid, "SerializationException",
                "The request body is not valid JSON: " + ec.message() + ".");
  return node;
}

Result<> finish_decoding(const Decoder::Problems& problems) {
  if (problems.wrong_type)
    return fail(ErrorKind::invalid, "SerializationException",
                "The request body has a member of the wrong type: " + *problems.wrong_type + ".");
  const std::size_t n = problems.violations.size();
  if (n == 0) return {};
  return fail(ErrorKind::invalid, "ValidationException",
              fmt::format("{} validation error{} detected: {}", n, n == 1 ? "" : "s",
                          fmt::join(problems.violations, "; ")));
}

bool is_json_object(const json::value& value) {
  return value.is_object();
}

Failure not_an_object() {
  return fail(ErrorKind::invalid, "SerializationException",
              "The request body must be a JSON object, as in {\"TrainingJobName\": \"...\"}.");
}

}  // namespace detail
}  // namespace trainyard::wire
