/// The aws-chunked decoder against any body, under each kind of signing, cut into pieces anywhere:
/// pieces never change the outcome, and no more payload comes out than was announced.

#include "wire/aws_chunked.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

struct Outcome {
  std::string payload, error;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(const RequestHead& head, const Signature& signature, std::string body,
               std::size_t piece) {
  auto decoder = AwsChunkedDecoder::start(head, signature, "secret");
  if (!decoder) return {"", decoder.error().code};
  Outcome out;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::span<char> bytes(body.data() + at, std::min(piece, body.size() - at));
    const auto n = decoder->decode(bytes);
    if (!n) return {"", n.error().code};
    CHECK(*n <= bytes.size());
    out.payload.append(bytes.data(), *n);
    CHECK(out.payload.size() <= decoder->decoded_length());
  }
  if (const auto done = decoder->finish(); !done) return {"", done.error().code};
  CHECK(out.payload.size() == decoder->decoded_length());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  using Payload = Signature::Payload;
  constexpr Payload kinds[] = {Payload::unsigned_trailer, Payload::signed_chunks,
                               Payload::signed_chunks_trailer};
  Signature signature;
  signature.payload = kinds[data[0] % 3];
  RequestHead head;
  head.headers.add("x-amz-decoded-content-length", std::to_string(data[1]));
  if (signature.payload != Payload::signed_chunks) head.headers.add("x-amz-trailer", "a,b");
  const std::size_t piece = data[2] % 16 + 1;
  const std::string body(as_text(std::span(data, size).subspan(3)));
  CHECK(decode(head, signature, body, piece) == decode(head, signature, body, size));
  return 0;
}
