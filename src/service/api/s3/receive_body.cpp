#include "service/api/s3/receive_body.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "wire/aws_chunked.hpp"

#include <fmt/format.h>

#include <charconv>

namespace trainyard::api {
namespace {

Failure incomplete_body() {
  return bad_request("IncompleteBody", "You did not provide the number of bytes specified by the "
                                       "Content-Length HTTP header");
}

Failure bad_digest(std::string_view name) {
  return bad_request(
      "BadDigest",
      fmt::format("The {} you specified did not match the calculated checksum.", name));
}

Result<> check_md5(const S3Call& call, const std::string& md5) {
  const auto given = call.head().headers.find("Content-MD5");
  if (!given) return {};
  const auto raw = unbase64(*given);
  if (!raw || raw->size() != 16)
    return bad_request("InvalidDigest", "The Content-MD5 you specified is not valid.");
  if (hex(*raw) != md5) return bad_digest("Content-MD5");
  return {};
}

// Given as a header before the body or as a trailer behind it.
Result<> check_checksum(const S3Call& call, const wire::Headers& trailers,
                        std::optional<wire::ChecksumAlgorithm> algorithm,
                        const std::string& computed) {
  if (!algorithm) return {};
  const auto name = wire::header_name(*algorithm);
  for (const wire::Headers* headers : {&call.head().headers, &trailers})
    if (const auto given = headers->find(name); given && *given != computed)
      return bad_digest(wire::api_name(*algorithm));
  return {};
}

}  // namespace

Result<std::uint64_t> payload_length(const S3Call& call) {
  std::optional<std::uint64_t> length = call.head().content_length;
  if (call.caller.signature.is_chunked()) {
    const auto text = call.header("x-amz-decoded-content-length");
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.begin(), text.end(), value);
    length.reset();
    if (ec == std::errc() && end == text.end()) length = value;
  }
  if (!length && !call.head().chunked && !call.caller.signature.is_chunked()) length = 0;
  if (!length)
    return bad_request("MissingContentLength", "You must provide the Content-Length HTTP header.");
  if (*length > put_bytes_max)
    return bad_request("EntityTooLarge",
                       "Your proposed upload exceeds the maximum allowed size of 5 GiB; use a "
                       "multipart upload");
  return *length;
}

Result<> check_body(const S3Call& call) {
  const std::string& body = call.exchange->body();
  Md5 md5;
  md5.update(as_bytes(body));
  TRY(check_md5(call, hex(md5.finish())));
  const auto algorithm = TRY(requested_checksum(call.head()));
  if (!algorithm) return {};
  wire::Checksum checksum(*algorithm);
  checksum.update(body);
  return check_checksum(call, {}, algorithm, checksum.finish());
}

Result<objects::Written> receive_body(S3Context& context, const S3Call& call, std::uint64_t length,
                                      std::optional<wire::ChecksumAlgorithm> algorithm,
                                      Target target) {
  std::optional<wire::AwsChunkedDecoder> decoder;
  if (call.caller.signature.is_chunked())
    decoder =
        TRY(wire::AwsChunkedDecoder::start(call.head(), call.caller.signature, call.caller.secret));
  objects::BodyWriter writer(target.fd, target.at, std::move(target.path), length, algorithm,
                             context.blobs.md5_hasher());
  for (;;) {
    const auto space = writer.space();
    const std::size_t came = TRY(call.exchange->read(space));
    if (came == 0) break;
    const std::size_t size = decoder ? TRY(decoder->decode(space.first(came))) : came;
    if (size > length - writer.size()) return incomplete_body();
    if (size > 0) TRY(writer.write(size));
  }
  if (decoder) TRY(decoder->finish());
  if (writer.size() != length) return incomplete_body();
  objects::Written out = writer.finish();
  TRY(wire::check_body_hash(call.caller.signature, out.sha256));
  TRY(check_md5(call, out.md5));
  TRY(check_checksum(call, decoder ? decoder->trailers() : wire::Headers(), algorithm,
                     out.checksum));
  return out;
}

}  // namespace trainyard::api
