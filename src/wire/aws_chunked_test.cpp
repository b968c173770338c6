#include "wire/aws_chunked.hpp"
#include "wire/checksum.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

using Payload = Signature::Payload;

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

// The key and time of the examples in the S3 API reference.
Signature signature_of(Payload payload, std::string_view seed = "") {
  Signature out;
  out.kind = Signature::Kind::header_v4;
  out.payload = payload;
  out.access_key = "AKIAIOSFODNN7EXAMPLE";
  out.date = "20130524";
  out.region = "us-east-1";
  out.service = "s3";
  out.timestamp = "20130524T000000Z";
  out.signature = seed;
  return out;
}

RequestHead head_of(std::string length, std::string trailer = "") {
  RequestHead out;
  out.headers.add("X-Amz-Decoded-Content-Length", std::move(length));
  if (!trailer.empty()) out.headers.add("X-Amz-Trailer", std::move(trailer));
  return out;
}

struct Outcome {
  std::string payload, error;
  Headers trailers;
};

// Feeds `body` in pieces of `piece` bytes.
Outcome decode_body(AwsChunkedDecoder decoder, std::string body, std::size_t piece) {
  Outcome out;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::span<char> bytes(body.data() + at, std::min(piece, body.size() - at));
    const auto n = decoder.decode(bytes);
    if (!n) {
      out.error = n.error().code;
      return out;
    }
    out.payload.append(bytes.data(), *n);
  }
  const auto done = decoder.finish();
  CHECK(decoder.is_complete() == done.has_value());
  if (!done) out.error = done.error().code;
  out.trailers = decoder.trailers();
  return out;
}

Outcome decode_unsigned(const std::string& body, std::string length, std::string trailer = "",
                        std::size_t piece = 1 << 20) {
  const auto signature = signature_of(Payload::unsigned_trailer);
  auto decoder =
      AwsChunkedDecoder::start(head_of(std::move(length), std::move(trailer)), signature, secret);
  REQUIRE(decoder);
  return decode_body(*std::move(decoder), body, piece);
}

// As botocore sends "hello world" over TLS.
const std::string botocore_body = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";

// The examples of the S3 API reference: 64 KiB and 1 KiB of 'a'. The signatures there are of these
// requests' own seeds.
constexpr std::string_view plain_seed =
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
constexpr std::string_view trailer_seed =
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

std::string chunk(std::size_t bytes, std::string_view signature) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx", bytes);
  std::string out(size);
  (out += ";chunk-signature=") += signature;
  out += "\r\n" + std::string(bytes, 'a');
  return out += bytes == 0 ? "" : "\r\n";
}

std::string plain_example() {
  return chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
         chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
         chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9") + "\r\n";
}

