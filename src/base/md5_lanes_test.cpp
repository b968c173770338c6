#include "base/encoding.hpp"
#include "base/md5_lanes.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <random>

using namespace trainyard;

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string of_openssl(const Bytes& text) {
  std::array<std::uint8_t, 16> out;
  REQUIRE(EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_md5(), nullptr) == 1);
  return hex(out);
}

struct Texts {
  std::mt19937 random;
  std::vector<Bytes> texts;
  std::vector<Md5> hashes;
  std::vector<std::size_t> done;

  explicit Texts(const std::vector<std::size_t>& sizes)
      : random(unsigned(sizes.size())), hashes(sizes.size()), done(sizes.size()) {
    for (const std::size_t size : sizes) {
      texts.emplace_back(size);
      for (auto& byte : texts.back())
        byte = std::uint8_t(random());
    }
  }
  // So many more bytes of each, where it has them.
  void update(const std::function<std::size_t()>& count) {
    std::vector<Md5Input> inputs;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::size_t size = std::min(count(), texts[i].size() - done[i]);
      inputs.push_back({&hashes[i], std::span(texts[i]).subspan(done[i], size)});
      done[i] += size;
    }
    update_side_by_side(inputs);
  }
  std::size_t pick(std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
  }
  void check() {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CAPTURE(i);
      CHECK(hex(hashes[i].finish()) == of_openssl(texts[i]));
    }
  }
};

constexpr std::array<std::size_t, 14> edges = {0,  1,   55,  56,  57,  63,   64,
                                               65, 119, 120, 127, 128, 4096, 5000};

}  // namespace

TEST_CASE("texts of equal lengths, side by side, have the MD5 they have alone") {
  for (std::size_t count = 1; count <= 2 * md5_lanes + 1; ++count)
    for (const std::size_t size : edges) {
      CAPTURE(count);
      CAPTURE(size);
      Texts texts(std::vector<std::size_t>(count, size));
      texts.update([&] { return size; });
      texts.check();
    }
}

TEST_CASE(
    "texts of different lengths, in pieces that are cut anywhere, have the MD5 they have alone") {
  for (std::size_t round = 0; round < 200; ++round) {
    CAPTURE(round);
    Texts texts(std::vector<std::size_t>(round % (md5_lanes + 2), 0));
    for (auto& text : texts.texts)
      text.resize(texts.pick(1) ? edges[texts.pick(edges.size() - 1)] : texts.pick(3000),
                  std::uint8_t(round));
    for (int i = 0; i < 20; ++i)
      texts.update([&] { return texts.pick(400); });
    texts.update([] { return std::size_t(1) << 20; });
    texts.check();
  }
}

TEST_CASE("texts of millions of bytes, side by side, have the MD5 they have alone") {
  Texts texts({3'000'000, 2'999'999, 64 * 40'000, 1, 0, 1'048'576 + 55});
  while (texts.done[0] < texts.texts[0].size())
    texts.update([&] { return 256u << 10; });
  texts.check();
}

TEST_CASE("the length counts past 512 MiB, from where on OpenSSL keeps it in two words") {
  const Bytes piece(1u << 20, 'x');
  Md5 alone;
  for (int i = 0; i < 511; ++i)
    alone.update(piece);
  Md5 one = alone, other = alone;
  for (int i = 0; i < 2; ++i) {
    alone.update(piece);
    update_side_by_side(std::array{Md5Input{&one, piece}, Md5Input{&other, piece}});
  }
  const std::string expected = hex(alone.finish());
  CHECK(hex(one.finish()) == expected);
  CHECK(hex(other.finish()) == expected);
}
