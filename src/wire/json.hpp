#pragma once
/// The fields() codec over JSON: `decode<T>(text)` and `encode(value)`. Every structure's own code
/// is a template; what does the work is compiled once in json.cpp.

#include "base/result.hpp"
#include "wire/fields.hpp"

#include <boost/json/fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

/// Reads one structure from a parsed JSON object, gathering every violation.
///
/// Two kinds of errors, as the service has them: a value of the wrong JSON type is a
/// SerializationException and ends decoding; a violated constraint is collected and reported by
/// `finish` as one ValidationException, worded as AWS words it ("2 validation errors detected:
/// ...").
class Decoder {
public:
  struct Problems {
    static constexpr std::size_t violations_max = 100;  ///< each shows its value: more is dropped
    std::vector<std::string> violations;
    std::optional<std::string> wrong_type;

    void add(std::string violation) {
      if (violations.size() < violations_max) violations.push_back(std::move(violation));
    }
  };

  Decoder(const boost::json::value& node, std::string path, Problems& problems)
      : node_(node), path_(std::move(path)), problems_(problems) {}

  template <class T, class... R> void operator()(const char* name, T& member, const R&... r) {
    const Rules rules = rules_of(r...);
    const boost::json::value* child = find(name);
    if (!child) {
      if (rules.is_required) violation_null(name);
      return;
    }
    read(*child, member, rules, member_path(name));
  }

private:
  template <class T>
  void read(const boost::json::value& node, T& out, const Rules& rules, const std::string& path) {
    if (problems_.wrong_type) return;
    if constexpr (is_optional<T>::value) {
      read(node, out.emplace(), rules, path);
    } else if constexpr (is_list<T>::value) {
      const std::size_t n = open_list(node, rules, path);
      out.clear();  // a default
      out.reserve(n);
      static const Rules none;
      for (std::size_t i = 0; i < n; ++i)
        read(list_item(node, i), out.emplace_back(), none,
             path + "." + std::to_string(i + 1) + ".member");
    } else if constexpr (is_map<T>::value) {
      static const Rules none;
      for (const auto& key : open_map(node, rules, path))
        read(map_item(node, key), out[key], none, path + "." + key);
    } else if constexpr (is_leaf<T>) {
      leaf(node, out, rules, path);
    } else {
      if (!expect_object(node, path)) return;
      Decoder inner(node, path, problems_);
      fields(inner, out);
    }
  }

  const boost::json::value* find(const char* name) const;
  std::string member_path(const char* name) const;
  void violation_null(const char* name);
  bool expect_object(const boost::json::value& node, const std::string& path);
  std::size_t open_list(const boost::json::value& node, const Rules& rules,
                        const std::string& path);
  static const boost::json::value& list_item(const boost::json::value& node, std::size_t i);
  std::vector<std::string> open_map(const boost::json::value& node, const Rules& rules,
                                    const std::string& path);
  static const boost::json::value& map_item(const boost::json::value& node, const std::string& key);
  void leaf(const boost::json::value& node, std::string& out, const Rules& rules,
            const std::string& path);
  void leaf(const boost::json::value& node, bool& out, const Rules& rules, const std::string& path);
  void leaf(const boost::json::value& node, std::int64_t& out, const Rules& rules,
            const std::string& path);
  void leaf(const boost::json::value& node, double& out, const Rules& rules,
            const std::string& path);
  void leaf(const boost::json::value& node, Time& out, const Rules& rules, const std::string& path);

  const boost::json::value& node_;
  std::string path_;
  Problems& problems_;
};

/// How a Time is written: as AWS's JSON protocols do, or as EventBridge does.
enum class Times { seconds, millis };

/// Writes one structure as JSON text. Optionals without a value are left out, all else is written.
class Encoder {
public:
  explicit Encoder(std::string& out, Times times = Times::seconds) : out_(out), times_(times) {
    out_ += '{';
  }
  ~Encoder() { out_ += '}'; }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  template <class T, class... R> void operator()(const char* name, const T& member, const R&...) {
    if constexpr (is_optional<T>::value) {
      if (member) write_member(name, *member);
    } else {
      write_member(name, member);
    }
  }

private:
  template <class T> void write_member(std::string_view name, const T& member) {
    separate();
    leaf(name);
    out_ += ':';
    write(member);
  }
  template <class T> void write(const T& in) {
    if constexpr (is_list<T>::value) {
      const char* before = "[";
      for (const auto& item : in) {
        out_ += before;
        write(item);
        before = ",";
      }
      out_ += in.empty() ? "[]" : "]";
    } else if constexpr (is_map<T>::value) {
      Encoder inner(out_, times_);
      for (const auto& [key, item] : in)
        inner.write_member(key, item);
    } else if constexpr (is_leaf<T>) {
      leaf(in);
    } else {
      Encoder inner(out_, times_);
      fields(inner, const_cast<T&>(in));  // fields() is written once, for reading and writing
    }
  }
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void leaf(const std::string& in) { leaf(std::string_view(in)); }
  void leaf(std::string_view in);
  void leaf(bool in);
  void leaf(std::int64_t in);
  void leaf(double in);
  void leaf(Time in);

  std::string& out_;
  Times times_;
  bool first_ = true;
};

namespace detail {
/// Parses strictly (UTF-8, depth at most 32); a SerializationException names the offset.
Result<std::shared_ptr<const boost::json::value>> parse_json(std::string_view text);
Result<> finish_decoding(const Decoder::Problems& problems);
bool is_json_object(const boost::json::value& value);
Failure not_an_object();
}  // namespace detail

/// Decodes and checks one JSON object. An empty text counts as `{}`.
template <class T> Result<T> decode(std::string_view text) {
  const auto node = TRY(detail::parse_json(text));
  if (!detail::is_json_object(*node)) return detail::not_an_object();
  T out{};
  Decoder::Problems problems;
  Decoder decoder(*node, "", problems);
  fields(decoder, out);
  TRY(detail::finish_decoding(problems));
  return out;
}

/// The structure as compact JSON, members in the order of its fields().
template <class T> std::string encode(const T& in, Times times = Times::seconds) {
  std::string out;
  {
    Encoder encoder(out, times);
    fields(encoder, const_cast<T&>(in));
  }
  return out;
}

/// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
std::string quote_json(std::string_view text);

}  // namespace trainyard::wire