std::string trailer_example() {
  return chunk(65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
         chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
         chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992") +
         "x-amz-checksum-crc32c:sOO8/Q==\r\n"
         "x-amz-trailer-signature:"
         "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}

Outcome decode_plain(const std::string& body, std::size_t piece = 1 << 20,
                     std::string length = "66560") {
  const auto signature = signature_of(Payload::signed_chunks, plain_seed);
  return decode_body(*AwsChunkedDecoder::start(head_of(std::move(length)), signature, secret), body,
                     piece);
}

Outcome decode_trailer(const std::string& body, std::size_t piece = 1 << 20) {
  const auto signature = signature_of(Payload::signed_chunks_trailer, trailer_seed);
  return decode_body(
      *AwsChunkedDecoder::start(head_of("66560", "x-amz-checksum-crc32c"), signature, secret), body,
      piece);
}

}  // namespace

TEST_CASE("an unsigned body gives its payload and trailer, in pieces of any size") {
  for (std::size_t piece = 1; piece <= botocore_body.size(); ++piece) {
    const auto out = decode_unsigned(botocore_body, "11", "X-Amz-Checksum-CRC32", piece);
    CHECK(out.error == "");
    CHECK(out.payload == "hello world");
    CHECK(out.trailers.get("x-amz-checksum-crc32") == "DUoRhQ==");
    Checksum sum(ChecksumAlgorithm::crc32);
    sum.update(out.payload);
    CHECK(sum.finish() == "DUoRhQ==");
  }
  CHECK(decode_unsigned("3\r\na\r\n\r\n2\r\nbc\r\n0\r\n\r\n", "5").payload == "a\r\nbc");
  CHECK(decode_unsigned("0\r\n\r\n", "0").error == "");
}

// SEMANTICS S8
TEST_CASE("a body that breaks off anywhere is incomplete") {
  for (std::size_t n = 0; n < botocore_body.size(); ++n) {
    CAPTURE(n);
    CHECK(decode_unsigned(botocore_body.substr(0, n), "11", "x-amz-checksum-crc32").error ==
          "IncompleteBody");
  }
}

TEST_CASE("a body that is not what its headers say is refused") {
  CHECK(decode_unsigned("b\r\nhello world\r\n0\r\n\r\n", "12").error == "IncompleteBody");
  CHECK(decode_unsigned("b\r\nhello world\r\n0\r\n\r\n", "10").error == "InvalidRequest");
  CHECK(decode_unsigned("5\r\nhello world\r\n0\r\n\r\n", "11").error == "InvalidRequest");
  CHECK(decode_unsigned("0\r\n\r\nmore", "0").error == "InvalidRequest");
  CHECK(decode_unsigned(botocore_body, "11").error == "MalformedTrailerError");
  CHECK(decode_unsigned("0\r\n\r\n", "0", "x-amz-checksum-crc32").error == "MalformedTrailerError");
  CHECK(decode_unsigned("0\r\na:1\r\na:1\r\n\r\n", "0", "a, b").error == "MalformedTrailerError");
  CHECK(decode_unsigned("0\r\na:1\r\nb:\r\n\r\n", "0", "a, b").error == "");
}

TEST_CASE("a malformed chunk is refused") {
  for (const std::string& bad : std::vector<std::string>{
           "\r\n", "x\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "0x1\r\n", "1 \r\n", "1;a=b\r\n",
           "10000000000000000\r\n", "ffffffffffffffff\r\n", "1\n", "1\r\r\n", "1\rx",
           "1;chunk-signature=" + std::string(64, 'a') + "\r\n", std::string(200, '0'),
           "0\r\nno colon\r\n", "0\r\n" + std::string(5000, 'a'), "0\r\n\n", "0\r\na:1\nb:2\r\n"}) {
    CAPTURE(bad);
    const auto code = decode_unsigned(bad, "11", "a").error;
    CHECK((code == "InvalidRequest" || code == "MalformedTrailerError"));
  }
}

TEST_CASE("a decoder that failed stays failed") {
  const auto signature = signature_of(Payload::unsigned_trailer);
  auto decoder = *AwsChunkedDecoder::start(head_of("0"), signature, secret);
  std::string whole = "0\r\n\r\n", more = "x", nothing;
  CHECK(decoder.decode(whole));
  CHECK(decoder.finish());
  CHECK_FALSE(decoder.decode(more));
  CHECK_FALSE(decoder.finish());
  CHECK_FALSE(decoder.decode(nothing));
}

TEST_CASE("the headers of a chunked body are checked before it") {
  const auto code_of = [](Payload payload, std::string length, std::string trailer) {
    const auto decoder = AwsChunkedDecoder::start(head_of(std::move(length), std::move(trailer)),
                                                  signature_of(payload), secret);
    return decoder ? "" : decoder.error().code;
  };
  for (const char* bad : {"", "-1", "+1", "1x", "0x1", "99999999999999999999", " 1"})
    CHECK(code_of(Payload::unsigned_trailer, bad, "") == "MissingContentLength");
  CHECK(code_of(Payload::signed_chunks, "1", "a") == "InvalidArgument");
  CHECK(code_of(Payload::unsigned_trailer, "1", "a b") == "InvalidArgument");
  std::string many = "a";
  for (int i = 0; i < 16; ++i)
    many += ",a" + std::to_string(i);
  CHECK(code_of(Payload::unsigned_trailer, "1", many) == "InvalidArgument");
}

TEST_CASE("signed chunks verify, in pieces of any size") {
  for (const std::size_t piece : {1ul, 7ul, 65'536ul, 1'000'000ul}) {
    const auto out = decode_plain(plain_example(), piece);
    CHECK(out.error == "");
    CHECK(out.payload == std::string(66'560, 'a'));
  }
}

// SEMANTICS A1
TEST_CASE("a changed, dropped, swapped or added signed chunk is refused") {
  const std::string good = plain_example();
  const std::size_t second = good.find("400;"), last = good.rfind("0;chunk");
  for (const std::size_t at : {100ul, second - 3, second + 20, second + 90, last + 20}) {
    CAPTURE(at);
    std::string bad = good;
    bad[at] = bad[at] == 'b' ? 'c' : 'b';
    CHECK(decode_plain(bad).error == auth_code::mismatch);
  }
  CHECK(decode_plain(good.substr(0, second) + good.substr(last), 1 << 20, "65536").error ==
        auth_code::mismatch);
  CHECK(decode_plain(good.substr(second)).error == auth_code::mismatch);
  CHECK(decode_plain(good.substr(0, last)).error == "IncompleteBody");
  CHECK(decode_plain(good + "\r\n").error == "InvalidRequest");
  CHECK(decode_plain("0\r\n\r\n", 1 << 20, "0").error == "InvalidRequest");
}

TEST_CASE("a signed trailer verifies, and none other") {
  const std::string good = trailer_example();
  const auto out = decode_trailer(good);
  CHECK(out.error == "");
  CHECK(out.trailers.get("x-amz-checksum-crc32c") == "sOO8/Q==");
  CHECK(decode_trailer(good, 1).error == "");
  // As the reference prints it, with a line feed behind the value.
  std::string spaced = good;
  spaced.insert(spaced.find("/Q==") + 4, "\n");
  CHECK(decode_trailer(spaced).error == "");

  std::string bad = good;
  bad.replace(bad.find("sOO8"), 4, "sOO9");
  CHECK(decode_trailer(bad).error == auth_code::mismatch);
  bad = good;
  bad.replace(bad.find("d81f"), 4, "d81e");
  CHECK(decode_trailer(bad).error == auth_code::mismatch);
  bad = good.substr(0, good.find("x-amz-trailer-signature")) + "\r\n";
  CHECK(decode_trailer(bad).error == auth_code::mismatch);
  bad = good;
  bad.insert(bad.size() - 2, "x-amz-checksum-crc32c:AAAAAA==\r\n");
  CHECK(decode_trailer(bad).error == "InvalidRequest");
}

TEST_CASE("aws-chunked is no part of what an object is encoded in") {
  CHECK(without_aws_chunked("aws-chunked") == "");
  CHECK(without_aws_chunked("gzip,AWS-Chunked") == "gzip");
  CHECK(without_aws_chunked(" aws-chunked , gzip, br") == "gzip, br");
  CHECK(without_aws_chunked("") == "");
}
