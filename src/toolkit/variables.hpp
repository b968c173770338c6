#pragma once
/// The variables of this process, as a value: what the toolkit reads, adds to and hands to a child.
/// Names and values are bytes, as the system has them.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::toolkit {

class Variables {
public:
  Variables() = default;
  explicit Variables(std::vector<std::pair<std::string, std::string>> values)
      : values_(std::move(values)) {}
  /// A copy of this process's own.
  static Variables of_process();

  std::optional<std::string> get(std::string_view name) const;
  /// get(), or `otherwise` where it is not set.
  std::string get_or(std::string_view name, std::string_view otherwise) const;
  /// True if set to something else than "".
  bool has(std::string_view name) const { return !get_or(name, "").empty(); }
  void set(std::string_view name, std::string value);
  /// "NAME=value", in the order of their first setting.
  std::vector<std::string> entries() const;
  /// The executable file of that name on PATH, or nothing. A name with a slash is looked at as it
  /// is.
  std::optional<std::string> find_program(std::string_view name) const;

private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace trainyard::toolkit
