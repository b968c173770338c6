#include "base/role.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard {
namespace {

// "bucket/prefix" as two; a place without a slash is a whole bucket.
bool is_in_bucket(std::string_view place, std::string_view bucket) {
  return place.substr(0, place.find('/')) == bucket;
}

std::string_view prefix_of(std::string_view place) {
  const auto slash = place.find('/');
  return slash == std::string_view::npos ? "" : place.substr(slash + 1);
}

bool holds(const std::vector<std::string>& places, std::string_view bucket, std::string_view key) {
  return std::any_of(places.begin(), places.end(), [&](const std::string& place) {
    return is_in_bucket(place, bucket) && key.starts_with(prefix_of(place));
  });
}

bool touches(const std::vector<std::string>& places, std::string_view bucket) {
  return std::any_of(places.begin(), places.end(),
                     [&](const std::string& place) { return is_in_bucket(place, bucket); });
}

}  // namespace

std::string role_denial(const Settings& settings, std::string_view role, Access access,
                        std::string_view bucket, std::string_view key) {
  const auto found = settings.roles.find(std::string(role));
  if (found == settings.roles.end()) return "";
  const auto& [read, write] = found->second;
  const auto lacks = [&](const char* list, std::string_view what) {
    return fmt::format("{} of [roles.{}] in the service's settings {}", list, role, what);
  };
  switch (access) {
  case Access::read:
    return holds(read, bucket, key) ? "" : lacks("read", "has no place that it is in");
  case Access::write:
    return holds(write, bucket, key) ? "" : lacks("write", "has no place that it is in");
  case Access::list:
    return holds(read, bucket, key)
               ? ""
               : lacks("read", "has no place that the prefix is in; list what is below one");
  case Access::own:
    return holds(write, bucket, "") ? "" : lacks("write", "does not have the whole bucket");
  case Access::look:
    break;
  }
  return touches(read, bucket) || touches(write, bucket)
             ? ""
             : lacks("neither read nor write", "has a place in this bucket");
}

}  // namespace trainyard
