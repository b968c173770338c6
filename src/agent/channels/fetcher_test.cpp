#include "agent/channels/fetch_ahead.hpp"
#include "agent/channels/fetcher.hpp"
#include "agent/channels/look_up.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <stdlib.h>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

constexpr Millis long_enough{20'000};
constexpr std::size_t workers = 16;

/// A bucket whose objects are holes, which remembers what was asked for, and may let askers wait.
struct Bucket {
  using Asked = std::pair<std::string, std::uint64_t>;  // a key, and the offset of a part
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::uint64_t> sizes;
  std::vector<Asked> asked;
  std::size_t heads = 0, heads_together = 0;  // no look is answered before so many came
  std::size_t let_through = SIZE_MAX, passed = 0;

  bool wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& until) {
    return changed.wait_for(lock, long_enough, until);
  }
  bool wait_for_asked(std::size_t count) {
    std::unique_lock lock(mutex);
    return wait(lock, [&] { return asked.size() >= count; });
  }
  void let_one_more_through() {
    const std::lock_guard lock(mutex);
    ++let_through;
    changed.notify_all();
  }
  void let_all_through() {
    const std::lock_guard lock(mutex);
    let_through = SIZE_MAX;
    changed.notify_all();
  }
  std::set<std::string> keys_asked() {
    const std::lock_guard lock(mutex);
    std::set<std::string> out;
    for (const auto& [key, offset] : asked)
      out.insert(key);
    return out;
  }
};

class Held final : public origin::Origin {
public:
  explicit Held(Bucket& bucket) : bucket_(bucket) {}

  Result<> list(const origin::ListRequest&, const origin::Visit&) override { return {}; }
  Result<origin::Head> head(const std::string& key) override {
    std::unique_lock lock(bucket_.mutex);
    ++bucket_.heads;
    bucket_.changed.notify_all();
    bucket_.wait(lock, [&] { return bucket_.heads >= bucket_.heads_together; });
    const auto it = bucket_.sizes.find(key);
    if (it == bucket_.sizes.end())
      return fail(ErrorKind::not_found, "NoSuchKey", "it is not there");
    return origin::Head{{key, false, it->second, "\"e\"", {}}, std::nullopt};
  }
  Result<std::optional<origin::Digest>> get(const origin::Entry& object, origin::Part part,
                                            int) override {
    std::unique_lock lock(bucket_.mutex);
    bucket_.asked.emplace_back(object.key, part.offset);
    bucket_.changed.notify_all();
    bucket_.wait(lock, [&] { return bucket_.passed < bucket_.let_through; });
    ++bucket_.passed;
    return std::optional<origin::Digest>();
  }
  Result<std::optional<os::Fd>> open(const origin::Entry&) override {
    return std::optional<os::Fd>();
  }

private:
  Bucket& bucket_;
};

struct World {
  os::Path path;
  Bucket bucket;
  std::vector<wire::SequenceUnit> units;
  std::vector<std::uint32_t> order;
  std::unique_ptr<Fetcher> fetcher;

  World() {
    std::string name = (std::filesystem::temp_directory_path() / "trainyard-fetch-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
    wire::InstanceSpec spec;
    spec.HostUid = ::getuid();
    spec.HostGid = ::getgid();
    spec.Origins = {{}};
    spec.Origins[0].Name = "far";
    spec.Cache = {path / "cache", 1 << 30};
    fetcher = std::move(
        Fetcher::start(spec, Millis(0), [this](const wire::OriginSpec&, const s3::Retry&) {
          return Result<std::unique_ptr<origin::Origin>>(std::make_unique<Held>(bucket));
        }).value());
  }
  ~World() {
    fetcher.reset();
    (void)os::remove_tree(path);
  }

  void put(std::size_t count, std::uint64_t size) {
    for (std::size_t n = 0; n < count; ++n) {
      wire::SequenceItem item;
      item.Object = wire::OriginObject{"far", fmt::format("{:03}", n), std::int64_t(size), "\"e\""};
      item.Name = "s3://far/" + item.Object->Key;
      bucket.sizes[item.Object->Key] = size;
      units.push_back({{std::move(item)}});
    }
    order.resize(count);
    std::iota(order.begin(), order.end(), 0u);
  }
};

std::uint64_t parts_of(std::uint64_t bytes) {
  constexpr std::uint64_t part = 16u << 20;
  return (bytes + part - 1) / part;
}

}  // namespace

