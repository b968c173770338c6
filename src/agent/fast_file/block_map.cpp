#include "agent/fast_file/block_map.hpp"

#include "base/result.hpp"

#include <algorithm>

namespace trainyard::agent {

BlockMap::BlockMap(std::uint64_t size)
    : size_(size), blocks_((size + block_bytes - 1) / block_bytes, Block::missing) {}

BlockMap::Span BlockMap::span(Range range) const {
  const std::uint64_t end = std::min(range.end, size_);
  if (range.begin >= end) return {0, 0};
  return {range.begin / block_bytes, (end + block_bytes - 1) / block_bytes};
}

Range BlockMap::bytes_of(std::size_t block) const {
  return {block * block_bytes, std::min((block + 1) * block_bytes, size_)};
}

void BlockMap::append(std::vector<Range>& runs, std::size_t block, std::uint64_t most) const {
  const Range bytes = bytes_of(block);
  if (!runs.empty() && runs.back().end == bytes.begin && bytes.end - runs.back().begin <= most)
    runs.back().end = bytes.end;
  else
    runs.push_back(bytes);
}

std::vector<Range> BlockMap::take(Range range, bool urgent) {
  std::vector<Range> out;
  const auto [begin, end] = span(range);
  for (std::size_t n = begin; n < end; ++n) {
    if (blocks_[n] != Block::missing && !(urgent && blocks_[n] == Block::queued)) continue;
    blocks_[n] = urgent ? Block::asked : Block::queued;
    append(out, n, part_bytes);
  }
  return out;
}

std::vector<Range> BlockMap::begin(Range part) {
  std::vector<Range> out;
  const auto [begin, end] = span(part);
  for (std::size_t n = begin; n < end; ++n) {
    if (blocks_[n] != Block::queued) continue;
    blocks_[n] = Block::asked;
    append(out, n, part_bytes);
  }
  return out;
}

void BlockMap::came(Range part, bool well) {
  const auto [begin, end] = span(part);
  for (std::size_t n = begin; n < end; ++n) {
    CHECK(blocks_[n] == Block::asked);
    blocks_[n] = well ? Block::there : Block::missing;
  }
  if (well) there_ += end - begin;
}

std::vector<Range> BlockMap::drop(Range range) {
  std::vector<Range> out;
  const auto [begin, end] = span(range);
  for (std::size_t n = begin; n < end; ++n) {
    if (blocks_[n] != Block::there) continue;
    blocks_[n] = Block::missing;
    --there_;
    append(out, n, size_);
  }
  return out;
}

bool BlockMap::has(Range range) const {
  const auto [begin, end] = span(range);
  return std::all_of(blocks_.begin() + std::ptrdiff_t(begin), blocks_.begin() + std::ptrdiff_t(end),
                     [](Block block) { return block == Block::there; });
}

std::uint64_t bytes_in(const std::vector<Range>& ranges) {
  std::uint64_t out = 0;
  for (const Range& range : ranges)
    out += range.end - range.begin;
  return out;
}

}  // namespace trainyard::agent
