#include "os/fake_driver.hpp"
#include "os/nvml.hpp"

#include <cstring>

namespace trainyard::os {
namespace {

constexpr const char* two = "gpu GPU-aa 3 81920 NVIDIA H100 80GB HBM3\n"
                            "gpu GPU-bb 0 15360 Tesla T4\n";

// What a driver wrote into a buffer: entries of `size` bytes.
std::vector<unsigned char> written(std::size_t size, const std::vector<GpuProcess>& processes) {
  std::vector<unsigned char> out(64 * 32, untouched);
  unsigned char* at = out.data();
  for (const auto& process : processes) {
    std::memset(at, 0, size);
    std::memcpy(at, &process.pid, sizeof process.pid);
    std::memcpy(at + 8, &process.memory_bytes, sizeof process.memory_bytes);
    at += size;
  }
  return out;
}

}  // namespace

TEST_CASE("a machine without the driver's library has no GPU, and that is no error") {
  const Nvml none("libnvidia-ml-that-is-not-there.so.1");
  CHECK(none.list().value().empty());
  CHECK(none.processes("GPU-aa").value().empty());
  CHECK(none.file().empty());
}

TEST_CASE("GPUs are listed as the driver counts them, each with its own device's number") {
  const FakeDriver driver(two);
  const auto gpus = driver.nvml().list();
  REQUIRE(gpus);
  REQUIRE(gpus->size() == 2);
  CHECK((*gpus)[0] == Gpu{"GPU-aa", 0, 3, "NVIDIA H100 80GB HBM3", 80ull << 30});
  CHECK((*gpus)[1] == Gpu{"GPU-bb", 1, 0, "Tesla T4", 15ull << 30});
  CHECK(driver.nvml().file() == driver.library());
}

TEST_CASE("a driver that is not loaded shows none; one that fails is an error with its words") {
  const FakeDriver driver(std::string(two) + "fails nvmlInit_v2 9\n");
  CHECK(driver.nvml().list().value().empty());
  CHECK(driver.nvml().processes("GPU-aa").value().empty());
  driver.show("fails nvmlInit_v2 18\n");
  const auto failed = driver.nvml().list();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::unavailable);
  CHECK(failed.error().message == "ask the NVIDIA driver for GPUs: Driver/library version mismatch "
                                  "(NVML error 18); does nvidia-smi work here?");
  driver.show(std::string(two) + "fails nvmlDeviceGetCount_v2 15\n");
  CHECK_FALSE(driver.nvml().list());
}

TEST_CASE("a GPU without a device, or whose name could lead elsewhere, is left out") {
  const FakeDriver driver(std::string(two) + "fails nvmlDeviceGetMinorNumber 3\n");
  CHECK(driver.nvml().list().value().empty());
  driver.show("gpu ../GPU-aa 0 1 x\ngpu GPU-bb 0 1 x\n");
  const auto gpus = driver.nvml().list().value();
  REQUIRE(gpus.size() == 1);
  CHECK(gpus[0].uuid == "GPU-bb");
  CHECK(gpus[0].index == 1);
}

TEST_CASE("who computes on a GPU is told, however the driver lays it out and however many") {
  std::string shown = two;
  for (int pid = 1000; pid < 1300; ++pid)
    shown += "process GPU-aa " + std::to_string(pid) + " 2\n";
  const FakeDriver driver(shown + "process GPU-bb 7 -1\n");
  for (const char* more :
       {"", "entry 16\n", "entry 32\n", "fails nvmlDeviceGetComputeRunningProcesses_v3 13\n"}) {
    driver.show(shown + "process GPU-bb 7 -1\n" + more);
    const auto many = driver.nvml().processes("GPU-aa");
    REQUIRE_MESSAGE(many, more);
    REQUIRE(many->size() == 300);
    CHECK((*many)[299] == GpuProcess{1299, 2u << 20});
    CHECK(driver.nvml().processes("GPU-bb").value() == std::vector<GpuProcess>{{7, 0}});
  }
  CHECK_FALSE(driver.nvml().processes("GPU-cc"));
  driver.show(shown + "fails nvmlDeviceGetComputeRunningProcesses_v3 13\n"
                      "fails nvmlDeviceGetComputeRunningProcesses_v2 13\n");
  CHECK_FALSE(driver.nvml().processes("GPU-aa"));
}

TEST_CASE("entries are told apart by how far the driver wrote; what is no known form is an error") {
  const std::vector<GpuProcess> all{{5, 1u << 20}, {6, 3ull << 30}, {7, 2}};
  for (const std::size_t size : {16u, 24u, 32u})
    for (std::size_t count = 0; count <= all.size(); ++count) {
      const std::vector<GpuProcess> some(all.begin(), all.begin() + std::ptrdiff_t(count));
      CHECK(read_gpu_processes(written(size, some), count).value() == some);
    }
  CHECK_FALSE(read_gpu_processes(written(40, all), 3));
  CHECK_FALSE(read_gpu_processes(written(8, {}), 3));       // nothing was written
  CHECK_FALSE(read_gpu_processes(written(24, all), 1000));  // more than there was room for
}

TEST_CASE("a process is told with what it takes") {
  CHECK(describe(GpuProcess{4242, 18ull << 30}) == "pid 4242 (18 GiB)");
  CHECK(describe(GpuProcess{4242, (3ull << 30) / 2}) == "pid 4242 (1.5 GiB)");
  CHECK(describe(GpuProcess{4242, 400u << 20}) == "pid 4242 (400 MiB)");
  CHECK(describe(GpuProcess{4242, 0}) == "pid 4242");
}

}  // namespace trainyard::os
