#pragma once
/// What an agent needs of S3: list, get into a file, put a stream of unknown length. Over the
/// public API, signed like any other client's requests, so that the service alone writes rows.
///
/// Every operation may be repeated and is, by `Retry`, while the service is away. Bodies are signed
/// as UNSIGNED-PAYLOAD with a signed x-amz-checksum-crc32: a part that was damaged on its way is
/// refused by the service, and the bytes are hashed once (there), not twice.

#include "agent/channels/http_exchange.hpp"
#include "agent/channels/retry.hpp"
#include "agent/channels/s3_answers.hpp"
#include "agent/channels/s3_location.hpp"
#include "wire/sign/signer.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::agent {

/// Adds what signs a complete head. Called for every try.
using SignRequest =
    std::function<Result<>(wire::RequestHead& head, std::string_view payload_sha256)>;

/// The credentials to sign the next request with: short-lived ones are renewed behind it.
using CredentialSource = std::function<Result<wire::Credentials>()>;

/// SigV4 for the service "s3". `clock` must live longer.
SignRequest sign_with(CredentialSource credentials, std::string region,
                      const Clock& clock = system_clock());

/// Path-style requests over one connection. Used by one thread at a time.
class S3Client {
public:
  /// `host` is the Host header. `http` is the caller's and must live longer.
  S3Client(HttpExchange& http, std::string host, SignRequest sign, Retry retry);

  /// Hands over every object whose key begins with `prefix.key`, in the service's order. What
  /// `each` returns ends the list.
  using EachObject = std::function<Result<>(S3Object object)>;
  Result<> list(const S3Location& prefix, const EachObject& each);

  /// Writes the object into `fd` from offset 0 and cuts the file there. `etag`, if not empty, is
  /// sent as If-Match: an error of kind `conflict` if the object is another one by now. The length
  /// must be `size`. The file holds anything after an error.
  Result<> get(const S3Location& from, std::string_view etag, std::uint64_t size, int fd);

  /// The object's ETag, with its quotes. An error of kind not_found if there is none.
  Result<std::string> head(const S3Location& at);

  /// One PUT. Returns the ETag, with its quotes.
  Result<std::string> put(const S3Location& to, std::string_view body);

  /// The verbs of a multipart upload; S3Upload calls them in order.
  Result<std::string> create_upload(const S3Location& to);
  Result<std::string> put_part(const S3Location& to, const std::string& upload_id,
                               std::size_t number, std::string_view body);
  Result<std::string> complete(const S3Location& to, const std::string& upload_id,
                               const std::vector<std::string>& etags);
  /// Tried once: it runs where something else has failed already.
  void abort(const S3Location& to, const std::string& upload_id);

private:
  struct Request;
  Result<wire::RequestHead> signed_head(const Request& request);
  Result<wire::Response> send_once(const Request& request);
  Result<wire::Response> send(const Request& request);
  Result<std::string> send_for_etag(const Request& request);
  Result<> get_once(const Request& request, std::uint64_t size, int fd);

  HttpExchange& http_;
  std::string host_;
  SignRequest sign_;
  Retry retry_;
};

}  // namespace trainyard::agent
