#include "os/files.hpp"
#include "s3/client.hpp"
#include "s3/fake_s3.hpp"
#include "s3/upload.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::s3;
using Fault = FakeS3::Fault;

namespace {

constexpr std::size_t part = 1000;

Result<std::string> put_stream(Client& client, std::string_view bytes,
                               const Location& to = {"bucket", "k"}) {
  Upload upload(client, to, part);
  for (std::size_t at = 0; at < bytes.size(); at += 300)
    TRY(upload.write(std::span(bytes).subspan(at, std::min<std::size_t>(300, bytes.size() - at))));
  return upload.finish();
}

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>(i * 7 + i / 251);
  return out;
}

os::Fd memory_file() {
  return os::Fd(memfd_create("object", MFD_CLOEXEC));
}

std::string content(const os::Fd& file) {
  std::string out(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
  REQUIRE(pread(file.get(), out.data(), out.size(), 0) == ssize_t(out.size()));
  return out;
}

}  // namespace

TEST_CASE("an S3 location is a bucket and a key, all else is refused with what to write") {
  CHECK(parse_uri("s3://bucket/a b/c")->key == "a b/c");
  CHECK(parse_uri("s3://bucket")->bucket == "bucket");
  CHECK(parse_uri("s3://bucket/")->key == "");
  CHECK(parse_uri("s3://bucket//x")->key == "/x");
  CHECK(parse_uri("s3://bucket/k")->uri() == "s3://bucket/k");
  for (std::string bad : {"bucket/k", "S3://bucket/k", "s3://", "s3:///k", "s3://Bu/k", "s3://ab/k",
                          "s3://bu?cket/k", "https://bucket/k"})
    CHECK(parse_uri(bad).error().message.find("write s3://BUCKET/KEY") != std::string::npos);
  CHECK_FALSE(parse_uri("s3://bucket/" + std::string(1025, 'k')));
  CHECK_FALSE(parse_uri(std::string_view("s3://bucket/a\0b", 15)));
  CHECK(as_directory({"bucket", "a"}).key == "a/");
  CHECK(as_directory({"bucket", ""}).key == "");
}

TEST_CASE("a list goes through all pages and decodes keys") {
  FakeS3 s3;
  ManualClock clock;
  s3.page_max = 2;
  for (const char* key : {"/bucket/p/1 +%", "/bucket/p/2", "/bucket/p/3", "/bucket/p/\xea\xb0\x80",
                          "/bucket/p/z", "/bucket/q"})
    s3.add(key, "xyz");
  std::vector<std::string> keys;
  Client client = s3.client(clock);
  REQUIRE(client.list({"bucket", "p/"}, [&](Object object) -> Result<> {
    keys.push_back(object.key);
    CHECK(object.size == 3);
    CHECK(object.etag == FakeS3::md5_of("xyz"));
    return {};
  }));
  CHECK(keys == std::vector<std::string>{"p/1 +%", "p/2", "p/3", "p/z", "p/\xea\xb0\x80"});
  CHECK(s3.count("GET") == 3);
}

TEST_CASE("requests are path-style, encoded once, and signed with host and payload hash") {
  FakeS3 s3;
  ManualClock clock;
  REQUIRE(s3.client(clock).put({"bucket", "a b/+/\xc3\xa9"}, "body"));
  CHECK(s3.last.target == "/bucket/a%20b/%2B/%C3%A9");
  CHECK(s3.last.headers.get("host") == "s3.test:80");
  CHECK(s3.last.headers.get("x-amz-checksum-crc32") == "26gLsg==");  // zlib.crc32(b"body")
  CHECK(s3.last.headers.get("authorization") == "signed UNSIGNED-PAYLOAD");
  CHECK(s3.objects.count("/bucket/a b/+/\xc3\xa9") == 1);
}

