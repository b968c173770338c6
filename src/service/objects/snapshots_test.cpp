#include "service/objects/snapshots.hpp"
#include "service/objects/test_store.hpp"

#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sys/stat.h>

namespace trainyard::objects {
namespace {

struct Synced final : FileSystem {
  std::set<ino_t> inodes;
  Result<> sync(int fd, const os::Path& path) override {
    struct stat st{};
    REQUIRE(::fstat(fd, &st) == 0);
    inodes.insert(st.st_ino);
    return FileSystem::sync(fd, path);
  }
};

struct Fixture : TestStore {
  explicit Fixture(FileSystem& files = real_file_system()) : TestStore(files) {
    REQUIRE(os::make_directories(dir / "snapshots"));
  }
  void put(const std::string& blob, std::int64_t size, const std::vector<std::string>& keys) {
    REQUIRE(control->submit_and_wait([&](store::Txn& txn) -> Result<> {
      for (const auto& key : keys)
        TRY(store::put_object(txn, {"bucket", key, blob, size, "", "{}", {}}));
      return {};
    }));
  }
  std::string snapshot(const std::string& boot) {
    Snapshots snapshots(dir / "snapshots", *blobs, readers, clock, boot);
    return snapshots.snapshot({"bucket", "a/"}, Form::tree).value();
  }
};

// SEMANTICS C2
TEST_CASE("a snapshot is used again until the machine was started anew") {
  Fixture f;
  f.put(f.publish("text", 'a'), 4, {"a/one", "a/two"});
  const std::string first = f.snapshot("boot 1");
  CHECK(f.snapshot("boot 1") == first);
  const std::string second = f.snapshot("boot 2");
  CHECK(second != first);
  CHECK(f.snapshot("boot 2") == second);
}

TEST_CASE("of many snapshots those go, whole, that nobody has used for long") {
  Fixture f;
  f.put(f.publish("text", 'a'), 4, {"a/one"});
  std::vector<std::string> made;
  for (int n = 0; n < 66; ++n)
    made.push_back(f.snapshot("boot " + std::to_string(n)));
  constexpr timespec long_ago[2]{{1, 0}, {1, 0}};
  for (const int n : {0, 1, 2})
    REQUIRE(::utimensat(AT_FDCWD, made[std::size_t(n)].c_str(), long_ago, 0) == 0);
  CHECK(f.snapshot("boot 1") == made[1]);
  (void)f.snapshot("one more");
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(f.dir / "snapshots"))
    left.insert(entry.path());
  CHECK(left.size() == 65);
  for (std::size_t n = 0; n < made.size(); ++n)
    CHECK(left.contains(made[n]) == (n != 0 && n != 2));
}

// SEMANTICS C2
TEST_CASE("a content of more keys than a file may have names is copied once, and synced") {
  Synced files;
  Fixture f(files);
  std::vector<std::string> keys;
  for (int n = 0; n < 65'010; ++n)
    keys.push_back("a/" + std::to_string(n / 1000) + "/" + std::to_string(n));
  f.put(f.publish("text", 'a'), 4, keys);
  const os::Path snapshot = f.snapshot("boot");
  std::set<ino_t> inodes;
  for (const auto& key : keys) {
    struct stat st{};
    REQUIRE(::stat((snapshot / key.substr(2)).c_str(), &st) == 0);
    REQUIRE(st.st_size == 4);
    inodes.insert(st.st_ino);
  }
  CHECK(inodes.size() <= 2);
  for (const ino_t inode : inodes)
    CHECK(files.inodes.contains(inode));
}

// SEMANTICS D5
TEST_CASE("an object of a directory's name is its marker, or refused where it has content") {
  Fixture f;
  f.put(f.publish("", 'b'), 0, {"a/", "a/dir/"});
  CHECK(std::filesystem::is_directory(os::Path(f.snapshot("boot")) / "dir"));
  Snapshots snapshots(f.dir / "snapshots", *f.blobs, f.readers, f.clock);
  f.put(f.publish("text", 'a'), 4, {"a/full/", "b/"});
  for (const auto& [prefix, key] : {std::pair("a/", "a/full/"), std::pair("b/", "b/")}) {
    const auto refused = snapshots.snapshot({"bucket", prefix}, Form::tree);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.starts_with("the object '" + std::string(key) +
                                              "' cannot become a file of a channel: "));
    CHECK(snapshots.snapshot({"bucket", prefix}, Form::sequence));
  }
}

// SEMANTICS D15
TEST_CASE("hosts that share a prefix have each object once, whichever form it lies in") {
  Fixture f;
  f.put(f.publish("text", 'a'), 4, {"a/0", "a/1", "a/2/x", "a/3", "a/4"});
  f.put(f.publish("", 'b'), 0, {"a/dir/"});
  Snapshots snapshots(f.dir / "snapshots", *f.blobs, f.readers, f.clock);
  const auto files_of = [&](const Selection& selection) {
    std::set<std::string> out;
    const os::Path path = snapshots.snapshot(selection, Form::tree).value();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
      if (entry.is_regular_file()) out.insert(entry.path().lexically_relative(path));
    CHECK(std::filesystem::is_directory(path / "dir") == !selection.keys);
    return out;
  };
  using Files = std::set<std::string>;
  CHECK(files_of({"bucket", "a/", {}, 0, 2}) == Files{"0", "2/x", "4"});
  CHECK(files_of({"bucket", "a/", {}, 1, 2}) == Files{"1", "3"});
  CHECK(files_of({"bucket", "a/", {}, 6, 7}).empty());
  CHECK(files_of({
                     "bucket",
                     "a/",
                     {{"a/4", "a/0"}},
                     1,
                     2,
                 })
            .size() == 1);
  const auto sequence = snapshots.snapshot({"bucket", "a/", {}, 1, 2}, Form::sequence);
  CHECK(os::read_file(os::Path(*sequence) / "index") ==
        "{\"Items\":[{\"File\":\"data/0/0\",\"Name\":\"s3://bucket/a/1\"}]}\n"
        "{\"Items\":[{\"File\":\"data/0/1\",\"Name\":\"s3://bucket/a/3\"}]}\n");
}

}  // namespace
}  // namespace trainyard::objects
