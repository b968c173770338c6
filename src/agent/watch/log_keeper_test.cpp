#include "agent/watch/log_keeper.hpp"
#include "wire/instance/log_index.hpp"

#include <doctest/doctest.h>

#include <signal.h>
#include <stdlib.h>
#include <thread>

namespace trainyard::agent {
namespace {

constexpr std::uint64_t no_limit = 1ull << 40;

struct Directory {
  os::Path path = [] {
    char name[] = "/tmp/trainyard-log-XXXXXX";
    return os::Path(mkdtemp(name));
  }();
  ~Directory() { CHECK(os::remove_tree(path)); }
  std::string log() const { return os::read_file(path / wire::log_file).value(); }
  std::vector<wire::IndexRecord> index() const {
    return wire::decode_records(os::read_file(path / wire::index_file).value());
  }
};

// SEMANTICS L7
TEST_CASE("every byte is kept, binary and without a final newline") {
  Directory dir;
  ManualClock clock;
  auto keeper = LogKeeper::open(dir.path, no_limit, clock).value();
  REQUIRE(keeper->note("first"));
  auto pipe = os::make_pipe().value();
  REQUIRE(keeper->follow(std::move(pipe.read)));
  std::string text = "a\n";
  text += '\0';
  text += "\xff\r" + std::string(3 << 20, 'z') + "end";
  REQUIRE(os::write_all(pipe.write.get(), text, "pipe"));
  pipe.write.reset();
  REQUIRE(keeper->finish());
  CHECK(dir.log() == "[trainyard] first\n" + text);
  CHECK(dir.index().back().end == dir.log().size());
}

// SEMANTICS L9
TEST_CASE("a second keeper goes on behind the first and times never fall") {
  Directory dir;
  ManualClock clock;
  REQUIRE(LogKeeper::open(dir.path, no_limit, clock).value()->note("one"));
  clock.jump(Millis(-5000));
  REQUIRE(LogKeeper::open(dir.path, no_limit, clock).value()->note("two"));
  CHECK(dir.log() == "[trainyard] one\n[trainyard] two\n");
  const auto index = dir.index();
  CHECK(index.back().end == dir.log().size());
  for (std::size_t i = 1; i < index.size(); ++i)
    CHECK(index[i].ms >= index[i - 1].ms);
}

// SEMANTICS X19
TEST_CASE("a writer that the job left behind holds nobody and gets no more into the log") {
  ::signal(SIGPIPE, SIG_IGN);
  for (const std::uint64_t limit : {no_limit, std::uint64_t(10)}) {
    Directory dir;
    ManualClock clock;
    auto keeper = LogKeeper::open(dir.path, limit, clock).value();
    auto pipe = os::make_pipe().value();
    REQUIRE(keeper->follow(std::move(pipe.read)));
    REQUIRE(os::write_all(pipe.write.get(), "the job's own\n", "pipe"));
    std::thread other([&] {
      while (os::write_all(pipe.write.get(), "another's\n", "pipe")) {
      }
    });
    REQUIRE(keeper->finish());
    other.join();  // its pipe is closed
    CHECK(dir.log().starts_with(std::string("the job's own\n").substr(0, limit)));
    const auto size = dir.log().size();
    CHECK(dir.index().back().end == size);
  }
}

TEST_CASE("a keeper goes also while somebody could still write") {
  Directory dir;
  ManualClock clock;
  auto pipe = os::make_pipe().value();
  {
    auto keeper = LogKeeper::open(dir.path, no_limit, clock).value();
    REQUIRE(keeper->follow(std::move(pipe.read)));
    REQUIRE(os::write_all(pipe.write.get(), "kept\n", "pipe"));
  }
  CHECK(dir.log() == "kept\n");
}

// SEMANTICS L18
TEST_CASE("past its limit a log is cut, says so, and its writer is not held up") {
  Directory dir;
  ManualClock clock;
  auto keeper = LogKeeper::open(dir.path, 10, clock).value();
  auto pipe = os::make_pipe().value();
  REQUIRE(keeper->follow(std::move(pipe.read)));
  REQUIRE(os::write_all(pipe.write.get(), std::string(3 << 20, 'z'), "pipe"));
  pipe.write.reset();
  REQUIRE(keeper->finish());
  CHECK(dir.log() ==
        "zzzzzzzzzz\n[trainyard] the log was cut at its limit of 10 bytes; 3145718 bytes "
        "were dropped (setting log_limit)\n");
}

// SEMANTICS L15
TEST_CASE("a line of Trainyard's own begins a line") {
  Directory dir;
  ManualClock clock;
  auto keeper = LogKeeper::open(dir.path, no_limit, clock).value();
  auto pipe = os::make_pipe().value();
  REQUIRE(keeper->follow(std::move(pipe.read)));
  REQUIRE(os::write_all(pipe.write.get(), "no newline", "pipe"));
  pipe.write.reset();
  REQUIRE(keeper->finish());
  REQUIRE(keeper->note("ended"));
  CHECK(dir.log() == "no newline\n[trainyard] ended\n");
}

}  // namespace
}  // namespace trainyard::agent
