#pragma once
/// What an agent needs of S3: list, get into a file, put a stream of unknown length. Over the
/// public API, signed like any other client's requests, so that the service alone writes rows.
///
/// Every operation may be repeated and is, by `Retry`, while the service is away. Bodies are signed
/// as UNSIGNED-PAYLOAD with a signed x-amz-checksum-crc32: a part that was damaged on its way is
/// refused by the service, and the bytes are hashed once (there), not twice.

#include "s3/answers.hpp"
#include "s3/exchange.hpp"
#include "s3/location.hpp"
#include "s3/retry.hpp"
#include "wire/sign/signer.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::s3 {

/// Adds what signs a complete head. Called for every try.
using SignRequest =
    std::function<Result<>(wire::RequestHead& head, std::string_view payload_sha256)>;

/// The credentials to sign the next request with: short-lived ones are renewed behind it.
using CredentialSource = std::function<Result<wire::Credentials>()>;

/// SigV4 for the service "s3". `clock` must live longer.
SignRequest sign_with(CredentialSource credentials, std::string region,
                      const Clock& clock = system_clock());

/// Path-style requests over one connection. Used by one thread at a time.
class Client {
public:
  /// `host` is the Host header. `http` is the caller's and must live longer.
  Client(Exchange& http, std::string host, SignRequest sign, Retry retry);

  /// Hands over every object whose key begins with `prefix.key`, in the service's order. What
  /// `each` returns ends the list.
  using EachObject = std::function<Result<>(Object object)>;
  Result<> list(const Location& prefix, const EachObject& each);
  /// One page of a listing, at most 1,000 entries: of what comes after `start_after`, or by the
  /// token of the page before.
  struct ListRequest {
    Location prefix;
    std::string delimiter, start_after, token;
  };
  Result<Page> list_page(const ListRequest& request);

  /// Writes the object into `fd` from offset 0 and cuts the file there. `etag`, if not empty, is
  /// sent as If-Match: an error of kind `conflict` if the object is another one by now. The length
  /// must be `size`. The file holds anything after an error.
  Result<> get(const Location& from, std::string_view etag, std::uint64_t size, int fd);

  /// The object's bytes [offset, offset + length), written into `fd` at their offset, which is cut
  /// nowhere. Where a connection breaks it goes on from there.
  struct Part {
    std::uint64_t offset = 0, length = 0, size = 0;  ///< `size` is the object's
  };
  struct Got {
    wire::Headers headers;  ///< of the last answer
    bool is_whole = false;  ///< which was the whole object: what it tells of checksums is of that
  };
  Result<Got> get_part(const Location& from, std::string_view etag, const Part& part, int fd);

  /// The object's ETag, with its quotes. An error of kind not_found if there is none.
  Result<std::string> head(const Location& at);
  /// All that is told of it without its bytes.
  Result<wire::Headers> look(const Location& at);

  /// One PUT. Returns the ETag, with its quotes.
  Result<std::string> put(const Location& to, std::string_view body);

  /// The verbs of a multipart upload; Upload calls them in order.
  Result<std::string> create_upload(const Location& to);
  Result<std::string> put_part(const Location& to, const std::string& upload_id, std::size_t number,
                               std::string_view body);
  Result<std::string> complete(const Location& to, const std::string& upload_id,
                               const std::vector<std::string>& etags);
  /// Tried once: it runs where something else has failed already.
  void abort(const Location& to, const std::string& upload_id);

private:
  struct Request;
  Result<wire::RequestHead> signed_head(const Request& request);
  Result<wire::Response> send_once(const Request& request);
  Result<wire::Response> send(const Request& request);
  Result<std::string> send_for_etag(const Request& request);
  Result<wire::Headers> get_once(const Request& request, const Part& part, std::uint64_t& received,
                                 int fd);

  Exchange& http_;
  std::string host_;
  SignRequest sign_;
  Retry retry_;
};

}  // namespace trainyard::s3
