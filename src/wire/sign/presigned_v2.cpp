#include "wire/sign/presigned_v2.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace trainyard::wire {
namespace {

// The query parameters that name another resource or change the answer. Others are not signed.
constexpr std::array<std::string_view, 35> sub_resources = {
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
};

// Of a header or of a parameter in its place.
bool is_signed_field(std::string_view lower_name) {
  return lower_name == "content-md5" || lower_name == "content-type" ||
         lower_name.starts_with("x-amz-");
}

std::string decoded(std::string_view raw) {
  return percent_decode(raw, true).value_or(std::string(raw));
}

std::string resource(const RequestView& request) {
  std::vector<std::pair<std::string_view, std::string>> signed_pairs;
  const auto query = split_query(request.query);
  for (const auto& [name, value] : query) {
    if (!std::binary_search(sub_resources.begin(), sub_resources.end(), name)) continue;
    // "uploads" and "uploads=" differ here, and only here.
    const char* end = name.data() + name.size();
    const bool has_equals = end < request.query.data() + request.query.size() && *end == '=';
    signed_pairs.emplace_back(name, has_equals ? "=" + decoded(value) : "");
  }
  std::sort(signed_pairs.begin(), signed_pairs.end());
  std::string out(request.path);
  char before = '?';
  for (const auto& [name, value] : signed_pairs) {
    ((out += before) += name) += value;
    before = '&';
  }
  return out;
}

}  // namespace

std::string presigned_v2_text(const RequestView& request, std::string_view expires) {
  // What a client presigns as a header travels as a query parameter, and as a header too if it is
  // sent again. Where the two differ the text fits neither, and the signature fails.
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : split_query(request.query))
    if (const std::string low = lower_case(name); is_signed_field(low))
      fields.emplace(low, decoded(value));
  for (const auto& [name, value] : request.headers) {
    const std::string low = lower_case(name);
    if (!is_signed_field(low)) continue;
    const std::string sent = canonical_header(request.headers, low);
    const auto [it, is_new] = fields.emplace(low, sent);
    if (!is_new && it->second != sent) it->second = "(differs)";
  }
  std::string out(request.method);
  ((out += '\n') += fields["content-md5"]) += '\n';
  ((out += fields["content-type"]) += '\n') += expires;
  out += '\n';
  for (const auto& [name, value] : fields)
    if (name.starts_with("x-amz-")) (((out += name) += ':') += value) += '\n';
  return out += resource(request);
}

}  // namespace trainyard::wire
