#include "base/closest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace trainyard {
namespace {

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> names) {
  const auto it = std::min_element(names.begin(), names.end(), [&](auto a, auto b) {
    return distance(word, a) < distance(word, b);
  });
  return it == names.end() ? std::string_view() : *it;
}

}  // namespace trainyard
