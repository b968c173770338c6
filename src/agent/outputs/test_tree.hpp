#pragma once
/// For tests only: a directory that goes when the test ends, and small readers of what was packed.

#include "agent/outputs/tree.hpp"

#include <doctest/doctest.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace trainyard::agent {

class TestTree {
public:
  TestTree() {
    std::string name = (std::filesystem::temp_directory_path() / "trainyard-tree-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    root_ = name;
  }
  ~TestTree() { (void)os::remove_tree(root_); }
  TestTree(const TestTree&) = delete;
  TestTree& operator=(const TestTree&) = delete;

  os::Path path(const std::string& below) const { return root_ / below; }
  os::Fd open() const { return std::move(open_job_directory(root_, "").value()); }
  void write(const std::string& below, std::string_view text) const {
    REQUIRE(os::make_directories(path(below).parent_path(), 0755));
    REQUIRE(os::write_file(path(below), text, 0644));
  }
  void link(const std::string& below, const std::string& target) const {
    REQUIRE(symlink(target.c_str(), path(below).c_str()) == 0);
  }
  std::string read(const std::string& below) const { return os::read_file(path(below)).value(); }

private:
  os::Path root_;
};

/// Bytes that do not compress, the same ones each time.
inline std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t state = 88172645463325252ull;
  for (char& c : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state >> 32);
  }
  return out;
}

/// One gzip member and nothing behind it; its checksum and length are checked.
inline std::string gunzip(std::string& packed) {
  std::string out;
  std::vector<std::uint8_t> piece(1u << 16);
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<std::uint8_t*>(packed.data());
  state.avail_in = static_cast<std::uint32_t>(packed.size());
  do {
    state.next_out = piece.data();
    state.avail_out = static_cast<std::uint32_t>(piece.size());
    const std::size_t before = out.size();
    REQUIRE(isal_inflate(&state) == ISAL_DECOMP_OK);
    out.append(reinterpret_cast<char*>(piece.data()), piece.size() - state.avail_out);
    if (out.size() == before) break;
  } while (state.block_state != ISAL_BLOCK_FINISH);
  REQUIRE(state.block_state == ISAL_BLOCK_FINISH);
  REQUIRE(state.avail_in == 0);
  return out;
}

/// Plain ustar entries: name -> content, "-> TARGET" for links; directories end in '/'.
inline std::map<std::string, std::string> untar(const std::string& tar) {
  std::map<std::string, std::string> out;
  std::size_t at = 0;
  while (tar.at(at) != '\0') {
    const std::string name = tar.substr(at, 100).c_str();
    const std::size_t size = std::stoul(tar.substr(at + 124, 11), nullptr, 8);
    const char type = tar[at + 156];
    REQUIRE((type == '0' || type == '1' || type == '2' || type == '5'));
    if (type == '1' || type == '2')
      out[name] = "-> " + std::string(tar.substr(at + 157, 100).c_str());
    else
      out[name] = tar.substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  REQUIRE(tar.size() == at + 1024);
  REQUIRE(std::all_of(tar.begin() + std::ptrdiff_t(at), tar.end(), [](char c) { return !c; }));
  return out;
}

}  // namespace trainyard::agent
