#include "agent/container.hpp"
#include "agent/gpus.hpp"
#include "os/event.hpp"
#include "os/fake_driver.hpp"
#include "os/process.hpp"
#include "s3/retry.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr const char* two = "gpu GPU-aa 3 81920 H100\ngpu GPU-bb 0 81920 H100\n";
constexpr const char* gone = "process GPU-bb 4194303 18432\n";  // no process: past the largest pid
constexpr GpuPatience short_patience{Millis(50), Millis(50)};

wire::InstanceSpec job(const os::FakeDriver& driver) {
  wire::InstanceSpec out;
  out.Id = "job.1.0";
  out.Gpus = {{"GPU-bb", 1, 0}, {"GPU-aa", 0, 3}};
  out.GpuLocks = driver.place / "locks";
  out.HostUid = out.HostGid = 12345;
  return out;
}

// Another agent: a process that holds a GPU's lock until its input ends.
struct OtherAgent {
  os::Pipe input = os::make_pipe().value();
  os::Child child;
  explicit OtherAgent(const os::Path& lock) {
    os::Pipe output = os::make_pipe().value();
    os::SpawnSpec spec;
    spec.program = "/usr/bin/python3";
    spec.arguments = {"python3", "-ISc",
                      "import fcntl, sys\n"
                      "f = open(sys.argv[1], 'w')\n"
                      "fcntl.lockf(f, fcntl.LOCK_EX)\n"
                      "print('instance other.1.0', file=f, flush=True)\n"
                      "print('held', flush=True)\n"
                      "sys.stdin.read()\n",
                      lock.string()};
    spec.fds = {{input.read.get(), 0}, {output.write.get(), 1}};
    child = os::spawn(spec).value();
    input.read.reset();
    output.write.reset();
    char buffer[16];
    REQUIRE(os::read_some(output.read.get(), buffer, "the other agent").value() > 0);
  }
  void end() {
    input.write.reset();
    if (child.pid > 0) (void)os::wait(std::exchange(child, {}));
  }
  ~OtherAgent() { end(); }
  OtherAgent(const OtherAgent&) = delete;
  OtherAgent& operator=(const OtherAgent&) = delete;
};

// Waits for what `gpus` waits for, on another thread.
void await_doing(const HeldGpus& gpus, const std::string& doing) {
  const Millis until = system_clock().boottime() + Millis(60'000);
  while (gpus.doing() != doing && system_clock().boottime() < until)
    std::this_thread::yield();
  CHECK(gpus.doing() == doing);
}

const Mount* mount_at(const SandboxSpec& spec, const std::string& target) {
  const auto found = std::find_if(spec.mounts.begin(), spec.mounts.end(),
                                  [&](const Mount& one) { return one.target == target; });
  return found == spec.mounts.end() ? nullptr : &*found;
}

bool has(const SandboxSpec& spec, const std::string& variable) {
  return std::find(spec.environment.begin(), spec.environment.end(), variable) !=
         spec.environment.end();
}

}  // namespace

// SEMANTICS X33
TEST_CASE("a GPU's lock is held by one agent, named in it, and given up at the end") {
  const os::FakeDriver driver(two);
  const auto spec = job(driver);
  HeldGpus gpus(spec, system_clock(), driver.nvml(), short_patience);
  REQUIRE(gpus.take(-1));
  CHECK(gpus.take_notes().empty());
  CHECK(gpus.doing().empty());
  const os::Path lock = driver.place / "locks" / "GPU-aa";
  const auto is_free = [&] {  // to a process that is not this one
    os::SpawnSpec other;
    other.program = "/usr/bin/python3";
    other.arguments = {"python3", "-ISc",
                       "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | "
                       "fcntl.LOCK_NB)",
                       lock.string()};
    return os::wait(os::spawn(other).value()).value().code == 0;
  };
  CHECK_FALSE(is_free());
  gpus.give_back(-1);
  CHECK(is_free());
  CHECK(os::read_file(lock).value() ==
        "instance job.1.0, process " + std::to_string(::getpid()) + "\n");
}

