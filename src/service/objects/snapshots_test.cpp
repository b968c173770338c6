#include "service/objects/snapshots.hpp"
#include "service/objects/test_store.hpp"

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
    return snapshots.snapshot("bucket", "a/").value();
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

}  // namespace
}  // namespace trainyard::objects
