/// pack DIRECTORY > archive.tar.gz: pack_directory as a program, for tests and benchmarks.

#include "agent/outputs/archive.hpp"

#include <cstdio>
#include <unistd.h>

int main(int argc, char** argv) {
  using namespace trainyard;
  if (argc != 2) {
    std::fputs("usage: pack DIRECTORY > archive.tar.gz\n", stderr);
    return 2;
  }
  const auto sink = [](std::span<const char> bytes) {
    return os::write_all(STDOUT_FILENO, {bytes.data(), bytes.size()}, "standard output");
  };
  const auto report = agent::pack_directory(argv[1], sink);
  if (!report) {
    std::fprintf(stderr, "pack: %s\n", report.error().message.c_str());
    return 1;
  }
  for (const auto& line : report->notes.lines())
    std::fprintf(stderr, "%s\n", line.c_str());
  return 0;
}
