#pragma once
/// JSON as Python's json module reads and writes it. What a script sees in SM_* variables has
/// passed through json.loads and json.dumps, so their rules are the contract: NaN and Infinity,
/// integers of any length, lone surrogates, the last of equal keys in the first one's place. Pure.
///
/// Text is held as Python holds it: a sequence of code points, here in UTF-8 in which a lone
/// surrogate is three bytes (WTF-8). Comparing bytes therefore sorts by code point, as Python does.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::toolkit {

class Json {
public:
  enum class Kind { null, boolean, integer, real, text, list, object };
  using Member = std::pair<std::string, Json>;

  Json() = default;  ///< null
  static Json boolean(bool value);
  static Json integer(long long value);
  static Json text(std::string value);
  static Json list(std::vector<Json> items = {});
  static Json texts(const std::vector<std::string>& items);
  static Json object(std::vector<Member> members = {});

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_object() const { return kind_ == Kind::object; }

  bool as_boolean() const { return boolean_; }
  double as_real() const { return real_; }
  /// A text's characters, or an integer's canonical decimal digits.
  const std::string& characters() const { return characters_; }
  const std::vector<Json>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }

  /// The member of that name, or null if there is none or this is no object.
  const Json* find(std::string_view name) const;
  /// A copy of find(name), or `otherwise`, or null.
  Json get(std::string_view name, Json otherwise) const;
  Json get(std::string_view name) const;
  /// Adds a member, or replaces the value of the one with that name in its place.
  void set(std::string name, Json value);
  /// What bool() says of it: empty, zero, null and false are not.
  bool is_truthy() const;

  friend bool operator==(const Json& a, const Json& b);

private:
  friend class JsonReader;
  Kind kind_ = Kind::null;
  bool boolean_ = false;
  double real_ = 0;
  std::string characters_;
  std::vector<Json> items_;
  std::vector<Member> members_;
};

/// json.loads. The text must be UTF-8 (or WTF-8 out of another Json). The error gives line and
/// column.
Result<Json> parse_json(std::string_view text);

/// json.dumps(sort_keys=True, separators=(",", ":")): one line, ASCII only.
std::string dump_json(const Json& value);
/// json.dumps(indent=4): members in their own order.
std::string dump_json_indented(const Json& value);

}  // namespace trainyard::toolkit
