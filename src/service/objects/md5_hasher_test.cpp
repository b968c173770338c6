#include "base/encoding.hpp"
#include "service/objects/md5_hasher.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <set>
#include <thread>

namespace trainyard::objects {
namespace {

constexpr std::size_t piece_bytes = 128u << 10;  // a small one would not leave its thread

std::string text_of(unsigned seed, std::size_t size) {
  std::minstd_rand random(seed);
  std::string text(size, '\0');
  for (char& c : text)
    c = char(random());
  return text;
}

std::string md5_of(std::string_view text) {
  Md5 md5;
  md5.update(text);
  return hex(md5.finish());
}

// In pieces of which some are not full.
void add(Md5Lane& lane, std::string_view text, std::minstd_rand& random) {
  while (!text.empty()) {
    Md5Lane::Piece piece = lane.next_piece();
    const std::size_t most = random() % 4 ? piece.size() : random() % piece.size() + 1;
    const std::size_t size = text.copy(piece.data(), most);
    lane.add(std::move(piece), size);
    text.remove_prefix(size);
  }
}

// Bodies of all lengths, one after the other; every third goes away before its end.
void hash_bodies(Md5Hasher& hasher, unsigned seed, std::vector<std::string>& wrong) {
  std::minstd_rand random(seed);
  for (unsigned i = 0; i < 12; ++i) {
    const std::string text = text_of(seed + i, random() % (i % 2 ? 2'000'000 : 200'000));
    Md5Lane lane(hasher, piece_bytes);
    add(lane, text, random);
    if (i % 3 == 2) continue;
    const std::string got = hex(lane.finish());
    if (got != md5_of(text)) wrong.push_back(fmt::format("{} bytes: {}", text.size(), got));
  }
}

void check_bodies(Md5Hasher& hasher, std::size_t bodies) {
  std::vector<std::vector<std::string>> wrong(bodies);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < bodies; ++i)
    threads.emplace_back([&, i] { hash_bodies(hasher, unsigned(i + 1), wrong[i]); });
  for (auto& thread : threads)
    thread.join();
  for (const auto& of_one : wrong)
    CHECK(of_one == std::vector<std::string>());
}

}  // namespace

TEST_CASE(
    "bodies that come at the same time have the MD5 of each, and some go away before their end") {
  Md5Hasher hasher;
  for (const std::size_t bodies : {1, 2, 5, 20}) {
    CAPTURE(bodies);
    check_bodies(hasher, bodies);
  }
}

TEST_CASE("where no thread can be had, the bodies' own threads hash") {
  Md5Hasher hasher(0);
  check_bodies(hasher, 10);
}

TEST_CASE("a body has three pieces at most, whoever hashes them") {
  for (const std::size_t threads : {0, 1}) {
    Md5Hasher hasher(threads);
    Md5Lane lane(hasher, piece_bytes);
    std::set<const char*> seen;
    for (int i = 0; i < 20; ++i) {
      Md5Lane::Piece piece = lane.next_piece();
      seen.insert(piece.data());
      lane.add(std::move(piece), piece_bytes);
    }
    CHECK(seen.size() <= 3);
    CHECK(hex(lane.finish()) == md5_of(std::string(20 * piece_bytes, '\0')));
  }
}

TEST_CASE("a body that stands still holds no other up, and goes on later") {
  Md5Hasher hasher;
  Md5Lane still(hasher, piece_bytes);
  still.add(still.next_piece(), piece_bytes);
  const std::string text = text_of(1, 20 * piece_bytes);
  std::minstd_rand random(1);
  for (int i = 0; i < 3; ++i) {
    Md5Lane lane(hasher, piece_bytes);
    add(lane, text, random);
    CHECK(hex(lane.finish()) == md5_of(text));
  }
  still.add(still.next_piece(), piece_bytes);
  CHECK(hex(still.finish()) == md5_of(std::string(2 * piece_bytes, '\0')));
}

TEST_CASE("a piece that was added can be read until the next one is asked for") {
  Md5Hasher hasher;
  Md5Lane lane(hasher, piece_bytes);
  Md5Lane::Piece piece = lane.next_piece();
  const std::string text = text_of(1, piece_bytes);
  text.copy(piece.data(), text.size());
  const std::string_view bytes(piece.data(), piece.size());
  lane.add(std::move(piece), bytes.size());
  CHECK(hex(lane.finish()) == md5_of(text));
  CHECK(bytes == text);
}

TEST_CASE("the MD5 of an empty body is that of nothing") {
  Md5Hasher hasher;
  Md5Lane lane(hasher, piece_bytes);
  CHECK(hex(lane.finish()) == "d41d8cd98f00b204e9800998ecf8427e");
}

}  // namespace trainyard::objects
