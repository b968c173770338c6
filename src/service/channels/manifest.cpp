#include "service/channels/manifest.hpp"

#include "s3/location.hpp"
#include "wire/json_parts.hpp"

#include <fmt/format.h>

namespace trainyard::channels {
namespace {

Failure broken(std::string why) {
  return fail(ErrorKind::invalid, "ValidationException", std::move(why));
}

constexpr const char* form =
    "a manifest is a JSON list: {\"prefix\": \"s3://BUCKET/PREFIX\"} first, then the rest of each "
    "key as a text";

// "" where it has none.
std::string prefix_of(const wire::JsonPart& entry) {
  const auto members = wire::json_object(entry.value);
  if (entry.is_text || !members) return "";
  const auto prefix = members->find("prefix");
  return prefix != members->end() && prefix->second.is_text ? prefix->second.value : "";
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  const auto parts = TRY(wire::json_list(text));
  if (parts.empty()) return broken(std::string("it is empty; ") + form);
  const std::string prefix = prefix_of(parts[0]);
  if (prefix.empty()) return broken(std::string("its first entry has no \"prefix\"; ") + form);
  const s3::Location at = TRY(s3::parse_uri(prefix));
  Manifest out{at.bucket, at.key, {}};
  for (std::size_t n = 1; n < parts.size(); ++n) {
    if (!parts[n].is_text) return broken(fmt::format("entry {} is no text; {}", n + 1, form));
    out.keys.push_back(at.key + parts[n].value);
  }
  if (out.keys.empty()) return broken(std::string("it names no object; ") + form);
  return out;
}

Result<std::vector<Attribute>> parse_augmented_line(std::string_view line,
                                                    const std::vector<std::string>& names) {
  const auto members = wire::json_object(line);
  if (!members) return broken("it is no JSON object: " + members.error().message);
  std::vector<Attribute> out;
  for (const auto& name : names) {
    const auto member = members->find(name);
    if (member == members->end()) return broken(fmt::format("it has no attribute \"{}\"", name));
    const bool is_reference = name.ends_with("-ref");
    if (is_reference && !member->second.is_text)
      return broken(
          fmt::format("its attribute \"{}\" is no text; write the object's s3:// URI", name));
    out.push_back({is_reference, member->second.value});
  }
  return out;
}

}  // namespace trainyard::channels
