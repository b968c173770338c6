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
  const os::Path path = os::Path("./") / argv[1];
  const auto sink = [](std::span<const char> bytes) {
    return os::write_all(STDOUT_FILENO, {bytes.data(), bytes.size()}, "standard output");
  };
  const auto packed = [&]() -> Result<agent::ArchiveReport> {
    const os::Fd directory = TRY(agent::open_job_directory(path.parent_path(), path.filename()));
    return agent::pack_directory(directory, sink);
  }();
  if (!packed) {
    std::fprintf(stderr, "pack: %s\n", packed.error().message.c_str());
    return 1;
  }
  for (const auto& line : packed->notes.lines())
    std::fprintf(stderr, "%s\n", line.c_str());
  return 0;
}
