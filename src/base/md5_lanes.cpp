#include "base/md5_lanes.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace trainyard {
namespace {

constexpr std::size_t block_bytes = 64;
// One alone is faster in scalar registers, which rotate in one instruction.
constexpr std::size_t side_by_side_min = 2;

}  // namespace

// What is known here of how OpenSSL keeps a hash between two whole blocks.
class Md5Blocks {
public:
  static std::array<std::uint32_t*, 4> words(Md5& hash) {
    MD5_CTX& c = hash.context_;
    return {&c.A, &c.B, &c.C, &c.D};
  }
  // How many bytes make the block whole that was begun; 0 if none was.
  static std::size_t missing(const Md5& hash) {
    return (block_bytes - hash.context_.num) % block_bytes;
  }
  static void count(Md5& hash, std::uint64_t bytes) {
    MD5_CTX& c = hash.context_;
    const std::uint64_t bits = (std::uint64_t(c.Nh) << 32 | c.Nl) + bytes * 8;
    c.Nl = std::uint32_t(bits);
    c.Nh = std::uint32_t(bits >> 32);
  }
};

namespace {

#ifdef __x86_64__

#define WITH_AVX2 [[gnu::target("avx2")]]
#define INLINE_WITH_AVX2 [[gnu::target("avx2"), gnu::always_inline]] inline

// A word of each lane.
using Words = std::uint32_t __attribute__((vector_size(4 * md5_lanes)));
using Texts = std::array<const std::uint8_t*, md5_lanes>;

// RFC 1321, 3.4: the integer parts of 2^32 * |sin(i)|, i = 1 to 64 radians.
constexpr std::uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
// By round and step, modulo 4. The rounds take the words of a block in their own orders: each
// begins at one and goes on by so many.
constexpr int rotations[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
constexpr int first_words[4] = {0, 1, 5, 0}, word_steps[4] = {1, 5, 3, 7};

// The sum with RFC 1321's F, G, H or I, whose `b` comes last: it is what the step before computes.
template <int round> INLINE_WITH_AVX2 Words mix(Words sum, Words b, Words c, Words d) {
  if constexpr (round == 0) return sum + (d ^ (b & (c ^ d)));
  if constexpr (round == 1) return sum + (c & ~d) + (b & d);
  if constexpr (round == 2) return sum + (b ^ (c ^ d));
  return sum + (c ^ (b | ~d));
}

template <int round>
INLINE_WITH_AVX2 void step(int i, Words& a, Words b, Words c, Words d, const Words (&block)[16]) {
  const Words& word = block[(first_words[round] + word_steps[round] * i) % 16];
  const int by = rotations[round][i % 4];
  const Words sum = mix<round>(a + word + sines[16 * round + i], b, c, d);
  a = b + (sum << by | sum >> (32 - by));
}

template <int round>
INLINE_WITH_AVX2 void run_round(Words& a, Words& b, Words& c, Words& d, const Words (&block)[16]) {
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    step<round>(i, a, b, c, d, block);
    step<round>(i + 1, d, a, b, c, block);
    step<round>(i + 2, c, d, a, b, block);
    step<round>(i + 3, b, c, d, a, block);
  }
}

// Eight words of each text become those of each lane: dealt like two halves of a deck, three times.
INLINE_WITH_AVX2 void load_half(const Texts& texts, std::size_t offset, Words* out) {
  Words rows[md5_lanes];
  for (std::size_t i = 0; i < md5_lanes; ++i)
    std::memcpy(&rows[i], texts[i] + offset, sizeof rows[i]);
  for (int deal = 0; deal < 3; ++deal) {
    for (std::size_t i = 0; i < md5_lanes / 2; ++i) {
      const Words& x = rows[i];
      const Words& y = rows[i + md5_lanes / 2];
      out[2 * i] = __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11);
      out[2 * i + 1] = __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15);
    }
    std::memcpy(rows, out, sizeof rows);
  }
}

WITH_AVX2 void run_blocks(Words (&state)[4], const Texts& texts, std::size_t blocks) {
  Words a = state[0], b = state[1], c = state[2], d = state[3];
  for (std::size_t at = 0; at < blocks * block_bytes; at += block_bytes) {
    Words block[16];
    load_half(texts, at, block);
    load_half(texts, at + block_bytes / 2, block + 8);
    run_round<0>(a, b, c, d, block);
    run_round<1>(a, b, c, d, block);
    run_round<2>(a, b, c, d, block);
    run_round<3>(a, b, c, d, block);
    a = state[0] += a;
    b = state[1] += b;
    c = state[2] += c;
    d = state[3] += d;
  }
}

bool can_run_blocks() {
  static const bool can = __builtin_cpu_supports("avx2");
  return can;
}

// So many blocks of each; at most as many inputs as there are lanes.
void run_together(std::span<Md5Input> inputs, std::size_t blocks) {
  Words state[4] = {};
  Texts texts;
  texts.fill(inputs[0].bytes.data());  // the lanes that are left over do something, for nobody
  for (std::size_t lane = 0; lane < inputs.size(); ++lane) {
    texts[lane] = inputs[lane].bytes.data();
    const auto words = Md5Blocks::words(*inputs[lane].hash);
    for (std::size_t i = 0; i < words.size(); ++i)
      state[i][lane] = *words[i];
  }
  run_blocks(state, texts, blocks);
  for (std::size_t lane = 0; lane < inputs.size(); ++lane) {
    auto& [hash, bytes] = inputs[lane];
    const auto words = Md5Blocks::words(*hash);
    for (std::size_t i = 0; i < words.size(); ++i)
      *words[i] = state[i][lane];
    Md5Blocks::count(*hash, blocks * block_bytes);
    bytes = bytes.subspan(blocks * block_bytes);
  }
}

#else

bool can_run_blocks() {
  return false;
}
void run_together(std::span<Md5Input>, std::size_t) {}

#endif

void take(Md5Input& input, std::size_t bytes) {
  input.hash->update(input.bytes.first(bytes));
  input.bytes = input.bytes.subspan(bytes);
}

}  // namespace

void update_side_by_side(std::span<const Md5Input> inputs) {
  std::vector<Md5Input> left(inputs.begin(), inputs.end());
  for (auto& input : left)
    take(input, std::min(input.bytes.size(), Md5Blocks::missing(*input.hash)));
  while (can_run_blocks()) {
    // Those with the most bytes first: whoever runs out leaves, and the rest goes on.
    std::ranges::sort(left, std::greater(), [](const auto& input) { return input.bytes.size(); });
    const auto end = std::ranges::find_if(
        left, [](const auto& input) { return input.bytes.size() < block_bytes; });
    const auto count = std::min(std::size_t(end - left.begin()), md5_lanes);
    if (count < side_by_side_min) break;
    run_together(std::span(left).first(count), left[count - 1].bytes.size() / block_bytes);
  }
  for (auto& input : left)
    take(input, input.bytes.size());
}

}  // namespace trainyard
