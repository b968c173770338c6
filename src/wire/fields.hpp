#pragma once
/// One line a member: name and constraints, told once, for decoding, checking, encoding and
/// describing.
///
///   struct StopTrainingJobRequest { std::string TrainingJobName; };
///   template <class V> void fields(V& v, StopTrainingJobRequest& r) {
///     v("TrainingJobName", r.TrainingJobName, required, length(1, 63), pattern("..."));
///   }
///
/// Members may be std::string, bool, std::int64_t, double, Time (epoch seconds on the wire), a
/// structure, and vectors, string-keyed maps and optionals of these. A member that is neither
/// optional nor required keeps its default when absent. Structures keep AWS's member names.

#include "base/clock.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

/// What a member must be like. Lengths count characters of a string, or entries of a list or map.
struct Rules {
  bool is_required = false;
  std::optional<std::int64_t> length_min, length_max;
  std::optional<double> range_min, range_max;
  const char* pattern = nullptr;  ///< whole value; RE2 syntax plus named checks
  const std::vector<std::string_view>* values = nullptr;  ///< an enum's members
  const Rules* each = nullptr;                            ///< a list's members
  const Rules* key = nullptr;                             ///< a map's keys
  const Rules* value = nullptr;                           ///< a map's values
};

struct Required {};
inline constexpr Required required{};
struct Length {
  std::int64_t min, max;
};
/// `max` < 0: no upper bound is given.
constexpr Length length(std::int64_t min, std::int64_t max) {
  return {min, max};
}
struct Range {
  std::optional<double> min, max;
};
constexpr Range range(std::optional<double> min, std::optional<double> max) {
  return {min, max};
}
struct Pattern {
  const char* expression;
};
constexpr Pattern pattern(const char* expression) {
  return {expression};
}
struct OneOf {
  const std::vector<std::string_view>* values;
};
inline OneOf one_of(const std::vector<std::string_view>& values) {
  return {&values};
}
struct Each {
  Rules rules;
};
struct Key {
  Rules rules;
};
struct Value {
  Rules rules;
};

inline void add_rule(Rules& r, Required) {
  r.is_required = true;
}
inline void add_rule(Rules& r, Length l) {
  r.length_min = l.min;
  if (l.max >= 0) r.length_max = l.max;
}
inline void add_rule(Rules& r, Range x) {
  r.range_min = x.min;
  r.range_max = x.max;
}
inline void add_rule(Rules& r, Pattern p) {
  r.pattern = p.expression;
}
inline void add_rule(Rules& r, OneOf o) {
  r.values = o.values;
}
inline void add_rule(Rules& r, const Each& e) {
  r.each = &e.rules;
}
inline void add_rule(Rules& r, const Key& k) {
  r.key = &k.rules;
}
inline void add_rule(Rules& r, const Value& v) {
  r.value = &v.rules;
}

template <class... R> Rules rules_of(const R&... r) {
  Rules out;
  (add_rule(out, r), ...);
  return out;
}
/// Rules for what is inside: `each(length(1, 64))`, `key(...)`, `value(...)`.
template <class... R> Each each(const R&... r) {
  return {rules_of(r...)};
}
template <class... R> Key key(const R&... r) {
  return {rules_of(r...)};
}
template <class... R> Value value(const R&... r) {
  return {rules_of(r...)};
}

template <class T> struct is_optional : std::false_type {};
template <class T> struct is_optional<std::optional<T>> : std::true_type {};
template <class T> struct is_list : std::false_type {};
template <class T> struct is_list<std::vector<T>> : std::true_type {};
template <class T> struct is_map : std::false_type {};
template <class T> struct is_map<std::map<std::string, T>> : std::true_type {};
template <class T>
inline constexpr bool is_leaf =
    std::is_same_v<T, std::string> || std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, double> || std::is_same_v<T, Time>;

}  // namespace trainyard::wire
