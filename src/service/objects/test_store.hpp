#pragma once
/// A store of rows and contents in a directory of its own, for the tests of this folder.

#include "os/files.hpp"
#include "service/objects/blobs.hpp"
#include "service/objects/uploads.hpp"
#include "service/store/control.hpp"
#include "service/store/objects.hpp"
#include "service/store/schema.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <string>
#include <unistd.h>

namespace trainyard::objects {

struct TestStore {
  os::Path dir = [] {
    char name[] = "/tmp/trainyard-objects-XXXXXX";
    return os::Path(mkdtemp(name));
  }();
  std::string database = (dir / "db").string();
  ManualClock clock;
  std::unique_ptr<store::Control> control = [this] {
    auto db = store::Database::open(database, store::Database::Mode::write).value();
    REQUIRE(store::migrate(*db));
    return std::make_unique<store::Control>(std::move(db), clock);
  }();
  store::Readers readers{database, 2};
  std::unique_ptr<Blobs> blobs;
  std::unique_ptr<Uploads> uploads;

  explicit TestStore(FileSystem& files = real_file_system())
      : blobs(Blobs::open(dir / "objects", {::geteuid(), ::getegid()}, files).value()),
        uploads(std::make_unique<Uploads>(*blobs, readers)) {}
  ~TestStore() {
    control.reset();
    uploads.reset();
    blobs.reset();
    CHECK(os::remove_tree(dir));
  }
  /// A content, as a PUT would publish it; its name.
  std::string publish(std::string_view text, char digit) {
    const std::string name = "s-" + std::string(64, digit);
    auto file = blobs->create().value();
    REQUIRE(os::write_all(file.fd(), text, "a content"));
    REQUIRE(blobs->publish(std::move(file), name));
    return name;
  }
};

}  // namespace trainyard::objects
