#pragma once
/// Something that is raised by one thread and seen by others, which wait for it beside descriptors.

#include "base/result.hpp"
#include "os/fd.hpp"

namespace trainyard::os {

/// Whether a descriptor could be read from now, or has ended. -1 cannot.
bool is_readable(int fd);

/// Thread-safe once it is made. Stays raised until lower().
class Event {
public:
  static Result<Event> make();
  Event() = default;  ///< none; raise() does nothing and fd() is -1

  void raise() const;
  void lower() const;
  bool is_raised() const { return is_readable(fd_.get()); }
  /// Readable while it is raised.
  int fd() const { return fd_.get(); }

private:
  Fd fd_;
};

}  // namespace trainyard::os
