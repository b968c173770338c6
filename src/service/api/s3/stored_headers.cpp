#include "service/api/s3/stored_headers.hpp"

#include "base/encoding.hpp"
#include "service/api/s3/errors.hpp"
#include "wire/aws_chunked.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace trainyard::api {
namespace {

constexpr std::size_t metadata_bytes_max = 2048;
constexpr std::string_view metadata_prefix = "x-amz-meta-";
constexpr std::string_view checksum_prefix = "x-amz-checksum-";

struct ContentHeader {
  const char* name;
  std::optional<std::string> StoredHeaders::* member;
};
constexpr std::array<ContentHeader, 6> content_headers{{
    {"Content-Type", &StoredHeaders::ContentType},
    {"Cache-Control", &StoredHeaders::CacheControl},
    {"Content-Disposition", &StoredHeaders::ContentDisposition},
    {"Content-Encoding", &StoredHeaders::ContentEncoding},
    {"Content-Language", &StoredHeaders::ContentLanguage},
    {"Expires", &StoredHeaders::Expires},
}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return out;
}

// Rows are JSON, so text: a header of other bytes is taken as Latin-1, which HTTP says it is.
std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) out += char(0xc0 | (byte >> 6));
    out += byte < 0x80 ? c : char(0x80 | (byte & 0x3f));
  }
  return out;
}

bool names_checksum(std::string_view header) {
  return header.starts_with(checksum_prefix) && header != "x-amz-checksum-mode" &&
         header != "x-amz-checksum-algorithm" && header != "x-amz-checksum-type";
}

}  // namespace

Result<StoredHeaders> stored_headers(const wire::RequestHead& head) {
  StoredHeaders out;
  for (const auto& [name, member] : content_headers)
    if (const auto value = head.headers.find(name)) out.*member = as_utf8(*value);
  if (out.ContentEncoding) {
    *out.ContentEncoding = wire::without_aws_chunked(*out.ContentEncoding);
    if (out.ContentEncoding->empty()) out.ContentEncoding.reset();
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : head.headers) {
    const std::string small = lower(name);
    if (!small.starts_with(metadata_prefix)) continue;
    const std::string key = small.substr(metadata_prefix.size());
    bytes += key.size() + value.size();
    std::string& kept = out.Metadata[key];
    kept += (kept.empty() ? "" : ",") + as_utf8(value);
  }
  if (bytes > metadata_bytes_max)
    return bad_request("MetadataTooLarge",
                       "Your metadata headers exceed the maximum allowed metadata size");
  return out;
}

Result<StoredHeaders> parse_stored_headers(const std::string& json) {
  return wire::decode<StoredHeaders>(json);
}

void add_content_headers(const StoredHeaders& stored, wire::Headers& out) {
  for (const auto& [name, member] : content_headers)
    if (const auto& value = stored.*member) out.add(name, *value);
  if (!stored.ContentType) out.add("Content-Type", "binary/octet-stream");
  for (const auto& [name, value] : stored.Metadata)
    out.add(std::string(metadata_prefix) + name, value);
}

void add_checksum(const StoredHeaders& stored, wire::Headers& out) {
  if (!stored.Checksum || !stored.ChecksumAlgorithm) return;
  const auto algorithm = wire::checksum_algorithm(*stored.ChecksumAlgorithm);
  if (!algorithm) return;
  out.add(std::string(wire::header_name(*algorithm)), *stored.Checksum);
  out.add("x-amz-checksum-type", stored.ChecksumType.value_or("FULL_OBJECT"));
}

Result<std::optional<wire::ChecksumAlgorithm>> requested_checksum(const wire::RequestHead& head) {
  std::string named = lower(head.headers.get("x-amz-trailer"));
  for (const auto& [name, value] : head.headers) {
    const std::string small = lower(name);
    if (!names_checksum(small)) continue;
    if (names_checksum(named))
      return bad_request("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple "
                                           "checksum Types are not allowed.");
    named = small;
  }
  if (!names_checksum(named)) named = std::string(head.headers.get("x-amz-sdk-checksum-algorithm"));
  if (named.empty()) named = std::string(head.headers.get("x-amz-checksum-algorithm"));
  if (named.empty()) return std::optional<wire::ChecksumAlgorithm>();
  if (const auto algorithm = wire::checksum_algorithm(named)) return algorithm;
  return bad_request("InvalidRequest",
                     fmt::format("Checksum algorithm provided is unsupported: {}. Please try again "
                                 "with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, "
                                 "SHA256]",
                                 named));
}

}  // namespace trainyard::api
