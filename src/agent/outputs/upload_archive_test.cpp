#include "agent/outputs/test_tree.hpp"
#include "agent/outputs/upload_archive.hpp"
#include "agent/outputs/upload_file.hpp"
#include "s3/fake_s3.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

const s3::Location model{"bucket", "job/output/model.tar.gz"};

}  // namespace

TEST_CASE("a directory becomes one archive under its key") {
  TestTree tree;
  tree.write("model/model.pth", "weights");
  tree.write("model/code/x.py", "pass");
  s3::FakeS3 s3;
  ManualClock clock;
  s3::Client client = s3.client(clock);
  const auto report = upload_archive(client, {tree.path(""), "model"}, model, WhenEmpty::upload);
  REQUIRE(report);
  CHECK(report->objects == 1);
  std::string& archive = s3.objects.at("/bucket/job/output/model.tar.gz").bytes;
  CHECK(report->bytes == archive.size());
  CHECK(untar(gunzip(archive)) == std::map<std::string, std::string>{{"code/", ""},
                                                                     {"code/x.py", "pass"},
                                                                     {"model.pth", "weights"}});
}

// SEMANTICS O4
TEST_CASE("an empty model is an empty archive, an empty output is nothing") {
  TestTree tree;
  REQUIRE(os::make_directories(tree.path("empty")));
  for (const char* below : {"empty", "missing"}) {
    s3::FakeS3 s3;
    ManualClock clock;
    s3::Client client = s3.client(clock);
    const auto left = upload_archive(client, {tree.path(""), below}, model, WhenEmpty::leave);
    REQUIRE(left);
    CHECK(left->objects == 0);
    CHECK(s3.requests.empty());
    const auto made = upload_archive(client, {tree.path(""), below}, model, WhenEmpty::upload);
    REQUIRE(made);
    CHECK(made->objects == 1);
    CHECK(made->notes.count() == (std::string(below) == "missing" ? 1 : 0));
    CHECK(untar(gunzip(s3.objects.at("/bucket/job/output/model.tar.gz").bytes)).empty());
  }
}

// SEMANTICS O8
TEST_CASE(
    "a large archive goes up in parts while the service restarts, and begins anew if dropped") {
  TestTree tree;
  tree.write("model/weights", noise(20 << 20));
  s3::FakeS3 s3;
  ManualClock clock;
  s3.faults["PUT /bucket/job/output/model.tar.gz?partNumber=2"] = {
      s3::FakeS3::Fault::away, s3::FakeS3::Fault::answer_lost, s3::FakeS3::Fault::busy};
  s3::Client client = s3.client(clock);
  REQUIRE(upload_archive(client, {tree.path(""), "model"}, model, WhenEmpty::upload));
  CHECK(s3.count("PUT") == 3 + 3);
  CHECK(untar(gunzip(s3.objects.at("/bucket/job/output/model.tar.gz").bytes)).at("weights") ==
        noise(20 << 20));
}

TEST_CASE("an upload that the service dropped is begun anew, three times at most") {
  TestTree tree;
  tree.write("f", noise(9 << 20));
  auto file = os::open_file(tree.path("f"), O_RDONLY);
  REQUIRE(file);
  struct Dropping final : s3::Exchange {
    s3::FakeS3 s3;
    int drops = 0;
    Result<wire::Response> send(const wire::RequestHead& head, std::string_view body) override {
      if (drops > 0 && head.query.starts_with("partNumber=2")) {
        --drops;
        s3.uploads.clear();
      }
      return s3.send(head, body);
    }
    Result<wire::Response> download(const wire::RequestHead&, const net::BodySink&) override {
      return fail_internal("not asked for");
    }
  };
  for (int drops : {2, 3}) {
    Dropping dropping;
    dropping.drops = drops;
    s3::Client client(dropping, "h", [](auto&, std::string_view) { return Result<>(); },
                      {{}, [](Millis) { return true; }});
    const auto done = upload_file(client, file->get(), 9 << 20, {"bucket", "k"});
    CHECK(done.has_value() == (drops == 2));
    if (done) CHECK(dropping.s3.objects.at("/bucket/k").bytes == noise(9 << 20));
  }
}

// SEMANTICS O5
TEST_CASE(
    "without compression each file is an object, links and odd names are left out and named") {
  TestTree tree;
  tree.write("model/a", "1");
  tree.write("model/sub/b c", "22");
  tree.write("model/\xff", "no UTF-8");
  tree.link("model/link", "a");
  REQUIRE(mkfifo(tree.path("model/pipe").c_str(), 0600) == 0);
  s3::FakeS3 s3;
  ManualClock clock;
  s3::Client client = s3.client(clock);
  const auto report =
      upload_files(client, {tree.path(""), "model"}, {"bucket", "job/output/model"}, 1u << 30);
  REQUIRE(report);
  CHECK(report->objects == 2);
  CHECK(report->bytes == 3);
  CHECK(s3.objects.size() == 2);
  CHECK(s3.objects.at("/bucket/job/output/model/a").bytes == "1");
  CHECK(s3.objects.at("/bucket/job/output/model/sub/b c").bytes == "22");
  CHECK(report->notes.lines() ==
        std::vector<std::string>{"link: a symbolic link: left out",
                                 "pipe: neither a file nor a directory: left out",
                                 "\xff: its name is not UTF-8: left out"});
}

// SEMANTICS O15
TEST_CASE("more than may be stored is refused, by its length as files and by what it holds in an "
          "archive") {
  TestTree tree;
  tree.write("model/a", noise(3000));
  tree.write("model/sparse", "");
  std::filesystem::resize_file(tree.path("model/sparse"), 1ull << 40);
  s3::FakeS3 s3;
  ManualClock clock;
  s3::Client client = s3.client(clock);
  const JobDirectory directory{tree.path(""), "model"};
  const auto files = upload_files(client, directory, {"bucket", "m"}, 1ull << 40);
  REQUIRE_FALSE(files);
  CHECK(files.error().kind == ErrorKind::limit);
  CHECK(files.error().message.find("larger than 1024 GiB") != std::string::npos);
  PackOptions options;
  options.bytes_max = 100'000;  // the hole costs nothing
  CHECK(upload_archive(client, directory, model, WhenEmpty::upload, options));
  options.bytes_max = 3000;
  s3.objects.clear();
  const auto archive = upload_archive(client, directory, model, WhenEmpty::upload, options);
  REQUIRE_FALSE(archive);
  CHECK(archive.error().kind == ErrorKind::limit);
  CHECK(s3.objects.empty());
}

TEST_CASE("a refusal of the service is an error that names the object") {
  TestTree tree;
  tree.write("model/a", "1");
  s3::FakeS3 s3;
  ManualClock clock;
  s3::Client client(s3, "h",
                    [](wire::RequestHead&, std::string_view) -> Result<> {
                      return fail(ErrorKind::denied, "ExpiredToken", "no credentials");
                    },
                    {{}, [](Millis) { return true; }});
  const auto archive = upload_archive(client, {tree.path(""), "model"}, model, WhenEmpty::upload);
  CHECK(archive.error().code == "ExpiredToken");
  CHECK_FALSE(upload_files(client, {tree.path(""), "model"}, model, 1u << 30));
}
