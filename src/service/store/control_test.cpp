#include "service/store/control.hpp"
#include "service/store/schema.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <future>
#include <stdlib.h>

namespace trainyard::store {
namespace {

struct Store {
  std::string dir = [] {
    char name[] = "/tmp/trainyard-store-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  std::string path = dir + "/db";
  ManualClock clock;
  std::unique_ptr<Control> control = [this] {
    auto db = Database::open(path, Database::Mode::write).value();
    REQUIRE(migrate(*db));
    return std::make_unique<Control>(std::move(db), clock);
  }();
  ~Store() {
    control.reset();
    std::filesystem::remove_all(dir);
  }
};

Result<> put(Txn& txn, const char* key) {
  return txn.prepare("INSERT INTO meta VALUES (?, 'x')").bind(key).run();
}

Result<std::int64_t> count(Snapshot& s) {
  auto q = s.prepare("SELECT count(*) FROM meta");
  TRY(q.step());
  return q.integer(0);
}

// SEMANTICS C10
TEST_CASE("a work that fails undoes its own writes and nobody else's") {
  Store store;
  CHECK(store.control->submit_and_wait([](Txn& t) { return put(t, "a"); }));
  const auto failed = store.control->submit_and_wait([](Txn& t) -> Result<> {
    TRY(put(t, "b"));
    return fail(ErrorKind::invalid, "No", "no");
  });
  CHECK(failed.error().code == "No");
  CHECK(!store.control->submit_and_wait([](Txn& t) { return put(t, "a"); }));
  CHECK(store.control->submit_and_wait(count).value() == 1);
}

// As SQLite does by itself when a disk is full. SEMANTICS C11
TEST_CASE("behind a transaction that was rolled back nothing of its batch is written") {
  Store store;
  std::promise<void> begun, go_on;
  std::promise<bool> last;
  store.control->submit(
      [&](Txn&) -> Result<> {
        begun.set_value();
        go_on.get_future().wait();
        return {};
      },
      [](const Result<>&) {});
  begun.get_future().wait();  // what follows is one batch
  bool first = true;
  store.control->submit([](Txn& txn) { return txn.prepare("ROLLBACK").run(); },
                        [&](const Result<>& done) { first = done.has_value(); });
  store.control->submit([](Txn& txn) { return put(txn, "behind"); },
                        [&](const Result<>& done) { last.set_value(done.has_value()); });
  go_on.set_value();
  CHECK_FALSE(last.get_future().get());
  CHECK_FALSE(first);
  CHECK(store.control->submit_and_wait(count).value() == 0);
  CHECK(store.control->submit_and_wait([](Txn& t) { return put(t, "later"); }));
}

// SEMANTICS J1
TEST_CASE("a reader sees every acknowledged write") {
  Store store;
  Readers readers(store.path, 2);
  for (int i = 0; i < 20; ++i) {
    CHECK(
        store.control->submit_and_wait([&](Txn& t) { return put(t, std::to_string(i).c_str()); }));
    CHECK(readers.read(count).value() == i + 1);
  }
}

// SEMANTICS J41
TEST_CASE("time in transactions never goes back") {
  Store store;
  const auto now = [&] {
    return store.control->submit_and_wait([](Txn& t) -> Result<Time> { return t.now(); }).value();
  };
  const Time first = now();
  store.clock.jump(Millis(-60'000));
  CHECK(now() == first);
}

// SEMANTICS C6
TEST_CASE("a newer data directory is refused") {
  Store store;
  CHECK(store.control->submit_and_wait([](Txn&) -> Result<> { return {}; }));
  auto db = Database::open(store.path, Database::Mode::write).value();
  REQUIRE(db->execute("PRAGMA user_version=999"));
  const auto r = migrate(*db);
  REQUIRE(!r);
  CHECK(r.error().kind == ErrorKind::conflict);
}

}  // namespace
}  // namespace trainyard::store
