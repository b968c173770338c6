#include "wire/sign/canonical.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace trainyard::wire {
namespace {

constexpr std::size_t keys_max = 256;

// Trimmed, inner runs of blanks as one.
std::string trim_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Names and values decoded and encoded again, so that every spelling of a character signs alike;
// sorted.
std::string canonical_query(std::string_view query, std::string_view without) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const auto recode = [](std::string_view text) {
      const auto plain = percent_decode(text);
      return percent_encode(plain ? std::string_view(*plain) : text, false);
    };
    std::string name = recode(part.substr(0, equals));
    if (!without.empty() && name == without) continue;
    pairs.emplace_back(std::move(name),
                       equals == std::string_view::npos ? "" : recode(part.substr(equals + 1)));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    ((out += name) += '=') += value;
  }
  return out;
}

std::string joined_values(const Headers& headers, std::string_view name) {
  std::string out;
  bool first = true;
  for (const auto& [key, value] : headers) {
    if (!equal_ignoring_case(key, name)) continue;
    if (!first) out += ',';
    out += trim_value(value);
    first = false;
  }
  return out;
}

}  // namespace

std::string scope_of(std::string_view date, std::string_view region, std::string_view service) {
  return std::string(date) + "/" + std::string(region) + "/" + std::string(service) +
         "/aws4_request";
}

std::string canonical_request(const RequestHead& head, bool is_s3,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash, std::string_view without_parameter) {
  std::string out = head.method + "\n";
  out += is_s3 ? head.path : percent_encode(head.path, true);
  out += "\n" + canonical_query(head.query, without_parameter) + "\n";
  std::string names;
  for (const auto& name : signed_headers) {
    out += name + ":" + joined_values(head.headers, name) + "\n";
    if (!names.empty()) names += ';';
    names += name;
  }
  out += "\n" + names + "\n";
  out += payload_hash;
  return out;
}

std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical) {
  std::string out(sigv4_algorithm);
  (out += '\n') += timestamp;
  (out += '\n') += scope;
  return (out += '\n') += sha256_hex(canonical);
}

Digest256 signing_key(std::string_view secret, std::string_view date, std::string_view region,
                      std::string_view service) {
  static std::mutex mutex;
  static std::map<std::string, Digest256> known;
  std::string name(secret);
  for (const auto part : {date, region, service})
    (name += '\0') += part;
  {
    const std::lock_guard lock(mutex);
    if (const auto it = known.find(name); it != known.end()) return it->second;
  }
  Digest256 key = hmac_sha256("AWS4" + std::string(secret), date);
  for (const auto part : {region, service, std::string_view("aws4_request")})
    key = hmac_sha256(as_text(key), part);
  const std::lock_guard lock(mutex);
  if (known.size() >= keys_max) known.clear();
  known.emplace(std::move(name), key);
  return key;
}

std::string sign_text(const Digest256& key, std::string_view text) {
  return hex(hmac_sha256(as_text(key), text));
}

}  // namespace trainyard::wire
