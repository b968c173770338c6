#include "service/objects/sequence_tree.hpp"

#include "wire/json.hpp"

#include <fmt/format.h>

#include <fcntl.h>

namespace trainyard::objects {
namespace {

constexpr std::uint64_t files_a_directory = 1000;
constexpr std::size_t lines_bytes_max = 1u << 20;

}  // namespace

Result<os::LinkTree> link_tree(const os::Path& path, Blobs& blobs) {
  return os::LinkTree::make(
      path, blobs.owner(),
      [&files = blobs.files()](int fd, const auto& what) { return files.sync(fd, what); });
}

os::Content content_of(const store::LinkedObject& object, int contents) {
  return {contents, Blobs::relative_path(object.blob), object.blob};
}

Result<SequenceTree> SequenceTree::make(const os::Path& path, Blobs& blobs) {
  os::LinkTree tree = TRY(link_tree(path, blobs));
  os::Fd contents = TRY(os::open_file(blobs.root(), O_RDONLY | O_DIRECTORY));
  os::Fd index = TRY(os::open_file(path / wire::sequence_index, O_WRONLY | O_CREAT | O_EXCL, 0644));
  return SequenceTree(std::move(tree), std::move(contents), std::move(index));
}

Result<> SequenceTree::add(const store::LinkedObject& object, std::string name) {
  std::string file =
      fmt::format("data/{}/{}", files_ / files_a_directory, files_ % files_a_directory);
  ++files_;
  TRY(tree_.add(file, content_of(object, contents_.get())));
  wire::SequenceItem item;
  item.File = std::move(file);
  item.Name = std::move(name);
  add_item(std::move(item));
  return {};
}

void SequenceTree::add_text(std::string text, std::string name) {
  wire::SequenceItem item;
  item.Text = std::move(text);
  item.Name = std::move(name);
  add_item(std::move(item));
}

void SequenceTree::add_item(wire::SequenceItem item) {
  unit_.Items.push_back(std::move(item));
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
