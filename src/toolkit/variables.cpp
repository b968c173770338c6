#include "toolkit/variables.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

bool is_program(const std::string& path) {
  struct stat st{};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Variables Variables::of_process() {
  Variables out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != text.npos) out.set(text.substr(0, equals), std::string(text.substr(equals + 1)));
  }
  return out;
}

std::optional<std::string> Variables::get(std::string_view name) const {
  for (const auto& [key, value] : values_)
    if (key == name) return value;
  return std::nullopt;
}

std::string Variables::get_or(std::string_view name, std::string_view otherwise) const {
  return get(name).value_or(std::string(otherwise));
}

void Variables::set(std::string_view name, std::string value) {
  for (auto& [key, old] : values_)
    if (key == name) {
      old = std::move(value);
      return;
    }
  values_.emplace_back(name, std::move(value));
}

std::vector<std::string> Variables::entries() const {
  std::vector<std::string> out;
  out.reserve(values_.size());
  for (const auto& [name, value] : values_)
    out.push_back(name + "=" + value);
  return out;
}

std::optional<std::string> Variables::find_program(std::string_view name) const {
  if (name.find('/') != name.npos)
    return is_program(std::string(name)) ? std::optional(std::string(name)) : std::nullopt;
  std::string path = get_or("PATH", "/usr/local/bin:/usr/bin:/bin") + ':';
  for (std::size_t from = 0, colon; (colon = path.find(':', from)) != path.npos; from = colon + 1) {
    const std::string directory = path.substr(from, colon - from);
    std::string candidate = (directory.empty() ? "." : directory) + "/" + std::string(name);
    if (is_program(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace trainyard::toolkit
