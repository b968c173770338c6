#include "base/encoding.hpp"
#include "wire/sign/dates.hpp"
#include "wire/sign/verify.hpp"

#include <algorithm>

namespace trainyard::wire {
namespace {

using RawQuery = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr std::size_t query_parameters_max = 1000;
constexpr std::size_t signed_headers_max = 100;
constexpr std::size_t name_bytes_max = 128;  // of an access key, a region, a service
constexpr int presigned_seconds_max = 7 * 24 * 3600;

Failure unreadable(std::string message) {
  return fail(ErrorKind::denied, auth_code::incomplete, std::move(message));
}

Failure bad_argument(std::string message) {
  return fail(ErrorKind::invalid, "InvalidArgument", std::move(message));
}

// The one header of that name, nothing where there is none; two are refused: which one counts?
Result<std::optional<std::string>> single_header(const RequestView& request,
                                                 std::string_view name) {
  std::size_t count = 0;
  const RequestView::Field* found = nullptr;
  for (const auto& field : request.headers) {
    const std::span<const RequestView::Field> one(&field, 1);
    if (!has_header(one, name)) continue;
    found = &field;
    ++count;
  }
  if (count > 1) return unreadable("The header '" + std::string(name) + "' is there twice.");
  if (!found) return std::nullopt;
  return canonical_header(std::span(found, 1), name);
}

Result<std::optional<std::string>> single_parameter(const RawQuery& query, std::string_view name) {
  const auto is_it = [name](const auto& pair) { return pair.first == name; };
  const auto it = std::find_if(query.begin(), query.end(), is_it);
  if (it == query.end()) return std::nullopt;
  if (std::find_if(it + 1, query.end(), is_it) != query.end())
    return unreadable("The query parameter '" + std::string(name) + "' is there twice.");
  auto plain = percent_decode(it->second, true);
  if (!plain) return unreadable("The query parameter '" + std::string(name) + "' is not encoded.");
  return *plain;
}

Result<std::string> required_parameter(const RawQuery& query, std::string_view name) {
  auto value = TRY(single_parameter(query, name));
  if (!value || value->empty())
    return unreadable("A presigned URL needs the query parameter '" + std::string(name) +
                      "': pass the URL on whole, as it was made.");
  return *std::move(value);
}

bool is_lower_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// An access key's characters, and those of regions and services.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// "AKID/20261123/us-east-1/s3/aws4_request"
Result<> read_credential(std::string_view text, Signature& out) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size() && parts.size() < 6;) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() != 5 || parts[4] != "aws4_request")
    return unreadable("The credential must be ACCESS_KEY/YYYYMMDD/REGION/SERVICE/aws4_request.");
  if (!is_name(parts[0]) || !is_name(parts[2]) || !is_name(parts[3]))
    return unreadable("The credential's access key, region and service must be 1 to 128 letters, "
                      "digits, '-', '_' or '.'.");
  out.access_key = parts[0];
  out.date = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  return {};
}

Result<> read_signed_headers(std::string_view text, Signature& out) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::string_view name = text.substr(at, end - at);
    const bool is_lower =
        std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (name.empty() || !is_lower)
      return unreadable("SignedHeaders must be lower-case header names between semicolons.");
    if (out.signed_headers.size() == signed_headers_max)
      return unreadable("More than 100 headers are signed.");
    out.signed_headers.emplace_back(name);
    at = end + 1;
  }
  return {};
}

Result<> read_v4_signature(std::string_view text, Signature& out) {
  if (!is_lower_hex(text, 64))
    return unreadable("The signature must be 64 lower-case hexadecimal digits.");
  out.signature = text;
  return {};
}

// Sets the time and compares the scope's day with it: a key of another day signs nothing today.
Result<> read_date(std::string_view text, Signature& out) {
  auto time = parse_amz_date(text);
  if (!time) time = parse_http_date(text);
  if (!time)
    return unreadable("The request's time must be in the form 20261123T192652Z: it is '" +
                      std::string(text.substr(0, 64)) + "'.");
  out.signed_at = *time;
  out.timestamp = amz_date(*time);
  if (out.timestamp.substr(0, 8) != out.date)
    return fail(ErrorKind::denied, auth_code::mismatch,
                "The credential's date '" + out.date.substr(0, 64) +
                    "' is not the day of the request's time '" + out.timestamp + "'.");
  return {};
}