TEST_CASE("what was begun first is fetched first, part by part, whoever looks at it when") {
  World world;
  constexpr std::size_t objects = 8, parts = 4;
  world.put(objects, parts * (16u << 20));
  world.bucket.heads_together = objects;
  world.bucket.let_through = 0;
  for (const auto& unit : world.units)
    (void)world.fetcher->begin(*unit.Items[0].Object, Fetcher::Use::read);
  REQUIRE(world.bucket.wait_for_asked(workers));  // all objects have been looked at, then
  for (std::size_t n = workers; n < objects * parts; ++n) {
    world.bucket.let_one_more_through();
    REQUIRE(world.bucket.wait_for_asked(n + 1));
  }
  const auto& asked = world.bucket.asked;
  REQUIRE(asked.size() == objects * parts);
  CHECK(std::is_sorted(asked.begin() + workers, asked.end()));
  world.bucket.let_all_through();
}

TEST_CASE("of objects that are large one is fetched at a time") {
  World world;
  constexpr std::uint64_t size = 10ull << 30;
  world.put(40, size);
  FetchAhead ahead(world.fetcher.get(), world.units, world.order);
  REQUIRE(ahead.bytes_max() < size);
  for (std::size_t n = 0; n < 2; ++n) {
    const auto fetch = ahead.next();
    REQUIRE(fetch);
    const auto came = world.fetcher->wait(*fetch);
    REQUIRE_MESSAGE(came, came.error().message);
    CHECK(world.bucket.keys_asked().size() == n + 1);
    CHECK(world.bucket.asked.size() == (n + 1) * parts_of(size));
  }
}

TEST_CASE("as many are fetched ahead as have room together") {
  World world;
  const std::uint64_t room = FetchAhead(world.fetcher.get(), {}, {}).bytes_max();
  REQUIRE(room > 0);
  const std::uint64_t size = room / 4;
  world.put(40, size);
  FetchAhead ahead(world.fetcher.get(), world.units, world.order);
  for (std::size_t n = 0; n < 3; ++n) {
    const auto fetch = ahead.next();
    REQUIRE(fetch);
    REQUIRE(world.bucket.wait_for_asked((5 + n) * parts_of(size)));
    CHECK(world.bucket.keys_asked().size() == 5 + n);
  }
}

TEST_CASE("of small objects some are fetched ahead, and each comes once") {
  World world;
  world.put(100, 1);
  FetchAhead ahead(world.fetcher.get(), world.units, world.order);
  for (std::size_t n = 0; n < 100; ++n) {
    const auto fetch = ahead.next();
    REQUIRE(fetch);
    REQUIRE(world.fetcher->wait(*fetch));
    if (n > 0) continue;
    REQUIRE(world.bucket.wait_for_asked(1 + FetchAhead::ahead_max));
    CHECK(world.bucket.keys_asked().size() == 1 + FetchAhead::ahead_max);
  }
  CHECK_FALSE(ahead.next());
  CHECK(world.bucket.asked.size() == 100);
}

TEST_CASE("what a manifest names is looked up, and what is not there is told with who names it") {
  World world;
  world.put(3, 7);
  for (auto& unit : world.units)
    unit.Items[0].Object->Size = -1, unit.Items[0].Object->ETag = "";
  REQUIRE(look_up(world.units, *world.fetcher));
  for (const auto& unit : world.units) {
    CHECK(unit.Items[0].Object->Size == 7);
    CHECK(unit.Items[0].Object->ETag == "\"e\"");
  }
  REQUIRE(look_up(world.units, *world.fetcher));
  CHECK(world.bucket.heads == 3);  // what is known is not asked for
  auto& gone = world.units[1].Items[0];
  gone.Object = wire::OriginObject{"far", "gone", -1, ""};
  gone.Name = "line 2 of s3://b/m";
  const auto looked = look_up(world.units, *world.fetcher);
  REQUIRE_FALSE(looked);
  CHECK(looked.error().kind == ErrorKind::not_found);
  CHECK(looked.error().message == "line 2 of s3://b/m: look up s3://far/gone: it is not there");
}
