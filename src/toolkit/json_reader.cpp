// The reading half of json.hpp: Python's grammar, by recursive descent.

#include "toolkit/json.hpp"
#include "toolkit/python_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

namespace trainyard::toolkit {
namespace {

constexpr int depth_max = 990;             // Python's recursion limit ends a little below 1,000
constexpr std::size_t digits_max = 4'300;  // sys.get_int_max_str_digits()

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

class JsonReader {
public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Result<Json> read() {
    skip_space();
    Json value = TRY(read_value(0));
    skip_space();
    if (at_ != text_.size()) return broken("Extra data");
    return value;
  }

private:
  Failure broken(std::string_view what) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
    return fail(ErrorKind::invalid, "JSONDecodeError",
                std::string(what) + ": line " + std::to_string(line) + " column " +
                    std::to_string(at_ - start + 1) + " (byte " + std::to_string(at_) + ")");
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) < 4)
      ++at_;
  }

  Result<Json> read_value(int depth) {
    if (depth > depth_max) return broken("Nested too deeply");
    if (peek() == '"') return Json::text(TRY(read_text()));
    if (peek() == '{') return read_object(depth);
    if (peek() == '[') return read_list(depth);
    if (take("null")) return Json();
    if (take("true")) return Json::boolean(true);
    if (take("false")) return Json::boolean(false);
    if (take("NaN")) return real("nan");
    if (take("Infinity")) return real("inf");
    if (take("-Infinity")) return real("-inf");
    return read_number();
  }

  static Json real(const std::string& digits) {
    Json value;
    value.kind_ = Json::Kind::real;
    value.real_ = std::strtod(digits.c_str(), nullptr);
    return value;
  }

  std::size_t skip_digits() {
    const std::size_t from = at_;
    while (is_digit(peek()))
      ++at_;
    return at_ - from;
  }

  // -?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?: what does not fit the tail is left, and fails as extra
  // data.
  Result<Json> read_number() {
    const std::size_t from = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0')
      ++at_;
    else if (skip_digits() == 0)
      return at_ = from, broken("Expecting value");
    bool whole = true;
    std::size_t end = at_;
    if (peek() == '.' && (++at_, skip_digits() > 0)) whole = false, end = at_;
    at_ = end;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (skip_digits() > 0) whole = false, end = at_;
      at_ = end;
    }
    std::string digits(text_.substr(from, end - from));
    if (!whole) return real(digits);
    if (digits.size() - (digits[0] == '-') > digits_max)
      return at_ = from, broken("Exceeds the limit of 4300 digits");
    Json value;
    value.kind_ = Json::Kind::integer;
    value.characters_ = digits == "-0" ? "0" : std::move(digits);
    return value;
  }

  Result<Json> read_list(int depth) {
    std::vector<Json> items;
    ++at_;
    skip_space();
    if (take("]")) return Json::list();
    for (;;) {
      skip_space();
      items.push_back(TRY(read_value(depth + 1)));
      skip_space();
      if (take("]")) return Json::list(std::move(items));
      if (!take(",")) return broken("Expecting ',' delimiter");
    }
  }

  Result<Json> read_object(int depth) {
    std::vector<Json::Member> members;
    std::unordered_map<std::string, std::size_t> places;
    ++at_;
    skip_space();
    if (take("}")) return Json::object();
    for (;;) {
      skip_space();
      if (peek() != '"') return broken("Expecting property name enclosed in double quotes");
      std::string name = TRY(read_text());
      skip_space();
      if (!take(":")) return broken("Expecting ':' delimiter");
      skip_space();
      Json value = TRY(read_value(depth + 1));
      const auto [place, is_new] = places.try_emplace(name, members.size());
      if (is_new)
        members.emplace_back(std::move(name), std::move(value));
      else
        members[place->second].second = std::move(value);
      skip_space();
      if (take("}")) return Json::object(std::move(members));
      if (!take(",")) return broken("Expecting ',' delimiter");
    }
  }

  Result<std::string> read_text() {
    std::string out;
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) return broken("Unterminated string");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return broken("Invalid control character");
      ++at_;
      if (c == '"') return out;
      if (c == '\\')
        TRY(read_escape(out));
      else
        out += c;
    }
  }

  Result<> read_escape(std::string& out) {
    static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const char c = peek();
    ++at_;
    if (c == 'u') {
      const char32_t first = TRY(read_hex());
      if (first >= 0xd800 && first < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
        const std::size_t back = at_;
        at_ += 2;
        const char32_t second = TRY(read_hex());
        if (second >= 0xdc00 && second < 0xe000) {
          append_code_point(out, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
          return {};
        }
        at_ = back;
      }
      append_code_point(out, first);
      return {};
    }
    const std::size_t which = names.find(c);
    if (at_ > text_.size() || which == names.npos) return --at_, broken("Invalid \\escape");
    out += meanings[which];
    return {};
  }

  Result<char32_t> read_hex() {
    char32_t c = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = hex_digit(peek());
      if (digit < 0) return broken("Invalid \\uXXXX escape");
      c = c << 4 | char32_t(digit);
    }
    return c;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<Json> parse_json(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf"))
    return fail(ErrorKind::invalid, "JSONDecodeError", "Unexpected UTF-8 BOM: save it without");
  if (!is_text(text)) return fail(ErrorKind::invalid, "UnicodeDecodeError", "It is not UTF-8");
  return JsonReader(text).read();
}

}  // namespace trainyard::toolkit
