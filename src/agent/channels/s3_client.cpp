#include "agent/channels/s3_client.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>
#include <isa-l/crc.h>

#include <array>
#include <cerrno>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

std::string crc32_text(std::string_view body) {
  const std::uint32_t crc =
      crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(body.data()), body.size());
  std::array<std::uint8_t, 4> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  return base64(bytes);
}

std::string text_of(const wire::Response& answer) {
  const auto* text = std::get_if<std::string>(&answer.body);
  return text ? *text : "";
}

Result<> write_at(int fd, std::span<const char> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t wrote = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno("cannot write what was fetched");
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return {};
}

}  // namespace

/// What is to be sent, before it is signed.
struct S3Client::Request {
  std::string_view method;
  const S3Location& at;
  std::string query;        ///< encoded, "" or "a=b&c="
  std::string doing;        ///< for errors: "cannot put s3://b/k"
  std::string_view body{};  ///< must outlive the request
  std::string etag{};       ///< If-Match, or ""
  bool is_content = false;  ///< an object's or a part's bytes: not hashed but summed
};

SignRequest sign_with(CredentialSource credentials, std::string region, const Clock& clock) {
  return [credentials = std::move(credentials), region = std::move(region),
          &clock](wire::RequestHead& head, std::string_view payload_sha256) -> Result<> {
    wire::sign_head(head, TRY(credentials()), region, "s3", payload_sha256, clock.now());
    return {};
  };
}

S3Client::S3Client(HttpExchange& http, std::string host, SignRequest sign, Retry retry)
    : http_(http), host_(std::move(host)), sign_(std::move(sign)), retry_(std::move(retry)) {}

Result<wire::RequestHead> S3Client::signed_head(const Request& request) {
  wire::RequestHead head;
  head.method = request.method;
  head.path = "/" + request.at.bucket;
  if (!request.at.key.empty()) head.path += "/" + percent_encode(request.at.key, true);
  head.query = request.query;
  head.target = head.query.empty() ? head.path : head.path + "?" + head.query;
  head.headers.add("Host", host_);
  if (!request.etag.empty()) head.headers.add("If-Match", request.etag);
  if (request.is_content) head.headers.add("x-amz-checksum-crc32", crc32_text(request.body));
  const std::string hash =
      request.is_content ? std::string(unsigned_payload) : sha256_hex(request.body);
  if (request.method == "PUT" || request.method == "POST") {
    head.content_length = request.body.size();
    head.headers.add("Content-Length", std::to_string(request.body.size()));
  }
  TRY(sign_(head, hash));
  return head;
}

Result<wire::Response> S3Client::send_once(const Request& request) {
  const wire::RequestHead head = TRY(signed_head(request));
  auto answer = http_.send(head, request.body);
  if (!answer) return in_context(std::move(answer).error(), request.doing);
  if (answer->status / 100 != 2)
    return Failure(parse_error(answer->status, text_of(*answer), request.doing));
  return answer;
}

Result<wire::Response> S3Client::send(const Request& request) {
  return retry_([&] { return send_once(request); });
}

Result<std::string> S3Client::send_for_etag(const Request& request) {
  const wire::Response answer = TRY(send(request));
  const std::string_view etag = answer.headers.get("ETag");
  if (etag.empty()) return fail_internal(request.doing + ": the answer holds no ETag");
  return std::string(etag);
}

Result<> S3Client::list(const S3Location& prefix, const EachObject& each) {
  const S3Location bucket{prefix.bucket, ""};
  std::string token;
  do {
    std::string query;
    if (!token.empty()) query = "continuation-token=" + percent_encode(token, false) + "&";
    query += "encoding-type=url&list-type=2&prefix=" + percent_encode(prefix.key, false);
    const Request request{"GET", bucket, std::move(query), "cannot list " + prefix.uri()};
    S3Page page = TRY(retry_([&]() -> Result<S3Page> {
      const wire::Response answer = TRY(send_once(request));
      return parse_list(text_of(answer));
    }));
    for (S3Object& object : page.objects)
      TRY(each(std::move(object)));
    if (!page.next.empty() && page.next == token)
      return fail_internal("cannot list " + prefix.uri() + ": the list does not move on");
    token = std::move(page.next);
  } while (!token.empty());
  return {};
}

Result<> S3Client::get_once(const Request& request, std::uint64_t size, int fd) {
  const wire::RequestHead head = TRY(signed_head(request));
  if (ftruncate(fd, 0) != 0) return fail_errno(request.doing + ": cannot empty the file");
  std::uint64_t received = 0;
  Result<> written;
  const auto sink = [&](std::span<const char> bytes) -> Result<> {
    if (retry_.is_told_to_stop()) return fail(ErrorKind::unavailable, stopped_code, "told to stop");
    if (bytes.size() > size - received)
      written = fail_internal(fmt::format("more came than the {} bytes of the object", size));
    else
      written = write_at(fd, bytes, received);
    received += bytes.size();
    return written;
  };
  const auto answer = http_.download(head, sink);
  // Trouble with the file comes first: it must not look like a connection to be tried again.
  if (!written) return in_context(written.error(), request.doing);
  if (!answer) return in_context(answer.error(), request.doing);
  if (answer->status / 100 != 2)
    return Failure(parse_error(answer->status, text_of(*answer), request.doing));
  if (received != size)
    return fail(ErrorKind::unavailable, "IncompleteBody",
                fmt::format("{}: {} of {} bytes came", request.doing, received, size));
  return {};
}

Result<> S3Client::get(const S3Location& from, std::string_view etag, std::uint64_t size, int fd) {
  const Request request{"GET", from, "", "cannot get " + from.uri(), {}, std::string(etag)};
  return retry_([&] { return get_once(request, size, fd); });
}

Result<std::string> S3Client::head(const S3Location& at) {
  return send_for_etag({"HEAD", at, "", "cannot look at " + at.uri()});
}

Result<std::string> S3Client::put(const S3Location& to, std::string_view body) {
  return send_for_etag({"PUT", to, "", "cannot put " + to.uri(), body, "", true});
}

Result<std::string> S3Client::create_upload(const S3Location& to) {
  const Request request{"POST", to, "uploads=", "cannot begin to put " + to.uri()};
  return retry_([&]() -> Result<std::string> {
    const wire::Response answer = TRY(send_once(request));
    return parse_upload_id(text_of(answer));
  });
}

Result<std::string> S3Client::put_part(const S3Location& to, const std::string& upload_id,
                                       std::size_t number, std::string_view body) {
  std::string query =
      fmt::format("partNumber={}&uploadId={}", number, percent_encode(upload_id, false));
  return send_for_etag({"PUT", to, std::move(query),
                        fmt::format("cannot put part {} of {}", number, to.uri()), body, "", true});
}

Result<std::string> S3Client::complete(const S3Location& to, const std::string& upload_id,
                                       const std::vector<std::string>& etags) {
  const std::string body = complete_request(etags);
  const Request request{"POST", to, "uploadId=" + percent_encode(upload_id, false),
                        "cannot finish putting " + to.uri(), body};
  return retry_([&]() -> Result<std::string> {
    const wire::Response answer = TRY(send_once(request));
    return parse_completed(text_of(answer));
  });
}

void S3Client::abort(const S3Location& to, const std::string& upload_id) {
  const Request request{"DELETE", to, "uploadId=" + percent_encode(upload_id, false),
                        "cannot abort putting " + to.uri()};
  (void)send_once(request);  // the service drops what is left of uploads in time
}

}  // namespace trainyard::agent
