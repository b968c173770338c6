#include "os/files.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

struct Place {
  Path path;
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "files-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Place() { (void)remove_tree(path); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
};

// `levels` directories, one in the other, each with a file and a name that a removal might choose.
void nest(const Path& path, int levels) {
  int at = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int n = 0; n < levels; ++n) {
    REQUIRE(::mkdirat(at, "d", 0755) == 0);
    const int next = ::openat(at, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(next >= 0);
    ::close(at);
    at = next;
    ::close(::openat(at, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0400));
    if (n % 100 == 0) REQUIRE(::mkdirat(at, ".moved-1", 0) == 0);
  }
  ::close(at);
}

}  // namespace

TEST_CASE("a tree is removed with few descriptors however deep it is") {
  const Place place;
  const Path tree = place.path / "tree";
  REQUIRE(make_directories(tree));
  nest(tree, 3000);
  REQUIRE(make_directories(tree / ".moved-0/full"));
  REQUIRE(write_file(tree / ".moved-2", "a file"));
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit few{64, usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto removed = remove_tree(tree);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK_MESSAGE(removed, (removed ? "" : removed.error().message.substr(0, 500)));
  CHECK_FALSE(std::filesystem::exists(tree));
}

TEST_CASE("many deep branches are removed too") {
  const Place place;
  const Path tree = place.path / "tree";
  for (int n = 0; n < 40; ++n) {
    REQUIRE(make_directories(tree / std::to_string(n)));
    nest(tree / std::to_string(n), 80);
  }
  REQUIRE(remove_tree(tree));
  CHECK_FALSE(std::filesystem::exists(tree));
}

TEST_CASE("closed directories are removed and links only as links") {
  const Place place;
  const Path tree = place.path / "tree", kept = place.path / "kept";
  REQUIRE(make_directories(tree / "a/b/c"));
  REQUIRE(make_directories(kept));
  REQUIRE(write_file(kept / "file", "kept"));
  REQUIRE(::symlink(kept.c_str(), (tree / "a/link").c_str()) == 0);
  REQUIRE(::symlink("/nowhere", (tree / "dangling").c_str()) == 0);
  REQUIRE(::chmod((tree / "a/b").c_str(), 0) == 0);
  REQUIRE(::chmod((tree / "a").c_str(), 0) == 0);
  REQUIRE(::chmod(tree.c_str(), 0) == 0);
  REQUIRE(remove_tree(tree));
  CHECK_FALSE(std::filesystem::exists(tree));
  CHECK(read_file(kept / "file").value_or("") == "kept");
}

TEST_CASE("a link is removed and not what it leads to; nothing is fine") {
  const Place place;
  const Path kept = place.path / "kept", link = place.path / "link";
  REQUIRE(make_directories(kept));
  REQUIRE(::symlink("kept", link.c_str()) == 0);
  REQUIRE(remove_tree(link));
  CHECK(std::filesystem::exists(kept));
  CHECK(remove_tree(place.path / "gone"));
}

// Takes the lock, forks a child that lives on until `until` is closed, says so and waits.
[[noreturn]] void hold(const Path& file, const Pipe& said, const Pipe& until) {
  const auto lock = FileLock::take(file);
  if (!lock) ::_exit(1);
  ::close(until.write.get());
  if (::fork() != 0) (void)::write(said.write.get(), "", 1);
  char none = 0;
  (void)::read(until.read.get(), &none, 1);
  ::_exit(0);
}

// SEMANTICS C5
TEST_CASE("a lock is its holder's alone: a kill frees it, whatever the holder had forked") {
  const Place place;
  const Path file = place.path / "lock";
  const Pipe said = make_pipe().value(), until = make_pipe().value();
  CHECK_FALSE(FileLock::is_held(file).value());
  const pid_t holder = ::fork();
  if (holder == 0) hold(file, said, until);
  char none = 1;
  REQUIRE(::read(said.read.get(), &none, 1) == 1);
  CHECK(FileLock::is_held(file).value());
  CHECK(FileLock::holder(file).value() == holder);
  CHECK(FileLock::take(file).error().kind == ErrorKind::conflict);
  ::kill(holder, SIGKILL);
  REQUIRE(::waitpid(holder, nullptr, 0) == holder);
  CHECK_FALSE(FileLock::is_held(file).value());
  CHECK(FileLock::take(file));
}

}  // namespace trainyard::os
