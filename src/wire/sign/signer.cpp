#include "wire/sign/signer.hpp"

#include <algorithm>

namespace trainyard::wire {

std::vector<RequestView::Field> sign_request(const RequestView& request,
                                             const Credentials& credentials,
                                             std::string_view region, std::string_view service,
                                             std::string_view payload_hash, Time now) {
  const std::string timestamp = amz_date(now);
  const std::string date = timestamp.substr(0, 8);
  std::vector<RequestView::Field> added = {{"x-amz-date", timestamp}};
  if (service == "s3") added.emplace_back("x-amz-content-sha256", payload_hash);
  if (!credentials.session_token.empty())
    added.emplace_back("x-amz-security-token", credentials.session_token);

  std::vector<RequestView::Field> all(request.headers.begin(), request.headers.end());
  all.insert(all.end(), added.begin(), added.end());
  std::vector<std::string> names;
  for (const auto& field : all)
    names.push_back(lower_case(field.first));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  const std::string scope = scope_of(date, region, service);
  const RequestView whole(request.method, request.path, request.query, all);
  const std::string canonical = canonical_request(whole, service, names, payload_hash);
  const Digest256 key = signing_key(credentials.secret_key, date, region, service);
  std::string header(sigv4_algorithm);
  ((header += " Credential=") += credentials.access_key) += '/';
  (header += scope) += ", SignedHeaders=";
  for (const std::string& name : names)
    (header += name) += ';';
  header.back() = ',';  // in the place of the last ';'
  (header += " Signature=") += sign_text(key, string_to_sign(timestamp, scope, canonical));
  added.emplace_back("Authorization", std::move(header));
  return added;
}

}  // namespace trainyard::wire
