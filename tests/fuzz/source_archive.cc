/// Any tar archive as the user's source: whatever is in it, nothing is written outside the
/// directory.

#include "base/clock.hpp"
#include "os/files.hpp"
#include "toolkit/directory.hpp"
#include "toolkit/extract.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

using namespace trainyard;
using namespace trainyard::toolkit;

namespace {

constexpr std::size_t block_bytes = 512, checksum_at = 148, checksum_end = 156;

// Gives each block the checksum of a header, or the fuzzer would hardly pass it.
void repair(std::string& archive) {
  for (std::size_t block = 0; block + block_bytes <= archive.size(); block += block_bytes) {
    unsigned sum = ' ' * (checksum_end - checksum_at);
    for (std::size_t i = 0; i < block_bytes; ++i)
      if (i < checksum_at || i >= checksum_end)
        sum += static_cast<unsigned char>(archive[block + i]);
    std::snprintf(&archive[block + checksum_at], 8, "%06o", sum);
  }
}

os::Fd gzipped(const std::string& bytes) {
  os::Fd file(::memfd_create("archive", 0));
  const gzFile gz = ::gzdopen(::dup(file.get()), "wb0");
  ::gzwrite(gz, bytes.data(), unsigned(bytes.size()));
  ::gzclose(gz);
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

// A directory of this process's own, gone with it.
class Scratch {
public:
  Scratch() : path_("/dev/shm/trainyard-fuzz-" + std::to_string(::getpid())) {}
  ~Scratch() { (void)os::remove_tree(path_); }
  std::string inside() const { return path_ + "/inside"; }
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scratch scratch;
  std::string archive(reinterpret_cast<const char*>(data), size);
  repair(archive);
  CHECK(os::remove_tree(scratch.inside()).has_value());
  CHECK(os::make_directories(scratch.inside()).has_value());
  const LogLines log(system_clock(), -1);
  (void)extract_archive(gzipped(archive), "archive", scratch.inside(), log);
  CHECK(list_directory(scratch.path())->size() == 1);
  return 0;
}
