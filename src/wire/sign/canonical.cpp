#include "wire/sign/canonical.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace trainyard::wire {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? char(c + 32) : c;
}

// `name` is lower-case already: signed header names are.
bool is_named(std::string_view field, std::string_view name) {
  return std::equal(field.begin(), field.end(), name.begin(), name.end(),
                    [](char a, char b) { return lower(a) == b; });
}

void append_collapsed(std::string& out, std::string_view value) {
  bool between = false;  // white space is owed, if another word follows
  const std::size_t start = out.size();
  for (const char c : value) {
    if (is_blank(c)) {
      between = out.size() > start;
    } else {
      if (between) out += ' ';
      between = false;
      out += c;
    }
  }
}

// A broken escape stays as it was sent: then there is but one spelling.
std::string reencoded(std::string_view raw, bool keep_slash, bool plus_is_space) {
  auto plain = percent_decode(raw, plus_is_space);
  return plain ? percent_encode(*plain, keep_slash) : std::string(raw);
}

// RFC 3986 5.2.4 and AWS's collapsing of "//".
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  std::string out;
  for (const std::string_view segment : kept)
    (out += '/') += segment;
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = lower(c);
  return out;
}

std::vector<std::pair<std::string_view, std::string_view>> split_query(std::string_view raw) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  while (!raw.empty()) {
    const std::string_view piece = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(piece.size() + 1, raw.size()));
    if (piece.empty()) continue;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    pairs.emplace_back(piece.substr(0, equals), piece.substr(std::min(equals + 1, piece.size())));
  }
  return pairs;
}

std::string canonical_path(std::string_view raw_path, std::string_view service, Spelling spelling) {
  if (raw_path.empty()) return "/";
  if (service != "s3") return percent_encode(without_dot_segments(raw_path), true);
  return spelling == Spelling::as_sent ? std::string(raw_path) : reencoded(raw_path, true, false);
}

std::string canonical_query(std::string_view raw_query, std::string_view left_out,
                            Spelling spelling) {
  const auto raw = split_query(raw_query);
  std::vector<std::pair<std::string, std::string>> pairs;
  pairs.reserve(raw.size());
  for (const auto& [name, value] : raw) {
    if (!left_out.empty() && name == left_out) continue;
    if (spelling == Spelling::as_sent)
      pairs.emplace_back(name, value);
    else
      pairs.emplace_back(reencoded(name, false, true), reencoded(value, false, true));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  out.reserve(raw_query.size() + pairs.size());
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    ((out += name) += '=') += value;
  }
  return out;
}

std::string canonical_header(std::span<const RequestView::Field> headers, std::string_view name) {
  std::string out;
  bool first = true;
  for (const auto& [field, value] : headers) {
    if (!is_named(field, name)) continue;
    if (!first) out += ',';
    first = false;
    append_collapsed(out, value);
  }
  return out;
}

bool has_header(std::span<const RequestView::Field> headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const auto& field) { return is_named(field.first, name); });
}

std::string canonical_request(const RequestView& request, std::string_view service,
                              std::span<const std::string> signed_headers,
                              std::string_view payload_hash, std::string_view left_out_of_query,
                              Spelling spelling) {
  std::string out;
  out.reserve(512);
  (out += request.method) += '\n';
  (out += canonical_path(request.path, service, spelling)) += '\n';
  (out += canonical_query(request.query, left_out_of_query, spelling)) += '\n';
  std::string names;
  for (const std::string& name : signed_headers) {
    (((out += name) += ':') += canonical_header(request.headers, name)) += '\n';
    if (!names.empty()) names += ';';
    names += name;
  }
  (((out += '\n') += names) += '\n') += payload_hash;
  return out;
}

std::string scope_of(std::string_view date, std::string_view region, std::string_view service) {
  std::string out(date);
  ((((out += '/') += region) += '/') += service) += "/aws4_request";
  return out;
}

std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request) {
  std::string out(sigv4_algorithm);
  ((((out += '\n') += timestamp) += '\n') += scope) += '\n';
  return out += sha256_hex(canonical_request);
}

Digest256 signing_key(std::string_view secret, std::string_view date, std::string_view region,
                      std::string_view service) {
  std::string first = "AWS4";
  first += secret;
  const Digest256 of_date = hmac_sha256(first, date);
  const Digest256 of_region = hmac_sha256(as_text(of_date), region);
  const Digest256 of_service = hmac_sha256(as_text(of_region), service);
  return hmac_sha256(as_text(of_service), "aws4_request");
}

std::string sign_text(const Digest256& key, std::string_view text) {
  return hex(hmac_sha256(as_text(key), text));
}

}  // namespace trainyard::wire
