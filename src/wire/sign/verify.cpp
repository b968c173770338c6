#include "wire/sign/verify.hpp"

#include "base/encoding.hpp"
#include "wire/sign/presigned_v2.hpp"

#include <algorithm>

namespace trainyard::wire {
namespace {

constexpr Millis skew_max = std::chrono::minutes(15);
constexpr std::size_t shown_bytes_max = 4096;  // of a canonical request in an error message

Failure refused(const char* code, std::string message) {
  return fail(ErrorKind::denied, code, std::move(message));
}

Result<> check_presigned_time(const Signature& s, Time now) {
  if (now > *s.expires_at)
    return refused(auth_code::request_expired, "Request has expired: the URL was good until " +
                                                   iso8601(*s.expires_at) + ", it is " +
                                                   iso8601(now) + ". Presign a new one.");
  if (s.kind == Signature::Kind::presigned_v4 && now + skew_max < s.signed_at)
    return refused(auth_code::request_expired,
                   "Request is not yet valid: the URL was signed for " + iso8601(s.signed_at) +
                       ", it is " + iso8601(now) +
                       ". Set the clock of the machine that signed it.");
  return {};
}

// The first words are those of AWS: clients look for them.
Result<> check_time(const Signature& s, Time now) {
  if (s.kind != Signature::Kind::header_v4) return check_presigned_time(s, now);
  if (s.signed_at < now - skew_max)
    return refused(auth_code::skewed, "Signature expired: " + s.timestamp +
                                          " is now earlier than " + amz_date(now - skew_max) +
                                          " (" + amz_date(now) +
                                          " - 15 min.). Set the client's clock, or sign anew.");
  if (s.signed_at > now + skew_max)
    return refused(auth_code::skewed, "Signature not yet current: " + s.timestamp +
                                          " is still later than " + amz_date(now + skew_max) +
                                          " (" + amz_date(now) +
                                          " + 15 min.). Set the client's clock.");
  return {};
}

bool is_signed(const Signature& s, std::string_view name) {
  return std::find(s.signed_headers.begin(), s.signed_headers.end(), name) !=
         s.signed_headers.end();
}

// A header that changes what a request means must be signed, and what is signed must be there.
Result<> check_signed_headers(const Signature& s, const RequestView& request) {
  if (!is_signed(s, "host"))
    return refused(auth_code::denied, "The header 'host' must be signed: the signature would be "
                                      "good for any service.");
  for (const std::string& name : s.signed_headers)
    if (!has_header(request.headers, name))
      return refused(auth_code::mismatch,
                     "The header '" + name.substr(0, 128) +
                         "' is signed but not in the request. A proxy may have removed it.");
  for (const auto& [field, value] : request.headers) {
    const std::string name = lower_case(field);
    if (name.starts_with("x-amz-") && !is_signed(s, name))
      return refused(auth_code::denied,
                     "There were headers present in the request which were not signed: " +
                         name.substr(0, 128));
  }
  if (s.kind == Signature::Kind::header_v4 && !is_signed(s, "x-amz-date") && !is_signed(s, "date"))
    return refused(auth_code::denied, "Either 'x-amz-date' or 'date' must be signed.");
  return {};
}

std::string mismatch_text(const Signature& s, const std::string& canonical,
                          const std::string& to_sign) {
  std::string out = "The request signature we calculated does not match the signature you "
                    "provided. Check your AWS Secret Access Key and signing method.";
  if (s.service == "s3" && s.payload_hash.empty())
    out += " The request has no x-amz-content-sha256 header, which S3 clients send: with `curl "
           "--aws-sigv4 -T FILE` add -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'.";
  if (canonical.size() <= shown_bytes_max)
    out += "\n\nThe Canonical String for this request should have been\n'" + canonical +
           "'\n\nThe String-to-Sign should have been\n'" + to_sign + "'";
  return out;
}

Result<> verify_v4(const Signature& s, const RequestView& request, std::string_view secret,
                   std::string_view payload_hash) {
  const Digest256 key = signing_key(secret, s.date, s.region, s.service);
  const std::string scope = s.scope();
  const std::string_view left_out =
      s.kind == Signature::Kind::presigned_v4 ? "X-Amz-Signature" : std::string_view();
  const auto text_of = [&](Spelling spelling) {
    return canonical_request(request, s.service, s.signed_headers, payload_hash, left_out,
                             spelling);
  };
  const auto is_signed_by = [&](const std::string& canonical) {
    const std::string text = string_to_sign(s.timestamp, scope, canonical);
    return equal_in_constant_time(sign_text(key, text), s.signature);
  };
  const std::string as_sent = text_of(Spelling::as_sent);
  if (is_signed_by(as_sent)) return {};
  const std::string encoded = text_of(Spelling::encoded);
  if (encoded != as_sent && is_signed_by(encoded)) return {};
  return refused(auth_code::mismatch,
                 mismatch_text(s, encoded, string_to_sign(s.timestamp, scope, encoded)));
}

Result<> verify_v2(const Signature& s, const RequestView& request, std::string_view secret) {
  const std::string expires = std::to_string(to_ms(*s.expires_at) / 1000);
  const std::string text = presigned_v2_text(request, expires);
  if (equal_in_constant_time(base64(hmac_sha1(secret, text)), s.signature)) return {};
  return refused(auth_code::mismatch,
                 "The request signature we calculated does not match the signature you provided. "
                 "Check your key and signing method." +
                     (text.size() <= shown_bytes_max
                          ? "\n\nThe String-to-Sign should have been\n'" + text + "'"
                          : std::string()));
}

}  // namespace

Result<> verify_signature(const Signature& s, const RequestView& request, std::string_view secret,
                          std::optional<std::string_view> body_hash, Time now) {
  if (s.kind == Signature::Kind::none)
    return refused(auth_code::missing, "Missing Authentication Token: sign the request. `trainyard "
                                       "env` prints the variables that an AWS client needs.");
  TRY(check_time(s, now));
  if (s.kind == Signature::Kind::presigned_v2) return verify_v2(s, request, secret);
  TRY(check_signed_headers(s, request));
  if (body_hash) TRY(check_body_hash(s, *body_hash));
  if (s.payload == Signature::Payload::unsigned_payload)
    return verify_v4(s, request, secret, unsigned_payload);
  if (s.payload != Signature::Payload::hash_of_body)
    return verify_v4(s, request, secret, s.payload_hash);
  if (!body_hash)
    return fail(ErrorKind::invalid, auth_code::incomplete,
                "Missing required header for this request: x-amz-content-sha256");
  return verify_v4(s, request, secret, *body_hash);
}

Result<> check_body_hash(const Signature& s, std::string_view body_hash) {
  if (s.payload != Signature::Payload::declared || s.payload_hash == body_hash) return {};
  return fail(ErrorKind::invalid, auth_code::body_mismatch,
              "The provided 'x-amz-content-sha256' header does not match what was computed: the "
              "body has " +
                  std::string(body_hash) + ", the header says " + s.payload_hash +
                  ". The body changed on its way.");
}

ChunkKey chunk_key(const Signature& s, std::string_view secret) {
  return {signing_key(secret, s.date, s.region, s.service), s.timestamp, s.scope(), s.signature};
}

}  // namespace trainyard::wire
