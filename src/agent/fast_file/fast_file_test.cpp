#include "agent/fast_file/fast_file.hpp"
#include "os/fuse.hpp"
#include "os/mounts.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <fcntl.h>
#include <future>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

/// A directory that stands for a bucket, a cache, and a place to see the file system at; in a mount
/// namespace of this program's own.
struct World {
  os::Path path;
  wire::InstanceSpec spec;
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<FastFile> files;

  World() {
    std::string name = (std::filesystem::temp_directory_path() / "trainyard-fast-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
    for (const char* directory : {"bucket", "seen"})
      REQUIRE(os::make_directories(path / directory));
    spec.Origins = {{}};
    spec.Origins[0].Name = "far";
    spec.Origins[0].Path = path / "bucket";
    spec.Cache = {path / "cache", 1 << 30};
    REQUIRE(::unshare(CLONE_NEWNS) == 0);
    REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  }
  ~World() {
    (void)::umount2((path / "seen").c_str(), MNT_DETACH);
    files.reset();
    fetcher.reset();
    (void)os::remove_tree(path);
  }

  void put(const std::string& key, const std::string& bytes) const {
    REQUIRE(os::write_file(path / "bucket" / key, bytes));
  }
  void mount_bucket(std::uint64_t bytes_max = 1u << 30) {
    const auto origin = origin::open_origin(spec.Origins[0], {});
    REQUIRE(origin);
    std::vector<wire::SequenceUnit> units;
    REQUIRE((*origin)->list({"", "", ""}, [&](const origin::Entry& entry) -> Result<bool> {
      wire::SequenceItem item;
      item.Place = entry.key;
      item.Object = wire::OriginObject{"far", entry.key, std::int64_t(entry.size), entry.etag};
      units.push_back({{item}});
      return true;
    }));
    mount(std::move(units), bytes_max);
  }
  void mount(std::vector<wire::SequenceUnit> units, std::uint64_t bytes_max,
             Millis patience = Fetcher::patience_max) {
    fetcher = std::move(Fetcher::start(spec, patience).value());
    files =
        std::make_unique<FastFile>(std::move(ObjectTree::make(std::move(units)).value()),
                                   os::Owner{}, *fetcher, std::make_shared<HeldBytes>(bytes_max));
    const auto mounted = files->mount();
    REQUIRE_MESSAGE(mounted, mounted.error().message);
    const os::Fd root(::open("/", O_PATH | O_DIRECTORY));
    const std::string seen = (path / "seen").relative_path();
    REQUIRE(os::attach(files->tree(), root.get(), seen.c_str()) == 0);
  }
};

std::string noise(std::size_t bytes) {
  std::string out(bytes, '\0');
  std::uint32_t state = 1;
  for (char& c : out)
    c = char((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

// For an ordinary user its sandbox mounts it, which tests/conformance looks at.
bool cannot_mount() {
  const auto can = ::geteuid() == 0 ? os::can_mount_fuse()
                                    : Result<>(fail(ErrorKind::denied, "AccessDenied", "no root"));
  if (!can) MESSAGE("not tested here: " << can.error().message);
  return !can;
}

}  // namespace

TEST_CASE("a directory of 100,000 files is listed whole, each once") {
  if (cannot_mount()) return;
  World world;
  std::vector<wire::SequenceUnit> units;
  constexpr std::size_t count = 100'000;
  for (std::size_t n = 0; n < count; ++n) {
    wire::SequenceItem item;
    item.Place = fmt::format("{:06}", n);
    item.Object = wire::OriginObject{"far", *item.Place, 7, "\"e\""};
    units.push_back({{item}});
  }
  world.mount(std::move(units), 1u << 30);
  const auto names = os::list_directory(world.path / "seen");
  REQUIRE(names);
  CHECK(names->size() == count);
  for (std::size_t n = 0; n < names->size(); n += 997)
    CHECK((*names)[n] == fmt::format("{:06}", n));
  CHECK(std::filesystem::file_size(world.path / "seen" / "012345") == 7);
  CHECK_FALSE(std::filesystem::exists(world.path / "seen" / "100000"));
}

TEST_CASE("what has no room is let go and comes again") {
  if (cannot_mount()) return;
  World world;
  const std::string bytes = noise(40u << 20);
  world.put("large", bytes);
  world.mount_bucket(8u << 20);
  for (int round = 0; round < 2; ++round) {
    const os::Fd file(::open((world.path / "seen/large").c_str(), O_RDONLY));
    REQUIRE(file);
    REQUIRE(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED) == 0);
    std::string piece(1u << 20, '\0');
    for (std::size_t at = 0; at < bytes.size(); at += piece.size()) {
      REQUIRE(::pread(file.get(), piece.data(), piece.size(), off_t(at)) == ssize_t(piece.size()));
      REQUIRE(std::string_view(bytes).substr(at, piece.size()) == piece);
    }
  }
  CHECK(world.files->troubles().empty());
  // Of what was let go the second round needed it anew, and never is much of it there.
  std::uint64_t held = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    struct stat st{};
    if (::stat(entry.path().c_str(), &st) == 0 && std::uint64_t(st.st_size) == bytes.size())
      held = std::max(held, std::uint64_t(st.st_blocks) * 512);
  }
  CHECK(held > 0);
  CHECK(held <= (8u << 20) + ObjectFile::part_bytes);
}

TEST_CASE(
    "a file that became another one is an error that names it, and so is all that is stopped") {
  if (cannot_mount()) return;
  World world;
  world.put("one", "before");
  world.put("two", noise(5u << 20));  // not small: nobody fetches it before it is opened
  world.mount_bucket();
  world.put("one", "after it");
  CHECK_FALSE(os::read_file(world.path / "seen/one"));
  REQUIRE(world.files->troubles().size() == 1);
  CHECK(world.files->troubles()[0].find("s3://far/one") != std::string::npos);
  world.files->stop();
  const auto stopped = os::read_file(world.path / "seen/two");
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().message.find("Input/output error") != std::string::npos);
}

