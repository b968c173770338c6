#include "service/store/control.hpp"
#include "service/store/outbox.hpp"
#include "service/store/schema.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <stdlib.h>

namespace trainyard::store {
namespace {

struct Outbox {
  std::string dir = [] {
    char name[] = "/tmp/trainyard-outbox-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  ManualClock clock;
  std::unique_ptr<Control> control = [this] {
    auto db = Database::open(dir + "/db", Database::Mode::write).value();
    REQUIRE(migrate(*db));
    return std::make_unique<Control>(std::move(db), clock);
  }();
  ~Outbox() {
    control.reset();
    std::filesystem::remove_all(dir);
  }
  template <class F> auto in(F work) { return control->submit_and_wait(work).value(); }
  void append(int count) {
    REQUIRE(control->submit_and_wait([&](Txn& txn) -> Result<> {
      for (int i = 0; i < count; ++i)
        TRY(append_to_outbox(txn, {0, "job", txn.now(), "type", "{}"}));
      return {};
    }));
  }
  std::vector<std::int64_t> ids(std::int64_t after = 0, std::int64_t limit = INT64_MAX) {
    std::vector<std::int64_t> out;
    for (const auto& row : in([&](Txn& txn) { return outbox_after(txn, after, limit); }))
      out.push_back(row.id);
    return out;
  }
};

// SEMANTICS V4
TEST_CASE("a webhook begins at now, and goes on where it was") {
  Outbox outbox;
  const auto told = [&](const char* key) {
    return outbox.in([&](Txn& txn) { return webhook_told(txn, key); });
  };
  CHECK(told("a") == 0);
  outbox.append(3);
  CHECK(told("a") == 0);
  CHECK(told("b") == 3);
  REQUIRE(outbox.control->submit_and_wait([](Txn& txn) { return set_webhook_told(txn, "a", 2); }));
  CHECK(told("a") == 2);
  CHECK(told("b") == 3);
  REQUIRE(outbox.control->submit_and_wait([](Txn& txn) { return keep_webhooks(txn, {"b"}); }));
  outbox.append(1);
  CHECK(told("b") == 3);
  CHECK(told("a") == 4);  // it is new again
}

// SEMANTICS V9
TEST_CASE("what is too old or too many goes, and ids go on") {
  Outbox outbox;
  outbox.append(5);
  outbox.clock.advance(outbox_age_max);
  outbox.append(2);
  const auto prune = [&](std::int64_t limit) {
    return outbox.in(
        [&](Txn& txn) { return prune_outbox(txn, txn.now() - outbox_age_max + Millis(1), limit); });
  };
  CHECK(prune(3) == 3);
  CHECK(prune(3) == 2);
  CHECK(prune(3) == 0);
  CHECK(outbox.ids() == std::vector<std::int64_t>{6, 7});
  outbox.append(int(outbox_rows_max) + 993);  // up to 101,000
  CHECK(outbox.ids(0, 1) == std::vector<std::int64_t>{1001});
  REQUIRE(outbox.control->submit_and_wait(
      [](Txn& txn) { return txn.prepare("DELETE FROM outbox").run(); }));
  CHECK(outbox.in(outbox_end) == outbox_rows_max + 1000);
  outbox.append(1);
  CHECK(outbox.ids() == std::vector<std::int64_t>{outbox_rows_max + 1001});
}

// SEMANTICS V1
TEST_CASE("who waits is told of events once they are durable, and of nothing else") {
  Outbox outbox;
  Readers readers(outbox.dir + "/db", 1);
  std::vector<std::string> told;
  std::size_t seen = 0;
  outbox.control->on_events([&](const std::vector<std::string>& jobs) {
    told.insert(told.end(), jobs.begin(), jobs.end());
    seen = readers.read([](Snapshot& s) { return outbox_after(s, 0, 10); }).value().size();
  });
  outbox.append(2);
  const auto nothing = [](Txn&) -> Result<> { return {}; };
  CHECK(outbox.control->submit_and_wait(nothing));  // behind it all has been told
  CHECK(told == std::vector<std::string>{"job", "job"});
  CHECK(seen == 2);
  CHECK(outbox.control->submit_and_wait(nothing));
  // As SQLite does by itself when a disk is full: nothing is durable.
  CHECK_FALSE(outbox.control->submit_and_wait([](Txn& txn) -> Result<> {
    TRY(append_to_outbox(txn, {0, "lost", txn.now(), "type", "{}"}));
    return txn.prepare("ROLLBACK").run();
  }));
  CHECK(outbox.control->submit_and_wait(nothing));
  CHECK(told.size() == 2);
}

}  // namespace
}  // namespace trainyard::store
