#pragma once
/// Removing multipart uploads that nobody goes on with. Their clients are gone, or did not get
/// through with an Abort: the bytes would lie there for good.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "service/objects/uploads.hpp"
#include "service/store/control.hpp"

#include <functional>

namespace trainyard::objects {

/// An upload to which nothing was added for so long goes.
inline constexpr Millis abandoned_after{7 * 86'400'000ll};

/// Runs a task after a while, on any thread, unless the service ends before.
using RunAfter = std::function<void(Millis, std::function<void()>)>;

/// Removes abandoned uploads now and once a day. Returns at once; an upload that is being completed
/// at that moment is refused its Complete, as after an Abort.
void remove_abandoned_daily(store::Control& control, Uploads& uploads, const RunAfter& run_after);

}  // namespace trainyard::objects
