#include "service/api/s3/complete_request.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/api/s3/errors.hpp"
#include "wire/xml.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::api {
namespace {

constexpr std::size_t body_bytes_max = 8u << 20, parts_max = 10'000;
constexpr std::int64_t part_bytes_min = 5 << 20;  // of all but the last

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

// Of "<ChecksumCRC32>...": any of them, since an upload has one algorithm.
std::string checksum_in(const pugi::xml_node& part) {
  for (const auto child : part.children())
    if (std::string_view(child.name()).starts_with("Checksum")) return child.child_value();
  return "";
}

Failure invalid_part() {
  return bad_request("InvalidPart",
                     "One or more of the specified parts could not be found. The part may not have "
                     "been uploaded, or the specified entity tag may not match the part's entity "
                     "tag.");
}

std::string composite(wire::ChecksumAlgorithm algorithm, const std::vector<store::PartRow>& parts) {
  wire::Checksum all(algorithm);
  for (const auto& part : parts)
    if (const auto raw = unbase64(part.checksum)) all.update(as_text(*raw));
  return fmt::format("{}-{}", all.finish(), parts.size());
}

std::optional<std::string> whole(wire::ChecksumAlgorithm algorithm,
                                 const std::vector<store::PartRow>& parts) {
  std::optional<std::string> out = parts.front().checksum;
  for (std::size_t i = 1; out && i < parts.size(); ++i)
    out = wire::combine_checksums(algorithm, *out, parts[i].checksum, std::uint64_t(parts[i].size));
  return out;
}

// The header that holds a checksum of the whole object.
Result<std::optional<wire::ChecksumAlgorithm>> given_checksum(const wire::RequestHead& head) {
  const auto algorithm = TRY(requested_checksum(head));
  if (algorithm && head.headers.find(wire::header_name(*algorithm))) return algorithm;
  return std::optional<wire::ChecksumAlgorithm>();
}

}  // namespace

Result<std::vector<ListedPart>> parse_complete_request(const std::string& body) {
  const auto document = wire::parse_xml(body, body_bytes_max);
  if (!document) return malformed_xml();
  std::vector<ListedPart> out;
  for (const auto part : document->child("CompleteMultipartUpload").children("Part")) {
    ListedPart listed{part.child("PartNumber").text().as_llong(),
                      unquoted(part.child_value("ETag")), checksum_in(part)};
    if (listed.n < 1 || listed.n > std::int64_t(parts_max) || listed.etag.empty())
      return malformed_xml();
    if (!out.empty() && out.back().n >= listed.n)
      return bad_request("InvalidPartOrder", "The list of parts was not in ascending order. Parts "
                                             "must be ordered by part number.");
    out.push_back(std::move(listed));
  }
  if (out.empty()) return malformed_xml();
  return out;
}

Result<std::vector<store::PartRow>> choose_parts(const std::vector<ListedPart>& listed,
                                                 const std::vector<store::PartRow>& rows) {
  std::vector<store::PartRow> out;
  for (const auto& part : listed) {
    const auto row = std::lower_bound(rows.begin(), rows.end(), part.n,
                                      [](const auto& r, std::int64_t n) { return r.n < n; });
    if (row == rows.end() || row->n != part.n || row->md5 != part.etag) return invalid_part();
    if (!part.checksum.empty() && !row->checksum.empty() && part.checksum != row->checksum)
      return invalid_part();
    if (&part != &listed.back() && row->size < part_bytes_min)
      return bad_request("EntityTooSmall",
                         "Your proposed upload is smaller than the minimum allowed size");
    out.push_back(*row);
  }
  return out;
}

std::string etag_of(const std::vector<ListedPart>& listed) {
  Md5 all;
  for (const auto& part : listed)
    if (const auto raw = unhex(part.etag)) all.update(*raw);
  return fmt::format("{}-{}", hex(all.finish()), listed.size());
}

Result<> set_checksum(const std::vector<store::PartRow>& parts, const wire::RequestHead& head,
                      StoredHeaders& stored) {
  const auto given = TRY(given_checksum(head));
  if (given && wire::api_name(*given) != stored.ChecksumAlgorithm.value_or(""))
    return bad_request("InvalidRequest", fmt::format("Checksum Type mismatch occurred, expected "
                                                     "checksum Type: {}, actual checksum Type: {}",
                                                     stored.ChecksumAlgorithm.value_or("null"),
                                                     wire::api_name(*given)));
  if (!stored.ChecksumAlgorithm) return {};
  const auto algorithm = wire::checksum_algorithm(*stored.ChecksumAlgorithm);
  if (!algorithm) return fail_internal("complete an upload: its row names no checksum algorithm");
  stored.Checksum = stored.ChecksumType == "FULL_OBJECT" ? whole(*algorithm, parts)
                                                         : composite(*algorithm, parts);
  if (given && stored.Checksum && head.headers.get(wire::header_name(*given)) != *stored.Checksum)
    return bad_request("BadDigest", fmt::format("The {} you specified did not match the calculated "
                                                "checksum.",
                                                *stored.ChecksumAlgorithm));
  return {};
}

}  // namespace trainyard::api