// SEMANTICS X33
TEST_CASE("an agent waits for the one that has its GPU, says for whom, and no longer than told") {
  const os::FakeDriver driver(two);
  const auto spec = job(driver);
  REQUIRE(os::make_directories(spec.GpuLocks));
  OtherAgent other(os::Path(spec.GpuLocks) / "GPU-bb");
  HeldGpus hasty(spec, system_clock(), driver.nvml(), short_patience);
  const auto refused = hasty.take(-1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.starts_with(
      "take GPU 1 (GPU-bb): is still held by instance other.1.0 after 0 s"));
  const auto stop = os::Event::make().value();
  HeldGpus patient(spec, system_clock(), driver.nvml(), {Millis(60'000), Millis(50)});
  Result<> taken;
  {
    const std::jthread worker([&] { taken = patient.take(stop.fd()); });
    await_doing(patient, "Waiting: GPU 1 (GPU-bb) is still held by instance other.1.0");
    stop.raise();
  }
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == s3::stopped_code);
  stop.lower();
  {
    const std::jthread worker([&] { taken = patient.take(stop.fd()); });
    await_doing(patient, "Waiting: GPU 1 (GPU-bb) is still held by instance other.1.0");
    other.end();
  }
  CHECK(taken);
}

// SEMANTICS X33
TEST_CASE("before the script the driver shows nobody on the GPU, or it is said who shares it") {
  const os::FakeDriver driver(std::string(two) + gone);
  const auto spec = job(driver);
  HeldGpus hasty(spec, system_clock(), driver.nvml(), short_patience);
  REQUIRE(hasty.take(-1));
  CHECK(hasty.take_notes() ==
        std::vector<std::string>{"the driver shows pid 4194303 (18 GiB) on GPU 1 (GPU-bb), still "
                                 "after 0 s: the script shares it with them"});
  hasty.give_back(-1);
  CHECK(hasty.take_notes().empty());  // it was there before: not the script's
  HeldGpus patient(spec, system_clock(), driver.nvml(), {Millis(50), Millis(60'000)});
  Result<> taken;
  {
    const std::jthread worker([&] { taken = patient.take(-1); });
    await_doing(patient, "Waiting: the driver shows pid 4194303 (18 GiB) on GPU 1 (GPU-bb)");
    driver.show(two);
  }
  CHECK(taken);
}

// SEMANTICS X33
TEST_CASE("after the script its GPU is kept until the driver has cleared its processes away") {
  const os::FakeDriver driver(two);
  const auto spec = job(driver);
  HeldGpus gpus(spec, system_clock(), driver.nvml(), {Millis(50), Millis(60'000)});
  REQUIRE(gpus.take(-1));
  driver.show(std::string(two) + gone + "process GPU-aa " + std::to_string(::getpid()) + " 1\n");
  {
    const std::jthread worker([&] { gpus.give_back(-1); });
    await_doing(gpus, "Waiting: the driver shows pid 4194303 (18 GiB) on GPU 1 (GPU-bb)");
    driver.show(std::string(two) + "process GPU-aa " + std::to_string(::getpid()) + " 1\n");
  }
  HeldGpus hasty(spec, system_clock(), driver.nvml(), short_patience);
  driver.show(two);
  REQUIRE(hasty.take(-1));
  driver.show(std::string(two) + gone);
  hasty.give_back(-1);
  const auto notes = hasty.take_notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "the driver shows pid 4194303 (18 GiB) on GPU 1 (GPU-bb), 0 s after the "
                    "script's end: it is given up all the same");
}

TEST_CASE("a driver that no longer answers holds nobody up, and is told of") {
  const os::FakeDriver driver(two);
  const auto spec = job(driver);
  HeldGpus gpus(spec, system_clock(), driver.nvml(), short_patience);
  driver.show("fails nvmlInit_v2 18\n");
  REQUIRE(gpus.take(-1));
  CHECK(gpus.take_notes().size() == 2);
}

// SEMANTICS X32
TEST_CASE("a container has the devices of its own GPUs, and their UUIDs in its variables") {
  wire::InstanceSpec spec;
  spec.Gpus = {{"GPU-bb", 1, 0}, {"GPU-aa", 0, 3}};
  auto plan = plan_container(spec, {"/i/job.1.0"}, {});
  for (const char* name :
       {"nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"}) {
    const Mount* mount = mount_at(plan, std::string("/dev/") + name);
    REQUIRE_MESSAGE(mount, name);
    CHECK(mount->source == os::Path("/dev") / name);
    CHECK(mount->optional);
    CHECK_FALSE(mount->read_only);
  }
  CHECK_FALSE(mount_at(plan, "/dev/nvidia1"));
  CHECK(has(plan, "CUDA_VISIBLE_DEVICES=GPU-bb,GPU-aa"));
  CHECK(has(plan, "NVIDIA_VISIBLE_DEVICES=GPU-bb,GPU-aa"));
  spec.Variables["CUDA_VISIBLE_DEVICES"] = "0";
  plan = plan_container(spec, {"/i/job.1.0"}, {});
  CHECK(has(plan, "CUDA_VISIBLE_DEVICES=0"));
  CHECK(has(plan, "NVIDIA_VISIBLE_DEVICES=GPU-bb,GPU-aa"));
}

// SEMANTICS X32
TEST_CASE("a container without GPUs has none of their devices and no word of them") {
  const auto plan = plan_container({}, {"/i/job.1.0"}, {});
  for (const auto& mount : plan.mounts)
    CHECK(mount.target.string().find("nvidia") == std::string::npos);
  for (const auto& variable : plan.environment)
    CHECK(variable.find("VISIBLE_DEVICES") == std::string::npos);
}

// SEMANTICS X34
TEST_CASE("a root of its own is shown the driver's files, where LD_LIBRARY_PATH leads last") {
  const os::FakeDriver driver(two);
  wire::InstanceSpec spec = job(driver);
  for (const char* name : {"real/libcuda.so.535.1", "real/libnvidia-gpucomp.so.535.1",
                           "real/libnvidia-glcore.so.535.1", "real/libcudart.so.12"}) {
    REQUIRE(os::make_directories(driver.place / "real"));
    REQUIRE(os::write_file(driver.place / name, ""));
  }
  std::filesystem::rename(driver.library(), driver.place / "real/libnvidia-ml.so.1");
  std::filesystem::create_symlink("real/libnvidia-ml.so.1", driver.library());
  std::filesystem::create_symlink("real/libcuda.so.535.1", driver.place / "libcuda.so.1");
  std::filesystem::create_symlink("nowhere", driver.place / "libnvidia-nvvm.so.4");
  CHECK(driver_files(spec, driver.library()).empty());   // this machine's /usr is seen anyway
  const os::Path smi = driver.place / "bin" / smi_name;  // which no PATH leads to
  REQUIRE(os::make_directories(smi.parent_path()));
  REQUIRE(os::write_file(smi, ""));
  if (!std::filesystem::exists("/usr/bin/nvidia-smi"))
    CHECK(driver_files(spec, driver.place / "lib" / "libnvidia-ml.so.1") ==
          std::vector<os::Path>{smi});
  spec.Environment.Root = "/roots/x";
  std::vector<std::string> names;
  MachineFacts facts;
  for (const auto& file : facts.driver_files = driver_files(spec, driver.library()))
    if (file.filename() != "nvidia-smi") names.push_back(file.filename());
  CHECK(names == std::vector<std::string>{"libcuda.so.1", "libnvidia-ml.so.1", "libcuda.so.535.1",
                                          "libnvidia-gpucomp.so.535.1"});
  facts.driver_files.push_back("/usr/bin/nvidia-smi");
  spec.Variables["LD_LIBRARY_PATH"] = "/own";
  const auto plan = plan_container(spec, {"/i/job.1.0"}, facts);
  REQUIRE(mount_at(plan, "/opt/trainyard/driver/libcuda.so.1"));
  CHECK(mount_at(plan, "/opt/trainyard/driver/libcuda.so.1")->read_only);
  CHECK(mount_at(plan, "/opt/trainyard/bin/nvidia-smi"));
  CHECK(has(plan, "LD_LIBRARY_PATH=/own:/opt/trainyard/driver"));
  spec.Gpus.clear();
  CHECK(driver_files(spec, driver.library()).empty());
}

// SEMANTICS X35
TEST_CASE("devices that are missing or closed to the jobs' user are told of") {
  const os::FakeDriver driver(two);
  wire::InstanceSpec spec = job(driver);
  for (const char* name : {"nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm"}) {
    REQUIRE(os::write_file(driver.place / name, ""));
    REQUIRE(::chmod((driver.place / name).c_str(), 0666) == 0);
  }
  CHECK(device_troubles(spec, driver.place).empty());
  REQUIRE(::chmod((driver.place / "nvidia3").c_str(), ::geteuid() == 0 ? 0600 : 0) == 0);
  std::filesystem::remove(driver.place / "nvidia0");
  std::filesystem::remove(driver.place / "nvidia-uvm");
  const auto lines = device_troubles(spec, driver.place);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "use " + (driver.place / "nvidia3").string() +
                        ": Permission denied: the user that jobs run as (number 12345) may not, so "
                        "the script finds no GPU; the driver's option NVreg_DeviceFileMode=0666 "
                        "opens it to all");
  CHECK(lines[1].starts_with("there is no " + (driver.place / "nvidia0").string() + ", "));
  spec.Gpus.clear();
  CHECK(device_troubles(spec, driver.place).empty());
}

}  // namespace trainyard::agent
