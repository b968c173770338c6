#pragma once
/// An instance's GPUs: that they are its alone from before its script until nothing of it is seen
/// on them, and what of the driver its container sees.

#include "base/clock.hpp"
#include "os/nvml.hpp"
#include "wire/instance/spec.hpp"

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace trainyard::agent {

/// How long is waited for what nobody tells of.
struct GpuPatience {
  Millis lock{60'000};    ///< for another agent that has the GPU
  Millis others{30'000};  ///< until the driver shows nobody on it, before the script and after
};

/// Two things make a GPU an instance's own: the lock of its UUID, which one agent of a data
/// directory holds at a time and which goes with its process, and that the driver shows nobody on
/// it. Of an instance without GPUs nothing is done or asked.
class HeldGpus {
public:
  HeldGpus(const wire::InstanceSpec& spec, const Clock& clock, os::Nvml nvml = os::Nvml(),
           GpuPatience patience = {})
      : spec_(spec), clock_(clock), nvml_(std::move(nvml)), patience_(patience) {}

  /// Takes the locks, in the order of UUIDs, and waits until the GPUs are shown free. Blocks;
  /// "Stopped" (s3::stopped_code) once `stop_fd` is readable. An error where another agent keeps a
  /// GPU; who else is on one is a note, for the script can still run.
  Result<> take(int stop_fd);
  /// When all processes of the instance have ended: waits until the driver shows none of them and
  /// gives the locks up. Blocks as take() does; past the patience a note tells who is still shown.
  void give_back(int stop_fd);

  /// What it waits for now, or "". Thread-safe.
  std::string doing() const;
  /// Lines for the job's log since the last time. Not while take() or give_back() is at work.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

private:
  /// Looks again until `blocked` says "" or `limit` is over; what it said last.
  Result<std::string> wait_while(const std::function<std::string()>& blocked, Millis limit,
                                 int stop_fd);
  Result<> lock(const wire::GpuSpec& gpu, int stop_fd);
  Result<> await_others(const wire::GpuSpec& gpu, int stop_fd);
  std::string shown_on(const wire::GpuSpec& gpu, bool after);
  void say(std::string doing);

  const wire::InstanceSpec& spec_;
  const Clock& clock_;
  os::Nvml nvml_;
  GpuPatience patience_;
  std::vector<os::FileLock> locks_;
  std::set<pid_t> others_;  // on them before the script: not its own
  std::vector<std::string> notes_;
  mutable std::mutex mutex_;
  std::string doing_;  // guarded
};

/// Where the container sees what of the driver is not in its /usr: libraries, for LD_LIBRARY_PATH.
inline constexpr const char* driver_inside = "/opt/trainyard/driver";

/// The devices of `dev` (this machine's /dev) that programs need for these GPUs, there or not: of
/// each GPU its own, and those that stand for the driver.
std::vector<std::string> gpu_devices(const std::vector<wire::GpuSpec>& gpus);

/// Lines for the job's log about those that are missing, or that the jobs' user may not open.
std::vector<std::string> device_troubles(const wire::InstanceSpec& spec, const os::Path& dev);

/// Has the driver's own program make /dev/nvidia-uvm, which nothing inside could, where the machine
/// has not. What comes of it device_troubles() tells.
void load_gpu_devices();

inline constexpr const char* smi_name = "nvidia-smi";

/// The libraries of the driver that a program needs to compute, and nvidia-smi, which an instance
/// with GPUs would not find: its root is not this machine's, or they are here where no search path
/// leads but LD_LIBRARY_PATH. They lie beside `library`, which is the driver's libnvidia-ml, and
/// where that leads to; nvidia-smi in /usr/local/bin, /usr/bin or the library's ../bin. At most 64
/// libraries, each name once.
std::vector<os::Path> driver_files(const wire::InstanceSpec& spec, const os::Path& library);

}  // namespace trainyard::agent