TEST_CASE("credentials are asked for at each try and sign host, checksum and session") {
  FakeS3 s3;
  s3.faults["PUT"] = {Fault::away};
  ManualClock clock(from_ms(1'795'000'000'000));
  int asked = 0;
  const auto sign = sign_with(
      [&]() -> Result<wire::Credentials> {
        return wire::Credentials{"AKID" + std::to_string(++asked), "secret", "token"};
      },
      "eu-west-1", clock);
  Client client(s3, "h:1", sign, {{}, [](Millis) { return true; }});
  REQUIRE(client.put({"bucket", "k"}, "body"));
  CHECK(asked == 2);
  const std::string_view signature = s3.last.headers.get("Authorization");
  CHECK(signature.find("Credential=AKID2/") != signature.npos);
  CHECK(signature.find("/eu-west-1/s3/aws4_request") != signature.npos);
  for (const char* name : {"host", "x-amz-checksum-crc32", "x-amz-content-sha256", "x-amz-date",
                           "x-amz-security-token"})
    CHECK(signature.find(name) != signature.npos);
  CHECK(s3.last.headers.get("x-amz-content-sha256") == "UNSIGNED-PAYLOAD");
  const auto refused = Client(s3, "h:1",
                              sign_with(
                                  []() -> Result<wire::Credentials> {
                                    return fail(ErrorKind::denied, "ExpiredToken", "no longer");
                                  },
                                  "r", clock),
                              {{}, [](Millis) { return true; }})
                           .put({"bucket", "k"}, "x");
  CHECK(refused.error().code == "ExpiredToken");
}

TEST_CASE("what fits a part is one PUT, also an empty stream and exactly one part") {
  for (std::size_t size : {std::size_t(0), std::size_t(1), part - 1, part}) {
    FakeS3 s3;
    ManualClock clock;
    Client client = s3.client(clock);
    REQUIRE(put_stream(client, pattern(size)));
    CHECK(s3.requests == std::vector<std::string>{"PUT /bucket/k"});
    CHECK(s3.objects["/bucket/k"].bytes == pattern(size));
  }
}

TEST_CASE("what is longer goes up in equal parts, the last may be shorter") {
  for (std::size_t size : {part + 1, 3 * part, 3 * part + 17}) {
    FakeS3 s3;
    ManualClock clock;
    Client client = s3.client(clock);
    const auto etag = put_stream(client, pattern(size));
    REQUIRE(etag);
    CHECK(*etag == s3.objects["/bucket/k"].etag);
    CHECK(s3.objects["/bucket/k"].bytes == pattern(size));
    CHECK(s3.count("PUT") == (size + part - 1) / part);
    CHECK(s3.count("DELETE") == 0);
    CHECK(s3.uploads.empty());
  }
}

// SEMANTICS O8
TEST_CASE("a service that is away, busy or drops answers loses nothing") {
  for (Fault fault : {Fault::away, Fault::busy, Fault::answer_lost})
    for (const char* where :
         {"POST /bucket/k?uploads", "PUT /bucket/k?partNumber=2", "POST /bucket/k?uploadId"}) {
      CAPTURE(where);
      FakeS3 s3;
      ManualClock clock;
      s3.faults[where] = {fault, fault, fault};
      Client client = s3.client(clock);
      REQUIRE(put_stream(client, pattern(2500)));
      CHECK(s3.objects["/bucket/k"].bytes == pattern(2500));
    }
}

TEST_CASE("an upload dropped before Complete is not taken for another object of that key") {
  FakeS3 s3;
  s3.add("/bucket/k", "another");
  const auto drop_at_complete = [&](wire::RequestHead& head, std::string_view) -> Result<> {
    if (head.method == "POST" && head.query.starts_with("uploadId=")) s3.uploads.clear();
    return {};
  };
  Client client(s3, "h", drop_at_complete, {{}, [](Millis) { return true; }});
  const auto done = put_stream(client, pattern(2500));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == "NoSuchUpload");
  CHECK(s3.objects["/bucket/k"].bytes == "another");
}

