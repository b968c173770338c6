#include "service/objects/abandoned.hpp"
#include "service/objects/test_store.hpp"

#include <optional>

namespace trainyard::objects {
namespace {

constexpr Millis day{86'400'000};

struct Fixture : TestStore {
  std::optional<std::pair<Millis, std::function<void()>>> timer;

  void create(const std::string& id) {
    REQUIRE(control->submit_and_wait([&](store::Txn& txn) {
      return store::insert_upload(txn, {id, "bucket", "key", "{}", {}});
    }));
  }
  void put_part(const std::string& id, std::int64_t n) {
    const auto place = uploads->place(id, n, 4).value();
    REQUIRE(::pwrite(place->fd(), "part", 4, off_t(place->at())) == 4);
    const auto before = control->submit_and_wait([&](store::Txn& txn) {
      return store::put_part(txn, id,
                             {n, place->file(), std::int64_t(place->at()), 4, "", "", "", {}});
    });
    place->committed(before.value());
  }
  void begin() {
    remove_abandoned_daily(*control, *uploads, [&](Millis after, std::function<void()> task) {
      timer = {after, std::move(task)};
    });
    settle();
  }
  void settle() {
    REQUIRE(control->submit_and_wait([](store::Txn&) { return Result<>(); }));
    blobs->drain();
  }
  bool is_there(const std::string& id) {
    return control->submit_and_wait([&](store::Txn& txn) { return store::find_upload(txn, id); })
        .value()
        .has_value();
  }
  std::size_t files() const {
    return std::size_t(std::distance(std::filesystem::directory_iterator(blobs->uploads()), {}));
  }
};

// SEMANTICS S20
TEST_CASE("an upload to which nothing was added for a week goes with its files, at start") {
  Fixture f;
  f.create("old");
  f.put_part("old", 1);
  f.put_part("old", 2);
  f.create("old-without-parts");
  f.create("slow");
  f.put_part("slow", 1);
  f.clock.advance(6 * day);
  f.put_part("slow", 2);
  f.create("young");
  f.clock.advance(day + Millis(1));
  f.begin();
  CHECK_FALSE(f.is_there("old"));
  CHECK_FALSE(f.is_there("old-without-parts"));
  CHECK(f.is_there("slow"));
  CHECK(f.is_there("young"));
  CHECK(f.files() == 1);
}

// SEMANTICS S20
TEST_CASE("and so does one that becomes that old while the service runs") {
  Fixture f;
  f.create("upload");
  f.put_part("upload", 1);
  f.begin();
  for (int n = 1; n <= 8; ++n) {
    CHECK(f.is_there("upload"));
    REQUIRE(f.timer);
    CHECK(f.timer->first == day);
    f.clock.advance(day);
    std::exchange(f.timer, std::nullopt)->second();
    f.settle();
  }
  CHECK_FALSE(f.is_there("upload"));
  CHECK(f.files() == 0);
}

TEST_CASE("any number of them goes") {
  Fixture f;
  for (int n = 0; n < 250; ++n)
    f.create("upload-" + std::to_string(n));
  f.clock.advance(8 * day);
  f.begin();
  f.settle();
  f.settle();
  for (int n = 0; n < 250; ++n)
    CHECK_FALSE(f.is_there("upload-" + std::to_string(n)));
}

}  // namespace
}  // namespace trainyard::objects
