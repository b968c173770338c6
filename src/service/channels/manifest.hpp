#pragma once
/// Manifests: which objects a channel has, as a file says it. Pure.

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::channels {

/// `[{"prefix": "s3://BUCKET/PREFIX"}, "rest of a key", ...]`
/// (SageMaker API, S3DataSource, ManifestFile).
struct Manifest {
  std::string bucket, prefix;
  std::vector<std::string> keys;  ///< whole, in the manifest's order
};
/// An error (`invalid`) tells the line of what is no JSON, or which entry is wrong and why.
Result<Manifest> parse_manifest(std::string_view text);

/// One attribute of a line of an augmented manifest, as it is delivered.
struct Attribute {
  bool is_reference = false;  ///< an object's content, where the attribute's name ends in "-ref"
  std::string value;  ///< the object's s3:// URI; else a string's text or another value's JSON
};
/// The attributes named, in their order, of one line: a JSON object. An error (`invalid`) says what
/// the line lacks.
Result<std::vector<Attribute>> parse_augmented_line(std::string_view line,
                                                    const std::vector<std::string>& names);

}  // namespace trainyard::channels
