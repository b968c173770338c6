#pragma once
/// The index of a sequence (wire/instance/sequence.hpp), read.

#include "base/result.hpp"
#include "os/files.hpp"
#include "wire/instance/sequence.hpp"

#include <vector>

namespace trainyard::agent {

/// The units of the sequence that lies at `directory`.
Result<std::vector<wire::SequenceUnit>> read_sequence_index(const os::Path& directory);

}  // namespace trainyard::agent
