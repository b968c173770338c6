#include "base/encoding.hpp"
#include "os/fd.hpp"
#include "service/objects/body_writer.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <unistd.h>

namespace trainyard::objects {
namespace {

struct File {
  char name[32] = "/tmp/trainyard-body-XXXXXX";
  int fd = ::mkstemp(name);
  ~File() {
    ::close(fd);
    ::unlink(name);
  }
  std::string read(std::size_t at) const {
    std::string text(1u << 20, '\0');
    text.resize(std::size_t(::pread(fd, text.data(), text.size(), off_t(at))));
    return text;
  }
};

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = char(i * 131 + i / 251);
  return text;
}

}  // namespace

TEST_CASE("what is written at an offset is the body, and its digests are the body's") {
  using wire::ChecksumAlgorithm;
  Md5Hasher hasher;
  for (const std::size_t size : {0u, 1u, 5'000u, 65'536u, 300'000u, 900'001u})
    for (const auto algorithm : {std::optional<ChecksumAlgorithm>(),
                                 {ChecksumAlgorithm::sha256},
                                 {ChecksumAlgorithm::crc32c}}) {
      CAPTURE(size);
      const std::string text = text_of(size);
      const File file;
      BodyWriter writer(file.fd, 100, file.name, size, algorithm, hasher);
      for (std::string_view left = text; !left.empty();) {
        const auto space = writer.space();
        const std::size_t n = left.copy(space.data(), space.size());
        REQUIRE(writer.write(n));
        left.remove_prefix(n);
      }
      const Written written = writer.finish();
      CHECK(file.read(100) == text);
      CHECK(written.size == size);
      CHECK(written.sha256 == sha256_hex(text));
      Md5 md5;
      md5.update(text);
      CHECK(written.md5 == hex(md5.finish()));
      std::string expected;
      if (algorithm) {
        wire::Checksum checksum(*algorithm);
        checksum.update(text);
        expected = checksum.finish();
      }
      CHECK(written.checksum == expected);
    }
}

}  // namespace trainyard::objects
