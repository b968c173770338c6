#include "toolkit/json.hpp"

#include "toolkit/python_text.hpp"

#include <algorithm>

namespace trainyard::toolkit {
namespace {

struct Style {
  bool sorted;
  int indent;  // 0: all on one line
};

// Appends "\uXXXX", as a surrogate pair above the basic plane.
void append_escaped(std::string& out, char32_t c) {
  static constexpr char digits[] = "0123456789abcdef";
  if (c >= 0x10000) {
    append_escaped(out, 0xd800 + ((c - 0x10000) >> 10));
    c = 0xdc00 + ((c - 0x10000) & 0x3ff);
  }
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += digits[(c >> shift) & 0xf];
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      if (c >= 0x20 && c < 0x7f)
        out += char(c);
      else
        append_escaped(out, c);
    }
  }
  out += '"';
}

void append_break(std::string& out, const Style& style, int depth) {
  if (style.indent == 0) return;
  out += '\n';
  out.append(std::size_t(style.indent) * std::size_t(depth), ' ');
}

void append(std::string& out, const Json& value, const Style& style, int depth);

void append_list(std::string& out, const Json& value, const Style& style, int depth) {
  if (value.items().empty()) {
    out += "[]";
    return;
  }
  char before = '[';
  for (const Json& item : value.items()) {
    out += std::exchange(before, ',');
    append_break(out, style, depth + 1);
    append(out, item, style, depth + 1);
  }
  append_break(out, style, depth);
  out += ']';
}

void append_object(std::string& out, const Json& value, const Style& style, int depth) {
  if (value.members().empty()) {
    out += "{}";
    return;
  }
  std::vector<const Json::Member*> members;
  for (const auto& member : value.members())
    members.push_back(&member);
  if (style.sorted)
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
  char before = '{';
  for (const auto* member : members) {
    out += std::exchange(before, ',');
    append_break(out, style, depth + 1);
    append_text(out, member->first);
    out += style.indent > 0 ? ": " : ":";
    append(out, member->second, style, depth + 1);
  }
  append_break(out, style, depth);
  out += '}';
}

void append(std::string& out, const Json& value, const Style& style, int depth) {
  switch (value.kind()) {
  case Json::Kind::null:
    out += "null";
    break;
  case Json::Kind::boolean:
    out += value.as_boolean() ? "true" : "false";
    break;
  case Json::Kind::integer:
    out += value.characters();
    break;
  case Json::Kind::real:
    out += json_real(value.as_real());
    break;
  case Json::Kind::text:
    append_text(out, value.characters());
    break;
  case Json::Kind::list:
    append_list(out, value, style, depth);
    break;
  case Json::Kind::object:
    append_object(out, value, style, depth);
    break;
  }
}

std::string dump(const Json& value, const Style& style) {
  std::string out;
  append(out, value, style, 0);
  return out;
}

}  // namespace

Json Json::boolean(bool value) {
  Json json;
  json.kind_ = Kind::boolean;
  json.boolean_ = value;
  return json;
}

Json Json::integer(long long value) {
  Json json;
  json.kind_ = Kind::integer;
  json.characters_ = std::to_string(value);
  return json;
}

Json Json::text(std::string value) {
  Json json;
  json.kind_ = Kind::text;
  json.characters_ = std::move(value);
  return json;
}

Json Json::list(std::vector<Json> items) {
  Json json;
  json.kind_ = Kind::list;
  json.items_ = std::move(items);
  return json;
}

Json Json::texts(const std::vector<std::string>& items) {
  std::vector<Json> list;
  for (const std::string& item : items)
    list.push_back(text(item));
  return Json::list(std::move(list));
}

Json Json::object(std::vector<Member> members) {
  Json json;
  json.kind_ = Kind::object;
  json.members_ = std::move(members);
  return json;
}

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members_)
    if (key == name) return &value;
  return nullptr;
}

Json Json::get(std::string_view name, Json otherwise) const {
  if (const Json* found = find(name)) return *found;
  return otherwise;
}

Json Json::get(std::string_view name) const {
  return get(name, Json());
}

void Json::set(std::string name, Json value) {
  for (auto& [key, old] : members_)
    if (key == name) {
      old = std::move(value);
      return;
    }
  members_.emplace_back(std::move(name), std::move(value));
}

bool Json::is_truthy() const {
  switch (kind_) {
  case Kind::null:
    return false;
  case Kind::boolean:
    return boolean_;
  case Kind::integer:
    return characters_ != "0";
  case Kind::real:
    return real_ != 0;
  case Kind::text:
    return !characters_.empty();
  case Kind::list:
    return !items_.empty();
  case Kind::object:
    return !members_.empty();
  }
  return false;
}

bool operator==(const Json& a, const Json& b) {
  return a.kind_ == b.kind_ && a.boolean_ == b.boolean_ && a.real_ == b.real_ &&
         a.characters_ == b.characters_ && a.items_ == b.items_ && a.members_ == b.members_;
}

std::string dump_json(const Json& value) {
  return dump(value, {.sorted = true, .indent = 0});
}

std::string dump_json_indented(const Json& value) {
  return dump(value, {.sorted = false, .indent = 4});
}

}  // namespace trainyard::toolkit
