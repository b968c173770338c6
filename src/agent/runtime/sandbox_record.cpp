#include "agent/runtime/sandbox_record.hpp"

#include "os/namespaces.hpp"

#include <sstream>
#include <string>

namespace trainyard::agent {
namespace {

constexpr const char* record_name = "init";

}  // namespace

Result<> write_record(const os::Path& scratch, pid_t init) {
  const std::uint64_t ticks = TRY(os::start_ticks(init));
  const std::string text =
      std::to_string(init) + " " + std::to_string(ticks) + " " + os::boot_id() + "\n";
  // No fsync: after a power cut there is no process either.
  return os::write_file(scratch / record_name, text);
}

Result<std::optional<os::Child>> find_recorded(const os::Path& scratch) {
  const auto text = os::read_file(scratch / record_name, 4096);
  if (!text && text.error().kind == ErrorKind::not_found) return std::optional<os::Child>();
  if (!text) return Failure(text.error());
  std::istringstream stream(*text);
  pid_t pid = -1;
  std::uint64_t ticks = 0;
  std::string boot;
  // One that was cut short is of an agent that died before its child was let go on: that one ends.
  if (!(stream >> pid >> ticks >> boot) || pid <= 0 || boot != os::boot_id())
    return std::optional<os::Child>();
  auto process = os::open_process(pid, ticks);
  if (!process && process.error().kind == ErrorKind::not_found) return std::optional<os::Child>();
  if (!process) return Failure(process.error());
  return std::optional<os::Child>(std::move(*process));
}

}  // namespace trainyard::agent
