#include "agent/channels/sequence_index.hpp"

#include "wire/json.hpp"

#include <algorithm>
#include <limits>

namespace trainyard::agent {
namespace {

constexpr std::size_t index_bytes_max = std::size_t(1) << 30;

}  // namespace

Result<std::vector<wire::SequenceUnit>> read_sequence_index(const os::Path& directory) {
  const std::string text = TRY(os::read_file(directory / wire::sequence_index, index_bytes_max));
  std::vector<wire::SequenceUnit> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out.push_back(
        TRY(wire::decode<wire::SequenceUnit>(std::string_view(text).substr(at, end - at))));
    at = end + 1;
  }
  if (out.size() > std::numeric_limits<std::uint32_t>::max())
    return fail(ErrorKind::limit, "ValidationException", "a channel has too many objects");
  return out;
}

}  // namespace trainyard::agent
