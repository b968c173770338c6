#pragma once
/// For tests: a directory with a libnvidia-ml.so.1 that shows what a test says.

#include "os/nvml.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <string_view>

namespace trainyard::os {

struct FakeDriver {
  Path place;

  /// `shown` as tests/agent/fake_nvml.cc reads it.
  explicit FakeDriver(std::string_view shown) {
    std::string name = (std::filesystem::temp_directory_path() / "fake-driver-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    place = name;
    const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    std::filesystem::copy_file(programs / "fake_nvml/libnvidia-ml.so.1", library());
    show(shown);
  }
  ~FakeDriver() { (void)remove_tree(place); }
  FakeDriver(const FakeDriver&) = delete;
  FakeDriver& operator=(const FakeDriver&) = delete;

  Path library() const { return place / "libnvidia-ml.so.1"; }
  Nvml nvml() const { return Nvml(library()); }
  /// Whole at once, for others read it meanwhile.
  void show(std::string_view shown) const {
    REQUIRE(write_file(place / "gpus.new", shown));
    std::filesystem::rename(place / "gpus.new", place / "gpus");
  }
};

}  // namespace trainyard::os
