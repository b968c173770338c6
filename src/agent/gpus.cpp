#include "agent/gpus.hpp"

#include "agent/container.hpp"
#include "base/log.hpp"
#include "os/as_user.hpp"
#include "os/namespaces.hpp"
#include "os/process.hpp"
#include "s3/retry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <signal.h>
#include <string_view>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr Millis first_pause{20}, longest_pause{500}, worth_telling{1'000};
constexpr int modprobe_ms_max = 20'000;
constexpr std::size_t files_max = 64;
constexpr std::size_t holder_bytes_max = 256;

std::string name_of(const wire::GpuSpec& gpu) {
  return fmt::format("GPU {} ({})", gpu.Index, gpu.Uuid);
}

std::vector<wire::GpuSpec> in_order(std::vector<wire::GpuSpec> gpus) {
  std::sort(gpus.begin(), gpus.end(), [](const auto& a, const auto& b) { return a.Uuid < b.Uuid; });
  return gpus;
}

// No process of this machine any more, though the driver still tells of it.
bool is_gone(pid_t pid) {
  return pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

bool is_there(const os::Path& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<> may_use(const os::Path& device, const wire::InstanceSpec& spec) {
  if (::geteuid() == 0) return os::may_use(device, owner_of(spec));
  if (::access(device.c_str(), R_OK | W_OK) == 0) return {};
  return fail_errno("use " + device.string());
}

// What NVIDIA's container toolkit gives for computing, and for asking the driver.
bool is_of_driver(std::string_view name) {
  static constexpr std::array<std::string_view, 12> stems{"libcuda",
                                                          "libcudadebugger",
                                                          "libnvidia-allocator",
                                                          "libnvidia-cfg",
                                                          "libnvidia-compiler",
                                                          "libnvidia-fatbinaryloader",
                                                          "libnvidia-gpucomp",
                                                          "libnvidia-ml",
                                                          "libnvidia-nvvm",
                                                          "libnvidia-opencl",
                                                          "libnvidia-pkcs11-openssl3",
                                                          "libnvidia-ptxjitcompiler"};
  const auto stem = name.substr(0, name.find(".so"));
  return stem.size() < name.size() && std::find(stems.begin(), stems.end(), stem) != stems.end();
}

void add_libraries(const os::Path& directory, std::vector<os::Path>& out) {
  const auto names = os::list_directory(directory);
  if (!names) return;
  for (const auto& name : *names) {
    const auto same = [&](const os::Path& other) { return other.filename() == name; };
    std::error_code ec;
    if (is_of_driver(name) && std::none_of(out.begin(), out.end(), same) &&
        std::filesystem::is_regular_file(directory / name, ec) && out.size() < files_max)
      out.push_back(directory / name);
  }
}

}  // namespace

std::string HeldGpus::doing() const {
  const std::lock_guard guard(mutex_);
  return doing_;
}

void HeldGpus::say(std::string doing) {
  const std::lock_guard guard(mutex_);
  doing_ = std::move(doing);
}

Result<std::string> HeldGpus::wait_while(const std::function<std::string()>& blocked, Millis limit,
                                         int stop_fd) {
  const auto pause = s3::pause_unless(stop_fd);
  const Millis began = clock_.boottime();
  Millis next = first_pause;
  for (std::string before;; next = std::min(next * 2, longest_pause)) {
    std::string why = blocked();
    const Millis waited = clock_.boottime() - began;
    if (why.empty() && waited >= worth_telling)
      notes_.push_back(fmt::format("waited {} s: {}", waited.count() / 1000, before));
    if (why.empty() || waited >= limit) {
      say("");
      return why;
    }
    if (before.empty()) log::info("waits for a GPU", {{"why", why}});
    say("Waiting: " + why);
    before = std::move(why);
    if (pause(std::min(next, std::max(Millis(1), limit - waited)))) continue;
    say("");
    return fail(ErrorKind::unavailable, s3::stopped_code, "wait for a GPU: told to stop");
  }
}

// Another agent's is never opened by who holds it: a record lock goes with any descriptor.
Result<> HeldGpus::lock(const wire::GpuSpec& gpu, int stop_fd) {
  const os::Path path = os::Path(spec_.GpuLocks) / gpu.Uuid;
  Result<> broken;
  const std::string why = TRY(wait_while(
      [&]() -> std::string {
        auto taken = os::FileLock::take(path);
        if (!taken && taken.error().kind == ErrorKind::conflict) {
          std::string who = os::read_file(path, holder_bytes_max).value_or("");
          while (who.ends_with('\n'))
            who.pop_back();
          return fmt::format("{} is still held by {}", name_of(gpu),
                             who.empty() ? "another agent" : who);
        }
        if (!taken)
          broken = Failure(taken.error());
        else
          locks_.push_back(std::move(*taken));
        return "";
      },
      patience_.lock, stop_fd));
  TRY(broken);
  if (!why.empty())
    return fail(ErrorKind::unavailable, "InternalFailure",
                fmt::format("take {}: {} after {} s; trainyard jobs tells which ones run",
                            name_of(gpu), why.substr(name_of(gpu).size() + 1),
                            patience_.lock.count() / 1000));
  return locks_.back().write(fmt::format("instance {}, process {}\n", spec_.Id, ::getpid()));
}

// Before the script: everybody. After it, when all its processes have ended: of those that came
// meanwhile who is a process no more, which the driver still has to clear away.
std::string HeldGpus::shown_on(const wire::GpuSpec& gpu, bool after) {
  const auto processes = nvml_.processes(gpu.Uuid);
  if (!processes) {
    notes_.push_back(name_of(gpu) + ": " + processes.error().message);
    return "";
  }
  std::vector<std::string> who;
  for (const auto& process : *processes)
    if (!after || (is_gone(process.pid) && !others_.contains(process.pid)))
      who.push_back(os::describe(process));
  if (who.empty()) return "";
  return fmt::format("the driver shows {} on {}", fmt::join(who, ", "), name_of(gpu));
}

Result<> HeldGpus::await_others(const wire::GpuSpec& gpu, int stop_fd) {
  const std::string why =
      TRY(wait_while([&] { return shown_on(gpu, false); }, patience_.others, stop_fd));
  if (why.empty()) return {};
  notes_.push_back(fmt::format("{}, still after {} s: the script shares it with them", why,
                               patience_.others.count() / 1000));
  for (const auto& process : nvml_.processes(gpu.Uuid).value_or(std::vector<os::GpuProcess>()))
    others_.insert(process.pid);
  return {};
}

Result<> HeldGpus::take(int stop_fd) {
  if (spec_.Gpus.empty()) return {};
  TRY(os::make_directories(spec_.GpuLocks));
  const auto gpus = in_order(spec_.Gpus);
  for (const auto& gpu : gpus)
    TRY(lock(gpu, stop_fd));
  for (const auto& gpu : gpus)
    TRY(await_others(gpu, stop_fd));
  return {};
}

void HeldGpus::give_back(int stop_fd) {
  if (locks_.empty()) return;
  for (const auto& gpu : in_order(spec_.Gpus)) {
    const auto why = wait_while([&] { return shown_on(gpu, true); }, patience_.others, stop_fd);
    if (!why) break;  // the next agent looks itself
    if (why->empty()) continue;
    notes_.push_back(fmt::format("{}, {} s after the script's end: it is given up all the same",
                                 *why, patience_.others.count() / 1000));
    log::warn("a GPU is given up with a process on it", {{"seen", *why}});
  }
  locks_.clear();
}

std::vector<std::string> gpu_devices(const std::vector<wire::GpuSpec>& gpus) {
  std::vector<std::string> out;
  if (gpus.empty()) return out;
  for (const auto& gpu : gpus)
    out.push_back(fmt::format("nvidia{}", gpu.Minor));
  for (const char* name : {"nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"})
    out.push_back(name);
  return out;
}

std::vector<std::string> device_troubles(const wire::InstanceSpec& spec, const os::Path& dev) {
  std::vector<std::string> out, missing;
  for (const auto& name : gpu_devices(spec.Gpus)) {
    const os::Path device = dev / name;
    if (name == "nvidia-uvm-tools" || name == "nvidia-modeset") continue;  // CUDA does without
    if (!is_there(device))
      missing.push_back(device.string());
    else if (const auto may = may_use(device, spec); !may)
      out.push_back(fmt::format("{}: the user that jobs run as (number {}) may not, so the script "
                                "finds no GPU; the driver's option NVreg_DeviceFileMode=0666 opens "
                                "it to all",
                                may.error().message, spec.HostUid));
  }
  if (!missing.empty())
    out.push_back(fmt::format("there is no {} on this machine, so the script finds no GPU; as "
                              "root: nvidia-modprobe -u -c=0",
                              fmt::join(missing, ", ")));
  return out;
}

void load_gpu_devices() {
  if (is_there("/dev/nvidia-uvm")) return;
  for (const char* program : {"/usr/bin/nvidia-modprobe", "/usr/sbin/nvidia-modprobe"}) {
    if (!is_there(program)) continue;
    os::SpawnSpec spec;
    spec.program = program;
    spec.arguments = {"nvidia-modprobe", "-u", "-c=0"};
    spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    const auto child = os::spawn(spec);
    if (!child) return;
    const auto ended = os::wait_until_ended(child->pidfd, modprobe_ms_max);
    if (!ended || !*ended) (void)os::send_signal(*child, SIGKILL);
    if (ended && *ended) (void)os::wait(*child);  // one that hangs in the kernel is left behind
    return;
  }
}

std::vector<os::Path> driver_files(const wire::InstanceSpec& spec, const os::Path& library) {
  std::vector<os::Path> out;
  if (spec.Gpus.empty() || library.empty()) return out;
  const bool has_own_root = !spec.Environment.Root.empty();
  if (has_own_root || std::getenv("LD_LIBRARY_PATH")) {
    std::error_code ec;
    add_libraries(library.parent_path(), out);
    add_libraries(std::filesystem::canonical(library, ec).parent_path(), out);
  }
  // Where every PATH leads, it is found in a root that is this machine's.
  for (const char* directory : {"/usr/local/bin", "/usr/bin"})
    if (const os::Path program = os::Path(directory) / smi_name; is_there(program)) {
      if (has_own_root) out.push_back(program);
      return out;
    }
  const os::Path beside = library.parent_path().parent_path() / "bin" / smi_name;
  if (is_there(beside)) out.push_back(beside);
  return out;
}

}  // namespace trainyard::agent
