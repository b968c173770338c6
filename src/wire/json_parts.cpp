#include "wire/json_parts.hpp"

#include "wire/json.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <utility>

namespace trainyard::wire {
namespace {

namespace json = boost::json;

Failure broken(std::string why) {
  return fail(ErrorKind::invalid, "SerializationException", std::move(why));
}

Result<json::value> parse(std::string_view text) {
  json::stream_parser parser;
  json::error_code ec;
  const std::size_t read = parser.write_some(text.data(), text.size(), ec);
  if (!ec && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
    ec = json::error::extra_data;
  if (ec) {
    const auto line = 1 + std::count(text.begin(), text.begin() + std::ptrdiff_t(read), '\n');
    return broken(fmt::format("line {} is not valid JSON: {}", line, ec.message()));
  }
  if (!parser.done()) return broken("it ends in the middle of its JSON");
  return parser.release();
}

// Compact, and numbers as people write them: the library's 1E-1 for 0.1 is for machines.
void write(const json::value& value, std::string& out) {
  if (const auto* real = value.if_double()) {
    const std::string text = fmt::format("{}", *real);
    out += text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
  } else if (const auto* list = value.if_array()) {
    out += '[';
    const char* between = "";
    for (const auto& entry : *list) {
      out += std::exchange(between, ",");
      write(entry, out);
    }
    out += ']';
  } else if (const auto* object = value.if_object()) {
    out += '{';
    const char* between = "";
    for (const auto& [name, member] : *object) {
      out += std::exchange(between, ",") + quote_json(name) + ":";
      write(member, out);
    }
    out += '}';
  } else {
    out += json::serialize(value);
  }
}

JsonPart part_of(const json::value& value) {
  if (value.is_string()) return {true, std::string(value.get_string())};
  std::string text;
  write(value, text);
  return {false, std::move(text)};
}

}  // namespace

Result<std::vector<JsonPart>> json_list(std::string_view text) {
  const auto value = TRY(parse(text));
  if (!value.is_array()) return broken("it is no JSON list");
  std::vector<JsonPart> out;
  for (const auto& entry : value.get_array())
    out.push_back(part_of(entry));
  return out;
}

Result<std::map<std::string, JsonPart, std::less<>>> json_object(std::string_view text) {
  const auto value = TRY(parse(text));
  if (!value.is_object()) return broken("it is no JSON object");
  std::map<std::string, JsonPart, std::less<>> out;
  for (const auto& [name, member] : value.get_object())
    out.insert_or_assign(std::string(name), part_of(member));
  return out;
}

}  // namespace trainyard::wire
