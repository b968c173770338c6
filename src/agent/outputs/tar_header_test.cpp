#include "agent/outputs/tar_header.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace trainyard::agent;

namespace {

std::string_view field(std::string_view block, std::size_t offset, std::size_t length) {
  return block.substr(offset, std::min(length, block.substr(offset).find('\0')));
}

TarEntry file(std::string path, std::uint64_t size = 5) {
  TarEntry entry;
  entry.path = std::move(path);
  entry.size = size;
  entry.mode = 0100644;
  entry.mtime_s = 1'700'000'000;
  return entry;
}

}  // namespace

TEST_CASE("a short name is one ustar block with a right checksum") {
  const std::string block = tar_header(file("model.pth"));
  REQUIRE(block.size() == 512);
  CHECK(field(block, 0, 100) == "model.pth");
  CHECK(field(block, 100, 8) == "0000644");
  CHECK(field(block, 108, 8) == "0000000");
  CHECK(field(block, 124, 12) == "00000000005");
  CHECK(field(block, 136, 12) == "14524770400");
  CHECK(block[156] == '0');
  CHECK(block.substr(257, 8) == std::string_view("ustar\00000", 8));
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < block.size(); ++i)
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(block[i]);
  CHECK(std::stoul(std::string(field(block, 148, 8)), nullptr, 8) == sum);
}

TEST_CASE("a name of up to 255 bytes is split at a slash, a longer one becomes a pax record") {
  const std::string directory(150, 'd'), name(100, 'f');
  const std::string split = tar_header(file(directory + "/" + name));
  REQUIRE(split.size() == 512);
  CHECK(field(split, 0, 100) == name);
  CHECK(field(split, 345, 155) == directory);
  const std::string path = directory + "/" + name + "f";
  const std::string extended = tar_header(file(path));
  REQUIRE(extended.size() == 512 * 3);
  CHECK(extended[156] == 'x');
  CHECK(extended.substr(512, 262) == "262 path=" + path + "\n");
  CHECK(extended[512 + 262] == '\0');
  CHECK(extended[1024 + 156] == '0');
}

TEST_CASE("the length of a pax record counts its own digits") {
  for (std::size_t size = 80; size < 130; ++size) {  // 99 to 101 bytes is where a digit is added
    TarEntry link;
    link.type = TarType::symbolic_link;
    link.path = "l";
    link.link.assign(size, 't');
    const std::string header = tar_header(link);
    if (size <= 100) {
      CHECK(header.size() == 512);
      continue;
    }
    const std::size_t length = std::stoul(header.substr(512, 4));
    CHECK(header[512 + length - 1] == '\n');
    CHECK(header[512 + length] == '\0');
  }
}

TEST_CASE("a size from 8 GiB on is a pax record") {
  const std::string fits = tar_header(file("f", (8ull << 30) - 1));
  CHECK(field(fits, 124, 12) == "77777777777");
  const std::string large = tar_header(file("f", 8ull << 30));
  CHECK(large.substr(512, 19) == "19 size=8589934592\n");
  CHECK(field(large, 1024 + 124, 12) == "00000000000");
}

TEST_CASE("setuid, setgid and sticky bits and times before 1970 do not travel") {
  TarEntry entry = file("f");
  entry.mode = 0107755;
  entry.mtime_s = -5;
  const std::string block = tar_header(entry);
  CHECK(field(block, 100, 8) == "0000755");
  CHECK(field(block, 136, 12) == "00000000000");
}

TEST_CASE("a sparse file has a map before its data and its true name and size in records") {
  TarEntry entry = file("s", 10'000'000);
  entry.sparse = {{0, 4096}, {8'000'000, 100}};
  const std::string header = tar_header(entry);
  REQUIRE(header.size() == 512 * 4);
  const std::string records = header.substr(512, 512);
  CHECK(records.find(" GNU.sparse.name=s\n") != records.npos);
  CHECK(records.find(" GNU.sparse.realsize=10000000\n") != records.npos);
  CHECK(field(header, 1024, 100) == "GNUSparseFile.0/s");
  CHECK(std::stoul(std::string(field(header, 1024 + 124, 12)), nullptr, 8) == 512 + 4096 + 100);
  CHECK(field(header, 1536, 512) == "3\n0\n4096\n8000000\n100\n10000000\n0\n");
}

TEST_CASE("only names that are no UTF-8 are marked as bytes") {
  const std::string accented =
      tar_header(file(std::string(150, 'x') + "/\xc3\xa9" + std::string(120, 'x')));
  CHECK(accented.find("hdrcharset") == accented.npos);
  const std::string latin1 =
      tar_header(file(std::string(150, 'x') + "/\xe9" + std::string(120, 'x')));
  CHECK(latin1.find("21 hdrcharset=BINARY\n") == 512);
}