// What x-amz-content-sha256 (header or query) says.
Result<> read_payload(const std::optional<std::string>& text, Signature& out) {
  if (!text) return {};
  out.payload_hash = *text;
  if (is_lower_hex(*text, 64)) {
    out.payload = Signature::Payload::declared;
    return {};
  }
  if (*text == unsigned_payload)
    out.payload = Signature::Payload::unsigned_payload;
  else if (*text == "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    out.payload = Signature::Payload::unsigned_trailer;
  else if (*text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    out.payload = Signature::Payload::signed_chunks;
  else if (*text == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
    out.payload = Signature::Payload::signed_chunks_trailer;
  else
    return bad_argument(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a "
        "valid sha256 value.");
  if (out.service != "s3")
    return bad_argument("Only S3 takes bodies that are unsigned or signed in chunks: sign the "
                        "body's SHA-256.");
  return {};
}

// The parts of "Credential=..., SignedHeaders=..., Signature=...", each once, in any order.
Result<> read_authorization(std::string_view rest, Signature& out) {
  std::optional<std::string_view> credential, names, signature;
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    while (part.starts_with(' '))
      part.remove_prefix(1);
    while (part.ends_with(' '))
      part.remove_suffix(1);
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    std::optional<std::string_view>* slot = name == "Credential"      ? &credential
                                            : name == "SignedHeaders" ? &names
                                            : name == "Signature"     ? &signature
                                                                      : nullptr;
    if (!slot || *slot || equals == part.size())
      return unreadable("The Authorization header must be 'AWS4-HMAC-SHA256 Credential=..., "
                        "SignedHeaders=..., Signature=...', each part once.");
    *slot = part.substr(equals + 1);
  }
  if (!credential) return unreadable("Authorization header requires 'Credential' parameter.");
  if (!names) return unreadable("Authorization header requires 'SignedHeaders' parameter.");
  if (!signature) return unreadable("Authorization header requires 'Signature' parameter.");
  TRY(read_credential(*credential, out));
  TRY(read_signed_headers(*names, out));
  return read_v4_signature(*signature, out);
}

Result<Signature> parse_header_form(const RequestView& request, std::string_view authorization) {
  Signature out;
  out.kind = Signature::Kind::header_v4;
  if (!authorization.starts_with(sigv4_algorithm) ||
      authorization.substr(sigv4_algorithm.size(), 1) != " ")
    return unreadable("The authorization mechanism you have provided is not supported. Please use "
                      "AWS4-HMAC-SHA256.");
  TRY(read_authorization(authorization.substr(sigv4_algorithm.size() + 1), out));
  auto date = TRY(single_header(request, "x-amz-date"));
  if (!date) date = TRY(single_header(request, "date"));
  if (!date) return unreadable("A signed request needs the header X-Amz-Date (or Date).");
  TRY(read_date(*date, out));
  TRY(read_payload(TRY(single_header(request, "x-amz-content-sha256")), out));
  out.session_token = TRY(single_header(request, "x-amz-security-token")).value_or("");
  return out;
}

// Decimal digits only, 1 to `max`.
Result<std::int64_t> read_seconds(const std::string& text, std::string_view name,
                                  std::int64_t max) {
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > max)
      value = max + 1;
    else
      value = value * 10 + (c - '0');
  }
  if (value < 1 || value > max)
    return unreadable(std::string(name) + " must be a whole number of seconds from 1 to " +
                      std::to_string(max) + ".");
  return value;
}

Result<Signature> parse_presigned_v4(const RequestView& request, const RawQuery& query) {
  Signature out;
  out.kind = Signature::Kind::presigned_v4;
  if (TRY(required_parameter(query, "X-Amz-Algorithm")) != sigv4_algorithm)
    return unreadable("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\".");
  TRY(read_credential(TRY(required_parameter(query, "X-Amz-Credential")), out));
  TRY(read_signed_headers(TRY(required_parameter(query, "X-Amz-SignedHeaders")), out));
  TRY(read_v4_signature(TRY(required_parameter(query, "X-Amz-Signature")), out));
  TRY(read_date(TRY(required_parameter(query, "X-Amz-Date")), out));
  const std::int64_t seconds = TRY(read_seconds(TRY(required_parameter(query, "X-Amz-Expires")),
                                                "X-Amz-Expires", presigned_seconds_max));
  out.expires_at = out.signed_at + std::chrono::seconds(seconds);
  auto payload = TRY(single_parameter(query, "X-Amz-Content-Sha256"));
  if (!payload) payload = TRY(single_header(request, "x-amz-content-sha256"));
  if (!payload && out.service == "s3") payload = unsigned_payload;
  TRY(read_payload(payload, out));
  out.session_token = TRY(single_parameter(query, "X-Amz-Security-Token")).value_or("");
  return out;
}

Result<Signature> parse_presigned_v2(const RequestView& request, const RawQuery& query) {
  Signature out;
  out.kind = Signature::Kind::presigned_v2;
  out.service = "s3";
  out.payload = Signature::Payload::unsigned_payload;
  out.payload_hash = unsigned_payload;
  out.access_key = TRY(required_parameter(query, "AWSAccessKeyId"));
  if (!is_name(out.access_key)) return unreadable("AWSAccessKeyId is no access key.");
  out.signature = TRY(required_parameter(query, "Signature"));
  constexpr std::int64_t year_9999 = 253'402'300'799;
  const auto seconds =
      TRY(read_seconds(TRY(required_parameter(query, "Expires")), "Expires", year_9999));
  out.expires_at = from_ms(seconds * 1000);
  out.session_token = TRY(single_parameter(query, "x-amz-security-token")).value_or("");
  if (out.session_token.empty())
    out.session_token = TRY(single_header(request, "x-amz-security-token")).value_or("");
  return out;
}

}  // namespace

Result<Signature> parse_signature(const RequestView& request) {
  const RawQuery query = split_query(request.query);
  if (query.size() > query_parameters_max)
    return bad_argument("The request has more than 1000 query parameters.");
  const auto has = [&query](std::string_view name) {
    return std::any_of(query.begin(), query.end(),
                       [name](const auto& pair) { return pair.first == name; });
  };
  const bool by_v4 = has("X-Amz-Algorithm") || has("X-Amz-Credential") || has("X-Amz-Signature");
  const bool by_v2 = has("AWSAccessKeyId") || (has("Signature") && has("Expires"));
  const auto authorization = TRY(single_header(request, "authorization"));
  if (int(by_v4) + int(by_v2) + int(authorization.has_value()) > 1)
    return bad_argument("Only one auth mechanism allowed; only the X-Amz-Algorithm query "
                        "parameter, Signature query string parameter or the Authorization header "
                        "should be specified");
  if (authorization) return parse_header_form(request, *authorization);
  if (by_v4) return parse_presigned_v4(request, query);
  if (by_v2) return parse_presigned_v2(request, query);
  return Signature{};
}

}  // namespace trainyard::wire