// SEMANTICS O8
TEST_CASE("retries are bounded in time and count and say so") {
  FakeS3 s3;
  ManualClock clock;
  s3.faults["PUT"] = std::vector<Fault>(1000, Fault::away);
  const Millis began = clock.boottime();
  const auto timed_out = s3.client(clock, {.total = Millis(60'000)}).put({"bucket", "k"}, "x");
  CHECK(timed_out.error().message.find("given up after") != std::string::npos);
  CHECK(clock.boottime() - began <= Millis(60'000));
  CHECK(clock.boottime() - began >= Millis(50'000));
  s3.requests.clear();
  CHECK_FALSE(s3.client(clock, {.tries_max = 3}).put({"bucket", "k"}, "x"));
  CHECK(s3.requests.size() == 3);
}

TEST_CASE("an error that will stay is returned at once") {
  FakeS3 s3;
  ManualClock clock;
  const auto missing = s3.client(clock).get({"bucket", "no"}, "", 1, memory_file().get());
  CHECK(missing.error().kind == ErrorKind::not_found);
  CHECK(missing.error().message ==
        "cannot get s3://bucket/no: the service answered 404 NoSuchKey: m");
  CHECK(s3.requests.size() == 1);
}

TEST_CASE("errors name who was asked") {
  FakeS3 s3;
  ManualClock clock;
  Client client = s3.client(clock, {.tries_max = 2}, "http://minio:9000 of [buckets.lake]");
  CHECK(client.get({"bucket", "no"}, "", 1, memory_file().get()).error().message ==
        "cannot get s3://bucket/no: http://minio:9000 of [buckets.lake] answered 404 NoSuchKey: m");
  s3.faults["HEAD"] = {Fault::away, Fault::away};
  CHECK(client.head({"bucket", "no"})
            .error()
            .message.ends_with("; is http://minio:9000 of [buckets.lake] running?)"));
}

// SEMANTICS O8
TEST_CASE("the time that nobody listens does not count against a request") {
  FakeS3 s3;
  ManualClock clock;
  int away = 1000;
  Retry retry{.policy = {.total = Millis(60'000)},
              .pause =
                  [&](Millis length) {
                    clock.advance(length);
                    return true;
                  },
              .clock = &clock,
              .service_is_away = [&] { return away > 0; }};
  int tries = 0;
  const auto attempt = [&]() -> Result<> {
    ++tries;
    if (--away > 0) return fail(ErrorKind::unavailable, "ServiceUnavailable", "connect");
    return {};
  };
  CHECK(retry(attempt));
  CHECK(clock.boottime() > Millis(3'600'000));
  away = -1;
  retry.service_is_away = [] { return false; };
  const auto failing = [&]() -> Result<> {
    return fail(ErrorKind::unavailable, "ServiceUnavailable", "it answers so");
  };
  CHECK_FALSE(retry(failing));
}

// SEMANTICS J13
TEST_CASE("who is told to stop makes no further request and takes no further piece") {
  FakeS3 s3;
  s3.add("/bucket/k", std::string(1'000'000, 'k'));
  ManualClock clock;
  int looks = 4;
  Client client(s3, "h", [](auto&, std::string_view) { return Result<>(); },
                {.policy = {},
                 .pause = [](Millis) { return true; },
                 .told_to_stop = [&] { return --looks < 0; }});
  const os::Fd file(::memfd_create("got", MFD_CLOEXEC));
  const auto got = client.get({"bucket", "k"}, "", 1'000'000, file.get());
  REQUIRE_FALSE(got);
  CHECK(got.error().code == stopped_code);
  CHECK(s3.requests.size() == 1);
  CHECK_FALSE(client.head({"bucket", "k"}));
  CHECK(s3.requests.size() == 1);
}

TEST_CASE("a pause ends at once when its descriptor says stop") {
  auto pipe = os::make_pipe();
  REQUIRE(pipe);
  FakeS3 s3;
  s3.faults["PUT"] = {Fault::away, Fault::away};
  REQUIRE(os::write_all(pipe->write.get(), "x", "pipe"));
  Client client(s3, "h", [](wire::RequestHead&, std::string_view) { return Result<>(); },
                {.policy = {.first = Millis(3'600'000),
                            .longest = Millis(3'600'000),
                            .total = Millis(7'200'000)},
                 .pause = pause_unless(pipe->read.get())});
  const auto stopped = client.put({"bucket", "k"}, "x");
  CHECK(stopped.error().code == "Stopped");
  CHECK(s3.requests.size() == 1);
  CHECK(pause_unless(-1)(Millis(1)));
}

TEST_CASE("an object is fetched whole, again from the start after a break") {
  FakeS3 s3;
  ManualClock clock;
  s3.add("/bucket/k", pattern(300'000));
  s3.faults["GET /bucket/k"] = {Fault::cut, Fault::away};
  const os::Fd file = memory_file();
  REQUIRE(os::write_all(file.get(), std::string(400'000, 'z'), "file"));
  REQUIRE(s3.client(clock).get({"bucket", "k"}, s3.objects["/bucket/k"].etag, 300'000, file.get()));
  CHECK(content(file) == pattern(300'000));
  CHECK(s3.requests.size() == 3);
}

TEST_CASE("an object that was replaced or has another length is refused") {
  FakeS3 s3;
  ManualClock clock;
  s3.add("/bucket/k", "new");
  const os::Fd file = memory_file();
  const auto replaced = s3.client(clock).get({"bucket", "k"}, "\"old\"", 3, file.get());
  CHECK(replaced.error().kind == ErrorKind::conflict);
  const auto longer = s3.client(clock).get({"bucket", "k"}, "", 2, file.get());
  CHECK(longer.error().message.find("more came than the 2 bytes") != std::string::npos);
  const auto shorter = s3.client(clock, {.tries_max = 2}).get({"bucket", "k"}, "", 4, file.get());
  CHECK(shorter.error().message.find("3 of 4 bytes came") != std::string::npos);
}

TEST_CASE("a file that cannot be written is no reason to ask again") {
  FakeS3 s3;
  ManualClock clock;
  s3.add("/bucket/k", pattern(10));
  const os::Fd sealed(memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(fcntl(sealed.get(), F_ADD_SEALS, F_SEAL_GROW) == 0);
  const auto done = s3.client(clock).get({"bucket", "k"}, "", 10, sealed.get());
  CHECK(done.error().message.find("cannot write what was fetched") != std::string::npos);
  CHECK(s3.requests.size() == 1);
}

TEST_CASE("an upload that is not finished is aborted and the key keeps what it had") {
  FakeS3 s3;
  ManualClock clock;
  s3.add("/bucket/k", "old");
  Client client = s3.client(clock);
  {
    Upload upload(client, {"bucket", "k"}, part);
    REQUIRE(upload.write(pattern(2500)));
    CHECK(s3.uploads.size() == 1);
  }
  CHECK(s3.uploads.empty());
  CHECK(s3.objects["/bucket/k"].bytes == "old");
}

TEST_CASE("parts are as small as 10,000 of them allow") {
  CHECK(part_bytes_for(0) == 8u << 20);
  CHECK(part_bytes_for(70ull << 30) == 8u << 20);
  CHECK(part_bytes_for(100ull << 30) == 11u << 20);
  CHECK(part_bytes_for(1ull << 50) == 64u << 20);
  for (std::uint64_t gib : {1, 78, 79, 300, 600})
    CHECK(part_bytes_for(gib << 30) * 10'000ull >= gib << 30);
}

TEST_CASE("answers that lie are errors, not crashes") {
  CHECK_FALSE(parse_list("<nonsense"));
  CHECK_FALSE(parse_list("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"));
  CHECK_FALSE(parse_list("<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents>"
                         "</ListBucketResult>"));
  CHECK_FALSE(parse_upload_id("<InitiateMultipartUploadResult/>"));
  const auto refused = parse_completed("<Error><Code>InternalError</Code></Error>", "p");
  CHECK(refused.error().kind == ErrorKind::unavailable);
  CHECK(parse_error(403, "<html>no</html>", "d", "p").kind == ErrorKind::denied);
  CHECK(parse_error(404, "", "d", "p").code == "Http404");
}

TEST_CASE("a part goes on where its connection broke, and never with another object's bytes") {
  FakeS3 s3;
  ManualClock clock;
  const std::string bytes = pattern(1'000'000);
  s3.add("/bucket/k", bytes);
  const std::string etag = s3.objects["/bucket/k"].etag;
  Client client = s3.client(clock, {.tries_max = 2});
  const os::Fd file = memory_file();
  s3.faults["GET /bucket/k"] = {Fault::cut, Fault::cut, Fault::cut, Fault::away, Fault::cut};
  REQUIRE(client.get_part({"bucket", "k"}, etag, {0, bytes.size(), bytes.size()}, file.get()));
  CHECK(content(file) == bytes);
  CHECK(s3.last.headers.get("Range").starts_with("bytes=9"));

  REQUIRE(ftruncate(file.get(), 0) == 0);
  s3.faults["GET /bucket/k"] = {Fault::cut};
  REQUIRE(client.get_part({"bucket", "k"}, etag, {100, 300, bytes.size()}, file.get()));
  CHECK(content(file).substr(100) == bytes.substr(100, 300));

  s3.faults["GET /bucket/k"] = {Fault::cut};
  REQUIRE(client.get_part({"bucket", "k"}, "", {0, bytes.size(), bytes.size()}, file.get()));
  CHECK(s3.last.headers.get("Range") == "");  // nobody knows whose rest that would be
  // So it comes no further from try to try, which have an end.
  s3.faults["GET /bucket/k"] = std::vector<Fault>(100, Fault::cut);
  s3.requests.clear();
  CHECK_FALSE(client.get_part({"bucket", "k"}, "", {0, bytes.size(), bytes.size()}, file.get()));
  CHECK(s3.requests.size() == 2);

  s3.faults["GET /bucket/k"] = {Fault::away, Fault::away};
  CHECK_FALSE(client.get_part({"bucket", "k"}, etag, {0, bytes.size(), bytes.size()}, file.get()));
}

TEST_CASE("a part whose connection broke behind its last byte is asked for again as it was") {
  FakeS3 s3;
  ManualClock clock;
  const std::string bytes = pattern(300'000);
  s3.add("/bucket/k", bytes);
  const std::string etag = s3.objects["/bucket/k"].etag;
  Client client = s3.client(clock, {.tries_max = 2});
  const os::Fd file = memory_file();
  s3.faults["GET /bucket/k"] = {Fault::cut_at_end};
  const auto whole =
      client.get_part({"bucket", "k"}, etag, {0, bytes.size(), bytes.size()}, file.get());
  REQUIRE(whole);
  CHECK(whole->is_whole);
  CHECK(s3.last.headers.get("Range") == "");
  CHECK(content(file) == bytes);

  s3.faults["GET /bucket/k"] = {Fault::cut, Fault::cut_at_end};
  REQUIRE(client.get_part({"bucket", "k"}, etag, {0, bytes.size(), bytes.size()}, file.get()));
  CHECK(s3.last.headers.get("Range") == "bytes=150000-299999");
  CHECK(content(file) == bytes);

  // One that always breaks there is given up, as any that fails.
  s3.requests.clear();
  s3.faults["GET /bucket/k"] = std::vector<Fault>(100, Fault::cut_at_end);
  CHECK_FALSE(client.get_part({"bucket", "k"}, etag, {100, 300, bytes.size()}, file.get()));
  CHECK(s3.requests.size() == 2);
}

TEST_CASE("something else than the part that was asked for is an error") {
  FakeS3 s3;
  ManualClock clock;
  s3.add("/bucket/k", pattern(1000));
  Client client = s3.client(clock);
  const os::Fd file = memory_file();
  s3.ranges_wrong = true;
  const auto got =
      client.get_part({"bucket", "k"}, s3.objects["/bucket/k"].etag, {10, 20, 1000}, file.get());
  CHECK(got.error().code == "InvalidRange");
}

TEST_CASE("keys of a list are encoded as forms are") {
  const auto page = parse_list("<ListBucketResult><EncodingType>url</EncodingType><Contents>"
                               "<Key>my+file%2Bx%20y</Key><Size>1</Size></Contents><CommonPrefixes>"
                               "<Prefix>a+b/</Prefix></CommonPrefixes></ListBucketResult>");
  REQUIRE(page);
  CHECK(page->objects.at(0).key == "my file+x y");
  CHECK(page->prefixes.at(0) == "a b/");
  const auto plain =
      parse_list("<ListBucketResult><Contents><Key>a+b</Key><Size>1</Size></Contents>"
                 "</ListBucketResult>");
  CHECK(plain->objects.at(0).key == "a+b");
}
