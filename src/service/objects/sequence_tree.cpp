#include "service/objects/sequence_tree.hpp"

#include "wire/json.hpp"

#include <fmt/format.h>

#include <fcntl.h>

namespace trainyard::objects {
namespace {

constexpr std::uint64_t files_a_directory = 1000;
constexpr std::size_t lines_bytes_max = 1u << 20;

}  // namespace

Result<SequenceTree> SequenceTree::make(const os::Path& path, Blobs& blobs) {
  SnapshotTree tree = TRY(SnapshotTree::make(path, blobs));
  os::Fd index = TRY(os::open_file(path / wire::sequence_index, O_WRONLY | O_CREAT | O_EXCL, 0644));
  return SequenceTree(std::move(tree), std::move(index));
}

Result<> SequenceTree::add(const store::LinkedObject& object, std::string name) {
  std::string file =
      fmt::format("data/{}/{}", files_ / files_a_directory, files_ % files_a_directory);
  ++files_;
  TRY(tree_.add(file, object));
  unit_.Items.push_back({std::move(file), {}, std::move(name)});
  return {};
}

void SequenceTree::add_text(std::string text, std::string name) {
  unit_.Items.push_back({{}, std::move(text), std::move(name)});
}

Result<> SequenceTree::end_unit() {
  lines_ += wire::encode(unit_) + "\n";
  unit_.Items.clear();
  return lines_.size() < lines_bytes_max ? Result<>() : flush();
}

Result<> SequenceTree::finish() {
  return flush();
}

Result<> SequenceTree::flush() {
  TRY(os::write_all(index_.get(), lines_, "a channel's index"));
  lines_.clear();
  return {};
}

}  // namespace trainyard::objects
