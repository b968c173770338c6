#include "s3/location.hpp"
#include "service/channels/elsewhere.hpp"
#include "service/channels/manifest.hpp"
#include "service/channels/source.hpp"

#include <fmt/format.h>

#include <algorithm>

// {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://BUCKET/KEY",
//                   "AttributeNames": ["source-ref", "class"]}}

namespace trainyard::channels {
namespace {

using objects::Piece;

constexpr std::size_t manifest_bytes_max = 1u << 30;

bool is_of(const wire::DataSource& source) {
  return source.S3DataSource && source.S3DataSource->S3DataType == "AugmentedManifestFile";
}

Result<> check_augmented(const Settings&, const wire::Channel& channel, std::string_view mode) {
  const auto& s3 = *channel.DataSource.S3DataSource;
  TRY(s3::parse_uri(s3.S3Uri));
  if (mode != "Pipe")
    return refuse(channel, fmt::format("an augmented manifest is read in Pipe mode, not in {} "
                                       "mode: set the channel's input_mode to \"Pipe\".",
                                       mode));
  if (!s3.AttributeNames || s3.AttributeNames->empty())
    return refuse(channel, "an augmented manifest needs AttributeNames, the attributes that are "
                           "to be read of each line (attribute_names=[\"source-ref\", "
                           "\"class\"]).");
  return {};
}

Result<std::vector<Piece>> unit_of(const Stores& stores, std::string_view line,
                                   const std::string& where,
                                   const std::vector<std::string>& names) {
  std::vector<Piece> out;
  for (auto& attribute : TRY(parse_augmented_line(line, names))) {
    if (!attribute.is_reference) {
      out.push_back({"", "", std::move(attribute.value), where, false});
      continue;
    }
    s3::Location at = TRY(s3::parse_uri(attribute.value));
    TRY(check_role(stores, Access::read, at.bucket, at.key));
    const bool is_elsewhere = elsewhere(stores.settings, at.bucket) != nullptr;
    out.push_back({std::move(at.bucket), std::move(at.key), {}, where, is_elsewhere});
  }
  return out;
}

Result<std::vector<std::vector<Piece>>> units_of(const Stores& stores, std::string_view text,
                                                 const std::string& uri,
                                                 const std::vector<std::string>& names) {
  std::vector<std::vector<Piece>> out;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    auto unit = unit_of(stores, line, fmt::format("line {} of {}", number, uri), names);
    if (!unit) return in_context(unit.error(), fmt::format("line {}", number));
    out.push_back(std::move(*unit));
  }
  if (out.empty()) return fail(ErrorKind::invalid, "ValidationException", "it has no line");
  return out;
}

Result<std::string> stage_augmented(const Stores& stores, const wire::Channel& channel,
                                    std::string_view) {
  const auto& s3 = *channel.DataSource.S3DataSource;
  const s3::Location at = TRY(s3::parse_uri(s3.S3Uri));
  auto made = [&]() -> Result<std::string> {
    const auto text = TRY(read_object(stores, at.bucket, at.key, manifest_bytes_max));
    const auto units = TRY(units_of(stores, text, s3.S3Uri, *s3.AttributeNames));
    const bool is_fetched = std::any_of(units.begin(), units.end(), [](const auto& unit) {
      return std::any_of(unit.begin(), unit.end(), [](const Piece& p) { return p.is_elsewhere; });
    });
    return (is_fetched ? std::string(list_front) : "") + TRY(stores.snapshots.sequence(units));
  }();
  if (made) return made;
  return in_context(made.error(), fmt::format("read the augmented manifest {} of channel '{}'",
                                              s3.S3Uri, channel.ChannelName));
}

}  // namespace

const Source augmented_manifest{is_of, check_augmented, stage_augmented, show_objects};

}  // namespace trainyard::channels
