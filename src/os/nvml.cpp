#include "os/nvml.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <optional>

namespace trainyard::os {
namespace {

using Device = void*;  // nvmlDevice_t, which is opaque

// nvmlReturn_t
constexpr int success = 0, insufficient_size = 7, driver_not_loaded = 9, function_not_found = 13;

constexpr unsigned gpus_max = 256, processes_max = 1u << 16, tries_max = 5;
constexpr std::size_t text_bytes = 96;  // NVML_DEVICE_UUID_V2_BUFFER_SIZE, and as much for names
constexpr std::size_t entry_bytes_max = 32;
constexpr std::uint64_t not_available = ~std::uint64_t(0);

struct Memory {  // nvmlMemory_t
  unsigned long long total, free, used;
};

template <class F> F* function(void* library, const char* name) {
  return reinterpret_cast<F*>(::dlsym(library, name));
}

Failure failed(const std::string& doing, const std::string& why) {
  return fail(ErrorKind::unavailable, "InternalFailure",
              doing + ": " + why + "; does nvidia-smi work here?");
}

bool is_plain(const std::string& uuid) {
  return !uuid.empty() && std::all_of(uuid.begin(), uuid.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// The library between nvmlInit_v2 and nvmlShutdown. It stays loaded: not all drivers bear to be
/// unloaded.
class Session {
public:
  /// Nothing where there is no library or no driver.
  static Result<std::optional<Session>> begin(const std::string& library);
  Session(Session&& other) noexcept : library_(std::exchange(other.library_, nullptr)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session& operator=(Session&&) = delete;
  ~Session() {
    if (!library_) return;
    if (auto* shut_down = function<int()>(library_, "nvmlShutdown")) (void)shut_down();
  }

  /// Calls a function of NVML; one that is missing answers `function_not_found`.
  template <class... Parameters, class... Arguments>
  int call(const char* name, int (*)(Parameters...), Arguments... arguments) const {
    auto* f = function<int(Parameters...)>(library_, name);
    return f ? f(arguments...) : function_not_found;
  }
  std::string why(int code) const;
  std::optional<Gpu> look_at(unsigned index) const;
  std::optional<std::string> text(const char* name, Device device) const;
  std::optional<int> ask_processes(const char* name, Device device,
                                   std::vector<unsigned char>& bytes, unsigned& count) const;

private:
  explicit Session(void* library) : library_(library) {}
  void* library_;
};

// The shapes of the functions that are called.
using Init = int (*)();
using Count = int (*)(unsigned*);
using ByIndex = int (*)(unsigned, Device*);
using ByUuid = int (*)(const char*, Device*);
using Text = int (*)(Device, char*, unsigned);
using Number = int (*)(Device, unsigned*);
using MemoryInfo = int (*)(Device, void*);
using Processes = int (*)(Device, unsigned*, void*);

Result<std::optional<Session>> Session::begin(const std::string& library) {
  void* loaded = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!loaded) return std::optional<Session>();
  Session out(loaded);
  const int code = out.call("nvmlInit_v2", Init());
  if (code == success) return std::optional<Session>(std::move(out));
  const std::string why = out.why(code);
  out.library_ = nullptr;  // nothing to end
  if (code == driver_not_loaded) return std::optional<Session>();
  return failed("ask the NVIDIA driver for GPUs", why);
}

std::string Session::why(int code) const {
  auto* words = function<const char*(int)>(library_, "nvmlErrorString");
  const char* text = words ? words(code) : nullptr;
  return fmt::format("{} (NVML error {})", text ? text : "it failed", code);
}

std::optional<std::string> Session::text(const char* name, Device device) const {
  std::array<char, text_bytes + 1> buffer{};
  if (call(name, Text(), device, buffer.data(), unsigned(text_bytes)) != success) return {};
  return std::string(buffer.data());
}

std::optional<Gpu> Session::look_at(unsigned index) const {
  Gpu out;
  out.index = index;
  Device device = nullptr;
  const int code = call("nvmlDeviceGetHandleByIndex_v2", ByIndex(), index, &device);
  const auto uuid = code == success ? text("nvmlDeviceGetUUID", device) : std::nullopt;
  unsigned minor = 0;
  if (!uuid || !is_plain(*uuid) ||
      call("nvmlDeviceGetMinorNumber", Number(), device, &minor) != success) {
    log::warn("a GPU is left out: the driver does not tell what it is, or it has no device",
              {{"index", std::to_string(index)}});
    return {};
  }
  out.uuid = *uuid;
  out.minor = minor;
  out.name = text("nvmlDeviceGetName", device).value_or("");
  Memory memory{};
  if (call("nvmlDeviceGetMemoryInfo", MemoryInfo(), device, static_cast<void*>(&memory)) == success)
    out.memory_bytes = memory.total;
  return out;
}

// Nothing where the driver has no such function. Room for more than it says that it needs: between
// two calls others may begin.
std::optional<int> Session::ask_processes(const char* name, Device device,
                                          std::vector<unsigned char>& bytes,
                                          unsigned& count) const {
  unsigned room = 64;
  for (unsigned tries = 0;; ++tries) {
    bytes.assign(std::size_t(room) * entry_bytes_max, untouched);
    count = room;
    const int code = call(name, Processes(), device, &count, static_cast<void*>(bytes.data()));
    if (code == function_not_found) return {};
    if (code == success) count = std::min(count, room);
    if (code != insufficient_size || tries + 1 == tries_max) return code;
    room = std::min(std::max(count, room) * 2, processes_max);
  }
}

}  // namespace

Result<std::vector<Gpu>> Nvml::list() const {
  std::vector<Gpu> out;
  const auto session = TRY(Session::begin(library_));
  if (!session) return out;
  unsigned count = 0;
  if (const int code = session->call("nvmlDeviceGetCount_v2", Count(), &count); code != success)
    return failed("count this machine's GPUs", session->why(code));
  for (unsigned index = 0; index < std::min(count, gpus_max); ++index)
    if (auto gpu = session->look_at(index)) out.push_back(std::move(*gpu));
  return out;
}

Result<std::vector<GpuProcess>> Nvml::processes(const std::string& uuid) const {
  const auto session = TRY(Session::begin(library_));
  if (!session) return std::vector<GpuProcess>();
  const std::string doing = "ask who computes on " + uuid;
  Device device = nullptr;
  int code = session->call("nvmlDeviceGetHandleByUUID", ByUuid(), uuid.c_str(), &device);
  if (code != success) return failed(doing, session->why(code));
  code = function_not_found;
  for (const char* name :
       {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"}) {
    std::vector<unsigned char> bytes;
    unsigned count = 0;
    const auto answer = session->ask_processes(name, device, bytes, count);
    if (!answer) continue;
    code = *answer;
    if (code == success) return read_gpu_processes(bytes, count);
    break;
  }
  return failed(doing, session->why(code));
}

Path Nvml::file() const {
  void* loaded = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  link_map* map = nullptr;
  if (!loaded || ::dlinfo(loaded, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0 || !map)
    return {};
  return map->l_name;
}

Result<std::vector<GpuProcess>> read_gpu_processes(std::span<const unsigned char> bytes,
                                                   std::size_t count) {
  std::vector<GpuProcess> out;
  if (count == 0) return out;
  std::size_t written = bytes.size();
  while (written > 0 && bytes[written - 1] == untouched)
    --written;
  std::size_t entry = 0;
  for (const std::size_t size : {std::size_t(32), std::size_t(24), std::size_t(16)})
    if (count * size <= bytes.size() && written <= count * size && written > (count - 1) * size)
      entry = size;
  if (entry == 0)
    return failed("read who computes on a GPU",
                  fmt::format("the driver wrote {} bytes for {} processes, a form that is not "
                              "known here",
                              written, count));
  for (std::size_t n = 0; n < count; ++n) {
    std::uint32_t pid = 0;
    std::uint64_t memory = 0;
    std::memcpy(&pid, &bytes[n * entry], sizeof pid);
    std::memcpy(&memory, &bytes[n * entry + 8], sizeof memory);
    out.push_back({pid_t(pid), memory == not_available ? 0 : memory});
  }
  return out;
}

std::string describe(const GpuProcess& process) {
  constexpr double mib = 1u << 20, gib = 1u << 30;
  const double bytes = double(process.memory_bytes);
  if (process.memory_bytes == 0) return fmt::format("pid {}", process.pid);
  if (bytes < gib) return fmt::format("pid {} ({:g} MiB)", process.pid, std::round(bytes / mib));
  return fmt::format("pid {} ({:g} GiB)", process.pid, std::round(bytes / gib * 10) / 10);
}

}  // namespace trainyard::os
