#pragma once
/// NVIDIA GPUs of this machine and who computes on them, as the driver's management library tells
/// (libnvidia-ml, NVML). It comes with the driver and is looked for at run time: where there is
/// none there are no GPUs, and nothing is needed to build this. The few functions that are used are
/// declared by us, after NVIDIA's NVML API Reference Guide.
///
/// A GPU in MIG mode is one GPU, whole: its instances are not told apart, and /dev/nvidia-caps,
/// which is what opens them to a program, is nobody's business here.

#include "base/result.hpp"
#include "os/files.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

namespace trainyard::os {

struct Gpu {
  std::string uuid;    ///< "GPU-8d1a9c52-...": letters, digits and '-'; of the card, for good
  unsigned index = 0;  ///< as NVML counts, along the PCI bus
  unsigned minor = 0;  ///< its device is /dev/nvidia<minor>
  std::string name;    ///< "NVIDIA H100 80GB HBM3"
  std::uint64_t memory_bytes = 0;  ///< 0 where the driver does not tell
  bool operator==(const Gpu&) const = default;
};

struct GpuProcess {
  pid_t pid = 0;                   ///< as the machine counts, outside of all containers
  std::uint64_t memory_bytes = 0;  ///< 0 where the driver does not tell
  bool operator==(const GpuProcess&) const = default;
};

/// Asks the driver. A value without state: each question begins and ends its own use of NVML, so
/// that no device stays open; that takes milliseconds, and seconds where no process keeps the
/// driver awake. Thread-safe.
class Nvml {
public:
  /// `library` is a name that the loader looks up, or a path.
  explicit Nvml(std::string library = "libnvidia-ml.so.1") : library_(std::move(library)) {}

  /// By index. Empty where there is no library or no driver is loaded. A GPU that the driver cannot
  /// speak to, or that has no device, is left out. An error (kind `unavailable`) where the driver
  /// itself fails.
  Result<std::vector<Gpu>> list() const;
  /// Those that compute on it; programs that only draw are not told of. Empty where there is no
  /// library. An error (`unavailable`) where the driver does not answer for this GPU.
  Result<std::vector<GpuProcess>> processes(const std::string& uuid) const;
  /// The file that the loader finds, or "".
  Path file() const;

private:
  std::string library_;
};

/// Takes `count` processes out of what a driver wrote into `bytes`, which held `untouched` before.
/// Drivers have written entries of 16, 24 and 32 bytes under one function's name (535.43 to 535.86
/// for one), all of which begin with the pid and 8 bytes further the memory: how far a driver wrote
/// tells which. An error (`unavailable`) where it is none of them. Pure.
inline constexpr unsigned char untouched = 0xA5;
Result<std::vector<GpuProcess>> read_gpu_processes(std::span<const unsigned char> bytes,
                                                   std::size_t count);

/// "pid 4242 (18 GiB)"; without the amount where it is not known.
std::string describe(const GpuProcess& process);

}  // namespace trainyard::os
