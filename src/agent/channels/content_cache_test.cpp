#include "agent/channels/content_cache.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

struct Root {
  os::Path path;
  Root() {
    std::string name = (std::filesystem::temp_directory_path() / "trainyard-cache-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Root() { (void)os::remove_tree(path); }
  ContentCache open(std::uint64_t bytes_max = 1u << 30, const char* boot = "now") const {
    return std::move(ContentCache::open(path, {::getuid(), ::getgid()}, bytes_max, boot).value());
  }
};

void keep(const ContentCache& cache, const std::string& name, std::size_t bytes = 1) {
  const os::Fd file = std::move(cache.create().value());
  REQUIRE(::ftruncate(file.get(), 0) == 0);
  const std::string text(bytes, 'x');
  REQUIRE(::write(file.get(), text.data(), text.size()) == ssize_t(text.size()));
  REQUIRE(cache.keep(file, name));
}

}  // namespace

TEST_CASE("a content is found once it was kept, by its name alone") {
  const Root root;
  const ContentCache cache = root.open();
  CHECK_FALSE(cache.find("ab1"));
  keep(cache, "ab1");
  CHECK(cache.find("ab1"));
  CHECK_FALSE(cache.find("ab2"));
  keep(cache, "ab1");  // somebody else was as quick
  CHECK(root.open().find("ab1"));
}

TEST_CASE("what no sync was made for goes with its boot, the rest stays") {
  const Root root;
  keep(root.open(), "ab1");
  REQUIRE(root.open().settle());
  keep(root.open(), "ab2");
  const ContentCache later = root.open(1u << 30, "later");
  CHECK(later.find("ab1"));
  CHECK_FALSE(later.find("ab2"));
  CHECK_FALSE(std::filesystem::exists(root.path / "fresh-now"));
}

TEST_CASE("past its size the cache drops what was used least lately") {
  const Root root;
  const ContentCache cache = root.open(3 * 4096);
  for (const char* name : {"aa1", "bb2", "cc3", "dd4"}) {
    keep(cache, name);
    // Ages, oldest first.
    const timespec times[2] = {{1000 + name[2], 0}, {0, UTIME_OMIT}};
    const auto path = root.path / "fresh-now" / std::string(name, 2) / name;
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  CHECK(cache.find("aa1"));  // used just now
  REQUIRE(cache.settle());
  CHECK(cache.find("aa1"));
  CHECK_FALSE(cache.find("bb2"));
  CHECK(cache.find("cc3"));
  CHECK(cache.find("dd4"));
}
