#pragma once
/// The canonical texts that AWS signatures are made of, shared by who signs and who verifies.
///
/// Source: "Create a signed AWS API request" (SigV4) and "Signature Calculations for the
/// Authorization Header" of the S3 API reference, compared with what botocore sends. Strings and
/// hashes only, so that the toolkit links nothing else. Thread-safe.

#include "base/hash.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::wire {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// What a signature looks at. Views: what it was made from must outlive it.
struct RequestView {
  using Field = std::pair<std::string, std::string>;
  std::string_view method;
  std::string_view path;   ///< still percent-encoded, without the query
  std::string_view query;  ///< still percent-encoded, without '?'
  std::span<const Field> headers;

  RequestView(std::string_view method_, std::string_view path_, std::string_view query_,
              std::span<const Field> headers_)
      : method(method_), path(path_), query(query_), headers(headers_) {}
  /// From a RequestHead, without this folder's knowing that type.
  template <class Head>
    requires requires(const Head& head) {
      head.target;
      head.headers.begin();
    }
  RequestView(const Head& head)  // implicit: a head is a request
      : method(head.method), path(head.path), query(head.query),
        headers(head.headers.begin(), head.headers.end()) {}
};

/// How path and query enter the canonical request. Nearly every client signs them as it sends them.
/// Some send "(" or "+" bare and sign the encoded form that AWS documents; both name one resource.
enum class Spelling { as_sent, encoded };

/// The raw (name, value) pairs of a query string in their order; a name without '=' has the value
/// "". Empty pieces ("a&&b") are dropped.
std::vector<std::pair<std::string_view, std::string_view>> split_query(std::string_view raw);

/// S3 signs the path once encoded, as is. Other services collapse "//", "." and ".." and encode the
/// encoded path again.
std::string canonical_path(std::string_view raw_path, std::string_view service, Spelling spelling);

/// The query sorted by name and value, without the pairs named `left_out`.
std::string canonical_query(std::string_view raw_query, std::string_view left_out,
                            Spelling spelling);

/// All values of the fields of that (lower-case) name, trimmed, inner white space collapsed, joined
/// by commas. "" where there is none.
std::string canonical_header(std::span<const RequestView::Field> headers, std::string_view name);

/// True if a field of that (lower-case) name is there.
bool has_header(std::span<const RequestView::Field> headers, std::string_view name);

/// ASCII letters made small, as header names are signed.
std::string lower_case(std::string_view text);

/// The canonical request. `signed_headers` are lower-case, in the order in which they are signed.
std::string canonical_request(const RequestView& request, std::string_view service,
                              std::span<const std::string> signed_headers,
                              std::string_view payload_hash,
                              std::string_view left_out_of_query = "",
                              Spelling spelling = Spelling::as_sent);

/// "20261123/us-east-1/s3/aws4_request"
std::string scope_of(std::string_view date, std::string_view region, std::string_view service);

/// What SigV4 puts under the HMAC. `timestamp` is "20261123T192652Z".
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request);

/// The key that SigV4 derives from a secret for one day, region and service.
Digest256 signing_key(std::string_view secret, std::string_view date, std::string_view region,
                      std::string_view service);

/// Lower-case hex of the signature.
std::string sign_text(const Digest256& key, std::string_view text);

}  // namespace trainyard::wire
