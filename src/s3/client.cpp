#include "s3/client.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>
#include <isa-l/crc.h>

#include <array>
#include <cerrno>
#include <unistd.h>

namespace trainyard::s3 {
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

// Whether the answer is what "bytes=0-9" asked for: 206, and "Content-Range: bytes 0-9/...".
bool is_range(const wire::Response& answer, std::string_view range) {
  const std::string told = "bytes " + std::string(range.substr(range.find('=') + 1)) + "/";
  return answer.status == 206 && answer.headers.get("Content-Range").starts_with(told);
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
struct Client::Request {
  std::string_view method;
  const Location& at;
  std::string query;        ///< encoded, "" or "a=b&c="
  std::string doing;        ///< for errors: "cannot put s3://b/k"
  std::string_view body{};  ///< must outlive the request
  std::string etag{};       ///< If-Match, or ""
  bool is_content = false;  ///< an object's or a part's bytes: not hashed but summed
  std::string range{};      ///< "bytes=0-9", or ""
  bool wants_checksum = false;
};

SignRequest sign_with(CredentialSource credentials, std::string region, const Clock& clock) {
  return [credentials = std::move(credentials), region = std::move(region),
          &clock](wire::RequestHead& head, std::string_view payload_sha256) -> Result<> {
    wire::sign_head(head, TRY(credentials()), region, "s3", payload_sha256, clock.now());
    return {};
  };
}

Client::Client(Exchange& http, std::string host, SignRequest sign, Retry retry)
    : http_(http), host_(std::move(host)), sign_(std::move(sign)), retry_(std::move(retry)) {}

Result<wire::RequestHead> Client::signed_head(const Request& request) {
  wire::RequestHead head;
  head.method = request.method;
  head.path = "/" + request.at.bucket;
  if (!request.at.key.empty()) head.path += "/" + percent_encode(request.at.key, true);
  head.query = request.query;
  head.target = head.query.empty() ? head.path : head.path + "?" + head.query;
  head.headers.add("Host", host_);
  if (!request.etag.empty()) head.headers.add("If-Match", request.etag);
  if (!request.range.empty()) head.headers.add("Range", request.range);
  if (request.wants_checksum) head.headers.add("x-amz-checksum-mode", "ENABLED");
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

Result<wire::Response> Client::send_once(const Request& request) {
  const wire::RequestHead head = TRY(signed_head(request));
  auto answer = http_.send(head, request.body);
  if (!answer) return in_context(std::move(answer).error(), request.doing);
  if (answer->status / 100 != 2)
    return Failure(parse_error(answer->status, text_of(*answer), request.doing, retry_.peer));
  return answer;
}

Result<wire::Response> Client::send(const Request& request) {
  return retry_([&] { return send_once(request); });
}

Result<std::string> Client::send_for_etag(const Request& request) {
  const wire::Response answer = TRY(send(request));
  const std::string_view etag = answer.headers.get("ETag");
  if (etag.empty()) return fail_internal(request.doing + ": the answer holds no ETag");
  return std::string(etag);
}

Result<Page> Client::list_page(const ListRequest& asked) {
  const Location bucket{asked.prefix.bucket, ""};
  std::vector<std::string> parts;
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) parts.push_back(std::string(name) + "=" + percent_encode(value, false));
  };
  add("continuation-token", asked.token);
  add("delimiter", asked.delimiter);
  parts.emplace_back("encoding-type=url&list-type=2");
  parts.push_back("prefix=" + percent_encode(asked.prefix.key, false));
  if (asked.token.empty()) add("start-after", asked.start_after);
  const Request request{"GET", bucket, fmt::format("{}", fmt::join(parts, "&")),
                        "cannot list " + asked.prefix.uri()};
  return retry_([&]() -> Result<Page> {
    const wire::Response answer = TRY(send_once(request));
    return parse_list(text_of(answer));
  });
}

Result<> Client::list(const Location& prefix, const EachObject& each) {
  ListRequest request{prefix, "", "", ""};
  do {
    Page page = TRY(list_page(request));
    for (Object& object : page.objects)
      TRY(each(std::move(object)));
    if (!page.next.empty() && page.next == request.token)
      return fail_internal("cannot list " + prefix.uri() + ": the list does not move on");
    request.token = std::move(page.next);
  } while (!request.token.empty());
  return {};
}

// `received` counts what is in the file, also where an error ends it.
Result<wire::Headers> Client::get_once(const Request& request, const Part& part,
                                       std::uint64_t& received, int fd) {
  const wire::RequestHead head = TRY(signed_head(request));
  Result<> written;
  const auto sink = [&](std::span<const char> bytes) -> Result<> {
    if (retry_.is_told_to_stop()) return fail(ErrorKind::unavailable, stopped_code, "told to stop");
    if (bytes.size() > part.length - received)
      written = fail_internal(fmt::format("more came than the {} bytes asked for", part.length));
    else
      written = write_at(fd, bytes, part.offset + received);
    if (written) received += bytes.size();
    return written;
  };
  auto answer = http_.download(head, sink);
  // Trouble with the file comes first: it must not look like a connection to be tried again.
  if (!written) return in_context(written.error(), request.doing);
  if (!answer) return in_context(answer.error(), request.doing);
  if (answer->status / 100 != 2)
    return Failure(parse_error(answer->status, text_of(*answer), request.doing, retry_.peer));
  if (!request.range.empty() && !is_range(*answer, request.range))
    return fail(ErrorKind::invalid, "InvalidRange",
                request.doing + ": a part was asked for, and something else came");
  if (received != part.length)
    return fail(ErrorKind::unavailable, "IncompleteBody",
                fmt::format("{}: {} of {} bytes came", request.doing, received, part.length));
  return std::move(answer->headers);
}

Result<Client::Got> Client::get_part(const Location& from, std::string_view etag, const Part& part,
                                     int fd) {
  std::uint64_t received = 0;
  for (;;) {
    Request request{"GET", from, "", "cannot get " + from.uri(), {}, std::string(etag)};
    // Without an ETag the rest might be another object's.
    if (etag.empty()) received = 0;
    const bool is_whole = received == 0 && part.length == part.size;
    if (!is_whole)
      request.range =
          fmt::format("bytes={}-{}", part.offset + received, part.offset + part.length - 1);
    request.wants_checksum = is_whole;
    const std::uint64_t before = received;
    auto got = retry_([&]() -> Result<std::optional<Got>> {
      received = before;
      auto once = get_once(request, part, received, fd);
      if (once) return std::optional(Got{std::move(*once), is_whole});
      // What came further is no failed try: the rest is asked for anew, with all patience. Behind
      // the last byte there is no rest, and what the answer's end would have told is not known: it
      // is asked for as it was; and so is what nobody can tell from another object.
      const bool has_more = !etag.empty() && received > before && received < part.length;
      if (has_more && may_succeed_later(once.error()) && once.error().code != stopped_code)
        return std::optional<Got>();
      return Failure(once.error());
    });
    if (!got) return Failure(got.error());
    if (*got) return std::move(**got);
  }
}

Result<> Client::get(const Location& from, std::string_view etag, std::uint64_t size, int fd) {
  const Request request{"GET", from, "", "cannot get " + from.uri(), {}, std::string(etag)};
  return retry_([&]() -> Result<> {
    if (ftruncate(fd, 0) != 0) return fail_errno(request.doing + ": cannot empty the file");
    std::uint64_t received = 0;
    TRY(get_once(request, {0, size, size}, received, fd));
    return {};
  });
}

Result<std::string> Client::head(const Location& at) {
  return send_for_etag({"HEAD", at, "", "cannot look at " + at.uri()});
}

Result<wire::Headers> Client::look(const Location& at) {
  Request request{"HEAD", at, "", "cannot look at " + at.uri()};
  request.wants_checksum = true;
  return std::move(TRY(send(request)).headers);
}

Result<std::string> Client::put(const Location& to, std::string_view body) {
  return send_for_etag({"PUT", to, "", "cannot put " + to.uri(), body, "", true});
}

Result<std::string> Client::create_upload(const Location& to) {
  const Request request{"POST", to, "uploads=", "cannot begin to put " + to.uri()};
  return retry_([&]() -> Result<std::string> {
    const wire::Response answer = TRY(send_once(request));
    return parse_upload_id(text_of(answer));
  });
}

Result<std::string> Client::put_part(const Location& to, const std::string& upload_id,
                                     std::size_t number, std::string_view body) {
  std::string query =
      fmt::format("partNumber={}&uploadId={}", number, percent_encode(upload_id, false));
  return send_for_etag({"PUT", to, std::move(query),
                        fmt::format("cannot put part {} of {}", number, to.uri()), body, "", true});
}

Result<std::string> Client::complete(const Location& to, const std::string& upload_id,
                                     const std::vector<std::string>& etags) {
  const std::string body = complete_request(etags);
  const Request request{"POST", to, "uploadId=" + percent_encode(upload_id, false),
                        "cannot finish putting " + to.uri(), body};
  return retry_([&]() -> Result<std::string> {
    const wire::Response answer = TRY(send_once(request));
    return parse_completed(text_of(answer), retry_.peer);
  });
}

void Client::abort(const Location& to, const std::string& upload_id) {
  const Request request{"DELETE", to, "uploadId=" + percent_encode(upload_id, false),
                        "cannot abort putting " + to.uri()};
  (void)send_once(request);  // the service drops what is left of uploads in time
}

}  // namespace trainyard::s3
