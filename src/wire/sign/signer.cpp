#include "wire/sign/signer.hpp"

#include "wire/sign/canonical.hpp"

#include <algorithm>
#include <vector>

namespace trainyard::wire {
namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = char(c + 32);
  return text;
}

}  // namespace

void sign_head(RequestHead& head, const Credentials& credentials, std::string_view region,
               std::string_view service, std::string_view payload_hash, Time now) {
  const std::string timestamp = amz_date(now);
  const std::string date = timestamp.substr(0, 8);
  const bool is_s3 = service == "s3";
  head.headers.add("x-amz-date", timestamp);
  if (is_s3) head.headers.add("x-amz-content-sha256", std::string(payload_hash));
  if (!credentials.session_token.empty())
    head.headers.add("x-amz-security-token", credentials.session_token);
  std::vector<std::string> names;
  for (const auto& [name, value] : head.headers)
    names.push_back(lower(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string scope = scope_of(date, region, service);
  const std::string canonical = canonical_request(head, is_s3, names, payload_hash);
  const auto key = signing_key(credentials.secret_key, date, region, service);
  std::string joined;
  for (const auto& name : names)
    joined += (joined.empty() ? "" : ";") + name;
  head.headers.add("Authorization",
                   std::string(sigv4_algorithm) + " Credential=" + credentials.access_key + "/" +
                       scope + ", SignedHeaders=" + joined + ", Signature=" +
                       sign_text(key, string_to_sign(timestamp, scope, canonical)));
}

}  // namespace trainyard::wire
