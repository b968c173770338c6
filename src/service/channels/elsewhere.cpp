#include "service/channels/elsewhere.hpp"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace trainyard::channels {
namespace {

constexpr std::size_t objects_max = 5'000'000;  // of one channel; an index has at most 1 GiB

bool is_marker(const origin::Entry& entry) {
  return entry.size == 0 && entry.key.ends_with('/');
}

wire::SequenceItem item_of(const std::string& bucket, const origin::Entry& entry) {
  wire::SequenceItem out;
  out.Object = wire::OriginObject{bucket, entry.key, std::int64_t(entry.size), entry.etag};
  out.Name = fmt::format("s3://{}/{}", bucket, entry.key);
  return out;
}

// Which of the objects, in their order, are this host's: the same rule as for the store's own.
struct Shares {
  const objects::Selection& selection;
  std::int64_t files = 0, markers = 0;

  bool takes(bool is_marker) {
    if (is_marker) return ++markers, true;
    return files++ % selection.hosts == selection.host;
  }
};

Result<> place(wire::SequenceItem& item, const std::string& prefix) {
  item.Place = TRY(objects::place_in_channel(item.Object->Key, prefix, item.Object->Size));
  return {};
}

}  // namespace

Result<std::vector<wire::SequenceItem>>
list_elsewhere(const Settings& settings, const objects::Selection& selection, objects::Form form) {
  std::vector<wire::SequenceItem> out;
  Shares shares{selection};
  const bool is_tree = form == objects::Form::tree;
  const auto add = [&](const origin::Entry& entry) -> Result<bool> {
    if (!shares.takes(is_marker(entry))) return true;
    if (!is_tree && is_marker(entry)) return true;
    wire::SequenceItem item = item_of(selection.bucket, entry);
    if (is_tree) TRY(place(item, selection.prefix));
    if (is_tree && item.Place->empty()) return true;
    if (is_marker(entry)) item.Object.reset();
    if (out.size() == objects_max)
      return fail(
          ErrorKind::invalid, "ValidationException",
          fmt::format("more than {} objects are under s3://{}/{}: give the channel a longer "
                      "prefix",
                      objects_max, selection.bucket, selection.prefix));
    out.push_back(std::move(item));
    return true;
  };
  if (selection.keys) {
    std::set<std::string_view> placed;  // a manifest may name a key twice: that is one file
    std::size_t entry = 1;              // the prefix is the first
    for (const auto& key : *selection.keys) {
      ++entry;
      if (!shares.takes(false)) continue;
      if (is_tree && !placed.insert(key).second) continue;
      wire::SequenceItem item = item_of(selection.bucket, {key, false, 0, "", {}});
      item.Object->Size = -1;  // whoever fetches it looks, and says who named it if it is not there
      item.Name = fmt::format("entry {} of {}", entry, selection.manifest);
      if (is_tree) TRY(place(item, selection.prefix));
      out.push_back(std::move(item));
    }
  } else {
    TRY(TRY(origin::open_elsewhere(settings, selection.bucket))
            ->list({selection.prefix, "", ""}, add));
  }
  if (shares.files + shares.markers > 0) return out;
  return fail(ErrorKind::not_found, "ValidationException",
              fmt::format("No S3 objects found under S3 URL \"s3://{}/{}\"", selection.bucket,
                          selection.prefix));
}

}  // namespace trainyard::channels
