// A fake of NVIDIA's libnvidia-ml.so.1: no driver, no GPU and no process is behind it. It is for
// tests, which copy it to a directory of their own, write beside it, as `gpus`, what it is to show,
// and lead the loader there by LD_LIBRARY_PATH. The file is read again for each question. A line of
// it is one of
//
//   gpu UUID MINOR MIB NAME...      a GPU; they are counted as they stand
//   process UUID PID MIB            who computes on it; MIB -1: the driver does not tell
//   fails FUNCTION CODE             that function fails so, for every GPU
//   entry BYTES                     processes are written so far apart: 16, 24 (as it is
//   documented) or 32

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int success = 0, invalid = 2, not_found = 6, insufficient_size = 7;
constexpr std::uint64_t mib = 1u << 20;

struct Process {
  std::uint32_t pid;
  std::uint64_t memory_bytes;
};
struct Gpu {
  std::string uuid, name;
  unsigned minor = 0;
  std::uint64_t memory_bytes = 0;
  std::vector<Process> processes;
};
struct Shown {
  std::vector<Gpu> gpus;
  std::map<std::string, int> fails;
  std::size_t entry = 24;
};

std::filesystem::path place() {
  Dl_info info{};
  ::dladdr(reinterpret_cast<const void*>(&place), &info);
  return std::filesystem::path(info.dli_fname).parent_path();
}

Gpu* find(Shown& shown, const std::string& uuid) {
  for (auto& gpu : shown.gpus)
    if (gpu.uuid == uuid) return &gpu;
  return nullptr;
}

Shown look() {
  Shown out;
  std::ifstream file(place() / "gpus");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, name;
    long long number = 0;
    words >> kind >> name;
    if (kind == "gpu") {
      Gpu gpu;
      gpu.uuid = name;
      words >> gpu.minor >> number >> std::ws;
      gpu.memory_bytes = std::uint64_t(number) * mib;
      std::getline(words, gpu.name);
      out.gpus.push_back(std::move(gpu));
    } else if (kind == "process") {
      Process process{};
      words >> process.pid >> number;
      process.memory_bytes = number < 0 ? ~std::uint64_t(0) : std::uint64_t(number) * mib;
      if (Gpu* gpu = find(out, name)) gpu->processes.push_back(process);
    } else if (kind == "fails") {
      words >> out.fails[name];
    } else if (kind == "entry") {
      out.entry = std::stoul(name);
    }
  }
  return out;
}

int answer(const char* function) {
  const auto fails = look().fails;
  const auto found = fails.find(function);
  return found == fails.end() ? success : found->second;
}

// A device's handle is its number, from 1.
const Gpu* gpu_of(const Shown& shown, void* device) {
  const auto number = reinterpret_cast<std::uintptr_t>(device);
  return number >= 1 && number <= shown.gpus.size() ? &shown.gpus[number - 1] : nullptr;
}

int copy(const std::string& text, char* to, unsigned room) {
  if (text.size() + 1 > room) return insufficient_size;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return success;
}

int tell_processes(const char* function, void* device, unsigned* count, void* out) {
  if (const int code = answer(function); code != success) return code;
  const Shown shown = look();
  const Gpu* gpu = gpu_of(shown, device);
  if (!gpu) return invalid;
  const unsigned room = *count;
  *count = unsigned(gpu->processes.size());
  if (*count > room) return insufficient_size;
  auto* at = static_cast<unsigned char*>(out);
  for (const auto& process : gpu->processes) {
    std::memset(at, 0, shown.entry);
    std::memcpy(at, &process.pid, sizeof process.pid);
    std::memcpy(at + 8, &process.memory_bytes, sizeof process.memory_bytes);
    at += shown.entry;
  }
  return success;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  return answer("nvmlInit_v2");
}
int nvmlShutdown() {
  return success;
}
const char* nvmlErrorString(int code) {
  return code == 18 ? "Driver/library version mismatch" : "a fake's error";
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = unsigned(look().gpus.size());
  return answer("nvmlDeviceGetCount_v2");
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= look().gpus.size()) return invalid;
  *device = reinterpret_cast<void*>(std::uintptr_t(index) + 1);
  return answer("nvmlDeviceGetHandleByIndex_v2");
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  Shown shown = look();
  const Gpu* gpu = find(shown, uuid);
  if (!gpu) return not_found;
  *device = reinterpret_cast<void*>(std::uintptr_t(gpu - shown.gpus.data()) + 1);
  return answer("nvmlDeviceGetHandleByUUID");
}
int nvmlDeviceGetUUID(void* device, char* uuid, unsigned room) {
  const Shown shown = look();
  const Gpu* gpu = gpu_of(shown, device);
  return gpu ? copy(gpu->uuid, uuid, room) : invalid;
}
int nvmlDeviceGetName(void* device, char* name, unsigned room) {
  const Shown shown = look();
  const Gpu* gpu = gpu_of(shown, device);
  return gpu ? copy(gpu->name, name, room) : invalid;
}
int nvmlDeviceGetMinorNumber(void* device, unsigned* minor) {
  const Shown shown = look();
  const Gpu* gpu = gpu_of(shown, device);
  if (!gpu) return invalid;
  *minor = gpu->minor;
  return answer("nvmlDeviceGetMinorNumber");
}
int nvmlDeviceGetMemoryInfo(void* device, void* memory) {
  const Shown shown = look();
  const Gpu* gpu = gpu_of(shown, device);
  if (!gpu) return invalid;
  const std::uint64_t numbers[3]{gpu->memory_bytes, gpu->memory_bytes, 0};
  std::memcpy(memory, numbers, sizeof numbers);
  return success;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, void* out) {
  return tell_processes("nvmlDeviceGetComputeRunningProcesses_v3", device, count, out);
}
int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, void* out) {
  return tell_processes("nvmlDeviceGetComputeRunningProcesses_v2", device, count, out);
}

}  // extern "C"
