#include "os/fake_driver.hpp"
#include "os/process.hpp"
#include "service/engine/gpus.hpp"

#include <unistd.h>

namespace trainyard::engine {
namespace {

constexpr const char* two = "gpu GPU-aa 3 81920 H100\ngpu GPU-bb 0 81920 H100\n";

std::vector<std::string> uuids(const std::vector<os::Gpu>& gpus) {
  std::vector<std::string> out;
  for (const auto& gpu : gpus)
    out.push_back(gpu.uuid);
  return out;
}

Settings with_gpus(std::int64_t count) {
  Settings out;
  out.machine.gpus = count;
  return out;
}

// A program that says a word and lives until its input ends.
struct Program {
  os::Pipe input;
  os::Child child;
  std::string word;
  explicit Program(std::vector<std::string> arguments) {
    input = os::make_pipe().value();
    os::SpawnSpec spec;
    spec.program = arguments[0];
    spec.arguments = std::move(arguments);
    os::Pipe output = os::make_pipe().value();
    spec.fds = {{input.read.get(), 0}, {output.write.get(), 1}};
    child = os::spawn(spec).value();
    input.read.reset();
    output.write.reset();
    char buffer[32];
    word.assign(buffer, os::read_some(output.read.get(), buffer, "a program").value());
  }
  ~Program() {
    input.write.reset();
    (void)os::wait(child);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
};

}  // namespace

// SEMANTICS J40
TEST_CASE("the GPUs are the driver's, or the first [machine] gpus of them") {
  const os::FakeDriver driver(two);
  using Names = std::vector<std::string>;
  CHECK(uuids(machine_gpus({}, driver.nvml())) == Names{"GPU-aa", "GPU-bb"});
  CHECK(uuids(machine_gpus(with_gpus(1), driver.nvml())) == Names{"GPU-aa"});
  CHECK(machine_gpus(with_gpus(0), driver.nvml()).empty());
  CHECK(uuids(machine_gpus(with_gpus(5), driver.nvml())) == Names{"GPU-aa", "GPU-bb"});
  driver.show("fails nvmlInit_v2 18\n");
  CHECK(machine_gpus({}, driver.nvml()).empty());
}

// SEMANTICS J40
TEST_CASE("a GPU that is only counted has a name, and stands for no device") {
  const std::vector<os::Gpu> gpus{{"GPU-aa", 0, 3, "", 0}, {"GPU-bb", 1, 0, "", 0}};
  CHECK(gpu_names({}, gpus) == std::vector<std::string>{"GPU-aa", "GPU-bb"});
  CHECK(gpu_names(with_gpus(3), gpus) == std::vector<std::string>{"GPU-aa", "GPU-bb", "counted-2"});
  const auto specs = gpu_specs({"GPU-bb", "counted-2", "GPU-aa"}, gpus);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].Uuid == "GPU-bb");
  CHECK(specs[0].Index == 1);
  CHECK(specs[1].Minor == 3);
}

TEST_CASE("who is on a GPU and below no living agent uses it") {
  const os::FakeDriver driver(two);
  const auto gpus = machine_gpus({}, driver.nvml());
  const os::Path instances = driver.place / "instances";
  const std::string lock = instances / "job.1.0" / "lock";
  REQUIRE(os::make_directories(instances / "job.1.0"));
  REQUIRE(os::write_file(lock, ""));
  const std::string hold = "import fcntl, subprocess, sys\n"
                           "f = open(sys.argv[1], 'w')\n"
                           "if len(sys.argv) > 2: fcntl.lockf(f, fcntl.LOCK_EX)\n"
                           "child = subprocess.Popen(['/bin/cat'], stdin=0)\n"
                           "print(child.pid, end='', flush=True)\n"
                           "sys.exit(child.wait())\n";
  for (const bool locks : {true, false}) {
    std::vector<std::string> arguments{"/usr/bin/python3", "-ISc", hold, lock};
    if (locks) arguments.push_back("lock");
    const Program agent(arguments);
    const std::string& pid = agent.word;
    REQUIRE_FALSE(pid.empty());
    const std::string own = std::to_string(::getpid());
    driver.show(two + ("process GPU-aa " + pid + " 1024\nprocess GPU-bb " + pid + " 1024\n") +
                "process GPU-bb " + own + " 18432\n");
    std::vector<GpuUse> expected{{"GPU-bb", "pid " + own + " (18 GiB)"}};
    if (!locks)
      expected = {{"GPU-aa", "pid " + pid + " (1 GiB)"},
                  {"GPU-bb", "pid " + pid + " (1 GiB)"},
                  {"GPU-bb", "pid " + own + " (18 GiB)"}};
    CHECK(gpus_used_by_others(gpus, instances, driver.nvml()) == expected);
  }
}

TEST_CASE("a GPU whose driver does not answer is not free, nor is one of a process that is gone") {
  const os::FakeDriver driver(std::string(two) + "process GPU-bb 4194303 2048\n");
  const auto gpus = machine_gpus({}, driver.nvml());
  CHECK(gpus_used_by_others(gpus, "/nowhere", driver.nvml()) ==
        std::vector<GpuUse>{{"GPU-bb", "pid 4194303 (2 GiB)"}});
  driver.show("gpu GPU-bb 0 1 x\n");
  const auto uses = gpus_used_by_others(gpus, "/nowhere", driver.nvml());
  REQUIRE(uses.size() == 1);
  CHECK(uses[0].gpu == "GPU-aa");
  CHECK(uses[0].by.starts_with("a driver that does not answer: "));
}

}  // namespace trainyard::engine