TEST_CASE("an origin that stays away is an I/O error in the end, which names the object") {
  if (cannot_mount()) return;
  World world;
  world.spec.Origins[0].Path.clear();
  world.spec.Origins[0].Endpoint = "http://127.0.0.1:1";  // nobody listens
  world.spec.Origins[0].Bucket = "b";
  std::vector<wire::SequenceUnit> units(1);
  units[0].Items.emplace_back();
  units[0].Items[0].Place = "x";
  units[0].Items[0].Object = wire::OriginObject{"far", "x", 7, "\"e\""};
  world.mount(std::move(units), 1u << 30, Millis(0));
  const auto read = os::read_file(world.path / "seen/x");
  REQUIRE_FALSE(read);
  CHECK(read.error().message.find("Input/output error") != std::string::npos);
  REQUIRE(world.files->troubles().size() == 1);
  CHECK(world.files->troubles()[0].find("s3://far/x") != std::string::npos);
}

TEST_CASE("readers of two files that have no room together are all served") {
  if (cannot_mount()) return;
  World world;
  const std::string bytes = noise(12u << 20);
  world.put("a", bytes);
  world.put("b", bytes);
  world.mount_bucket(2u << 20);
  std::vector<std::thread> readers;
  std::atomic<int> right{0};
  for (const char* name : {"a", "b", "a", "b"})
    readers.emplace_back([&, name, seed = readers.size()] {
      const os::Fd file(::open((world.path / "seen" / name).c_str(), O_RDONLY | O_DIRECT));
      std::vector<char> room((1u << 20) + 4096);
      char* piece = room.data() + 4096 - (reinterpret_cast<std::uintptr_t>(room.data()) % 4096);
      for (std::size_t n = 0; n < 400; ++n) {
        // Half of what one read needs another one brought.
        const std::size_t at = ((n * 7 + seed * 3) % 23) << 19, size = 1u << 20;
        right += ::pread(file.get(), piece, size, off_t(at)) == ssize_t(size) &&
                 std::string_view(bytes).substr(at, size) == std::string_view(piece, size);
      }
    });
  // One that nobody answers could not even be killed.
  const auto done = std::async(std::launch::async, [&] {
    for (auto& reader : readers)
      reader.join();
  });
  if (done.wait_for(Millis(20'000)) != std::future_status::ready) world.files->stop();
  done.wait();
  CHECK(right == 1600);
}
