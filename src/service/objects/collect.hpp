#pragma once
/// Removing blobs that no row refers to.
///
/// Decided on the control thread, in two steps: within a transaction, which names have no row;
/// after its commit, that they may go. So a row's removal is lasting before its blob goes, and no
/// commit that fails brings back a row whose blob is gone. A PUT of the same content pins the name
/// before it looks for the file and until its own row is committed: whichever of the two is first,
/// the other sees it.

#include "base/result.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/control.hpp"

#include <string>
#include <vector>

namespace trainyard::objects {

/// Looks at `names`, and at what was put off before, and has those without rows removed. Returns at
/// once; any thread. Names may be empty texts or repeat.
void collect(store::Control& control, Blobs& blobs, std::vector<std::string> names);

/// What a crash left without rows: looks at every blob. Blocks; for the time after a start, beside
/// requests.
Result<> collect_after_start(store::Control& control, store::Readers& readers, Blobs& blobs);

}  // namespace trainyard::objects
