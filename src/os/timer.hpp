#pragma once
/// A time that comes, waited for beside descriptors.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace trainyard::os {

/// Thread-safe once it is made. Counts on CLOCK_MONOTONIC.
class Timer {
public:
  static Result<Timer> make();

  /// fd() becomes readable after that time and stays so until it is set again; 0 is at once.
  void set(Millis after) const;
  int fd() const { return fd_.get(); }

private:
  Fd fd_;
};

}  // namespace trainyard::os
