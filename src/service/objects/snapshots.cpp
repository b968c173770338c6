#include "service/objects/snapshots.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "service/objects/sequence_tree.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <vector>

namespace trainyard::objects {
namespace {

constexpr std::size_t name_bytes_max = 255, kept_max = 64;
constexpr Millis unused_min{3'600'000};  // since its last use, before it may go
constexpr std::string_view temp_prefix = "tmp-";

// The directory's own times tell its last use, also over restarts.
bool touch(const os::Path& path) {
  return ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

struct Kept {
  os::Path path;
  Time used{};
};

std::vector<Kept> all_kept(const os::Path& root) {
  std::vector<Kept> out;
  for (const auto& name : os::list_directory(root).value_or(std::vector<std::string>())) {
    struct stat st{};
    if (name.starts_with(temp_prefix) || ::lstat((root / name).c_str(), &st) != 0) continue;
    out.push_back({root / name, from_ms(std::int64_t(st.st_mtim.tv_sec) * 1000)});
  }
  return out;
}

Failure bad_key(std::string_view key, std::string_view why) {
  return fail(ErrorKind::invalid, "ValidationException",
              fmt::format("the object '{}' cannot become a file of a channel: {}. Rename it, or "
                          "give the channel another prefix.",
                          key, why));
}

using Visit = std::function<Result<>(const store::LinkedObject&)>;

Failure nothing_there(const Selection& selection) {
  return fail(ErrorKind::not_found, "ValidationException",
              fmt::format("No S3 objects found under S3 URL \"s3://{}/{}\"", selection.bucket,
                          selection.prefix));
}

bool is_marker(const store::LinkedObject& object) {
  return object.size == 0 && object.key.ends_with('/');
}

Failure missing(const std::string& bucket, const std::string& key) {
  return fail(ErrorKind::not_found, "ValidationException",
              fmt::format("there is no object s3://{}/{}", bucket, key));
}

Result<store::LinkedObject> find(store::Snapshot& s, const std::string& bucket,
                                 const std::string& key) {
  auto row = TRY(store::find_object(s, bucket, key));
  if (!row) return missing(bucket, key);
  return store::LinkedObject{key, std::move(row->blob), row->size};
}

// The same, with who names it.
Result<store::LinkedObject> find_for(store::Snapshot& s, const std::string& bucket,
                                     const std::string& key, const std::string& who) {
  auto found = find(s, bucket, key);
  return found ? found : in_context(std::move(found.error()), who);
}

wire::SequenceItem item_of(const Piece& piece) {
  wire::SequenceItem item;
  item.Object = wire::OriginObject{piece.bucket, piece.key, -1, ""};
  item.Name = piece.name;
  return item;
}

// A line that differs where what the piece brings differs, as far as is known.
Result<std::string> piece_state(store::Snapshot& s, const Piece& piece) {
  if (piece.text) return fmt::format("text {} {}\n", piece.text->size(), *piece.text);
  if (piece.is_elsewhere)
    return fmt::format("elsewhere {} {} {}\n", piece.bucket, piece.key.size(), piece.key);
  return TRY(find_for(s, piece.bucket, piece.key, piece.name)).blob + "\n";
}

// In order, of those that a host has its own. An error where there is none for any host.
Result<> each(store::Snapshot& s, const Selection& selection, const Visit& visit) {
  std::int64_t files = 0, markers = 0;
  const auto shared_out = [&](const store::LinkedObject& object) -> Result<> {
    if (is_marker(object)) return ++markers, visit(object);
    return files++ % selection.hosts == selection.host ? visit(object) : Result<>();
  };
  if (!selection.keys)
    TRY(store::each_object(s, selection.bucket, selection.prefix, shared_out));
  else
    for (const auto& key : *selection.keys)
      TRY(shared_out(TRY(find(s, selection.bucket, key))));
  return files + markers > 0 ? Result<>() : nothing_there(selection);
}

}  // namespace

Result<std::string> place_in_channel(std::string_view key, std::string_view prefix,
                                     std::int64_t size) {
  if (key.ends_with('/') && size > 0)
    return bad_key(key, "it ends in '/', as a directory's key does, but has content");
  const bool names_directory = !prefix.empty() && prefix.back() != '/' &&
                               key.size() > prefix.size() && key.starts_with(prefix) &&
                               key[prefix.size()] == '/';
  const auto slash = prefix.rfind('/');
  const std::size_t skip = names_directory                   ? prefix.size() + 1
                           : slash == std::string_view::npos ? 0
                                                             : slash + 1;
  const std::string_view place = key.substr(std::min(skip, key.size()));
  for (std::size_t at = 0; at < place.size();) {
    const auto end = std::min(place.find('/', at), place.size());
    const auto part = place.substr(at, end - at);
    if (part.empty()) return bad_key(key, "a part of its path is empty");
    if (part == "." || part == "..") return bad_key(key, "it holds '.' or '..' as a directory");
    if (part.size() > name_bytes_max) return bad_key(key, "a part of its path is too long");
    at = end + 1;
  }
  return std::string(place);
}

Snapshots::Snapshots(os::Path root, Blobs& blobs, store::Readers& readers, const Clock& clock,
                     std::string boot)
    : root_(std::move(root)), blobs_(blobs), readers_(readers), clock_(clock),
      boot_(std::move(boot)) {
  for (const auto& name : os::list_directory(root_).value_or(std::vector<std::string>())) {
    if (!name.starts_with(temp_prefix)) continue;
    if (const auto removed = os::remove_tree(root_ / name); !removed)
      log::warn("half a snapshot is left", {{"error", removed.error().message}});
  }
}

std::string Snapshots::name_of(std::string_view state) const {
  return sha256_hex(fmt::format("{}\n{}", state, boot_)).substr(0, 32);
}

// A text that differs where what is selected differs.
Result<std::string> Snapshots::state_of(store::Snapshot& s, const Selection& selection,
                                        Form form) const {
  const std::string what =
      fmt::format("{}\n{}\n{}\n{} of {}", form == Form::tree ? "tree" : "sequence",
                  selection.bucket, selection.prefix, selection.host, selection.hosts);
  if (!selection.keys) {
    const auto state = TRY(store::prefix_state(s, selection.bucket, selection.prefix));
    return fmt::format("{}\n{}\n{}", what, state.version_max, state.count);
  }
  Sha256 hash;
  for (const auto& key : *selection.keys)
    hash.update(fmt::format("{} {}\n", TRY(find(s, selection.bucket, key)).blob, key));
  return fmt::format("{}\n{}", what, hex(hash.finish()));
}

// True if it is there: whoever is given it may rely on it for `unused_min`, and a job that is known
// to the rows for as long as it lives.
bool Snapshots::use(const os::Path& path) {
  const std::lock_guard lock(mutex_);
  return touch(path);
}

Result<std::string> Snapshots::known_or_built(const std::string& name, const Build& build) {
  const os::Path known = root_ / name;
  if (use(known)) return known.string();
  const os::Path temp = root_ / (std::string(temp_prefix) + random_hex(8));
  const auto built = build(temp);
  const os::Path path = built ? root_ / *built : known;
  if (built && std::rename(temp.c_str(), path.c_str()) == 0) {
    remove_unused();
    return path.string();
  }
  const int error = errno;
  (void)os::remove_tree(temp);  // at the next start, if not now
  if (!built) return Failure(built.error());
  if ((error == EEXIST || error == ENOTEMPTY) && use(path)) return path.string();
  return fail_errno("give a channel's snapshot its name", error);
}

Result<std::string> Snapshots::snapshot(const Selection& selection, Form form) {
  const auto state =
      TRY(readers_.read([&](store::Snapshot& s) { return state_of(s, selection, form); }));
  return known_or_built(name_of(state),
                        [&](const os::Path& path) { return build(selection, form, path); });
}

Result<std::string> Snapshots::build(const Selection& selection, Form form, const os::Path& path) {
  const Blobs::Hold hold(blobs_);
  return readers_.read([&](store::Snapshot& s) -> Result<std::string> {
    TRY(form == Form::tree ? build_tree(s, selection, path) : build_sequence(s, selection, path));
    return name_of(
        TRY(state_of(s, selection, form)));  // a PUT may have come since it was asked for
  });
}

Result<> Snapshots::build_tree(store::Snapshot& s, const Selection& selection,
                               const os::Path& path) {
  os::LinkTree tree = TRY(link_tree(path, blobs_));
  const os::Fd contents = TRY(os::open_file(blobs_.root(), O_RDONLY | O_DIRECTORY));
  std::set<std::string> placed;  // a manifest may name a key twice: that is one file
  return each(s, selection, [&](const store::LinkedObject& object) -> Result<> {
    if (selection.keys && !placed.insert(object.key).second) return {};
    const std::string place = TRY(place_in_channel(object.key, selection.prefix, object.size));
    if (place.empty()) return {};
    auto added = place.back() == '/' ? tree.add_directory(place)
                                     : tree.add(place, content_of(object, contents.get()));
    if (!added && added.error().kind == ErrorKind::conflict)
      return bad_key(object.key, "another object has a directory of it for its name, or is "
                                 "named like its directory");
    return added;
  });
}

Result<> Snapshots::build_sequence(store::Snapshot& s, const Selection& selection,
                                   const os::Path& path) {
  SequenceTree tree = TRY(SequenceTree::make(path, blobs_));
  TRY(each(s, selection, [&](const store::LinkedObject& object) -> Result<> {
    if (is_marker(object)) return {};
    TRY(tree.add(object, fmt::format("s3://{}/{}", selection.bucket, object.key)));
    return tree.end_unit();
  }));
  return tree.finish();
}

Result<std::string> Snapshots::sequence(const std::vector<std::vector<Piece>>& units) {
  const Blobs::Hold hold(blobs_);
  return readers_.read([&](store::Snapshot& s) -> Result<std::string> {
    Sha256 hash;
    for (const auto& unit : units) {
      for (const auto& piece : unit)
        hash.update(TRY(piece_state(s, piece)));
      hash.update("\n");
    }
    const std::string name = name_of("units\n" + hex(hash.finish()));
    return known_or_built(name, [&](const os::Path& path) -> Result<std::string> {
      SequenceTree tree = TRY(SequenceTree::make(path, blobs_));
      for (const auto& unit : units) {
        for (const auto& piece : unit) {
          if (piece.text)
            tree.add_text(*piece.text, piece.name);
          else if (piece.is_elsewhere)
            tree.add_item(item_of(piece));
          else
            TRY(tree.add(TRY(find_for(s, piece.bucket, piece.key, piece.name)), piece.name));
        }
        TRY(tree.end_unit());
      }
      TRY(tree.finish());
      return name;
    });
  });
}

Result<std::string> Snapshots::index(const std::vector<wire::SequenceItem>& items) {
  Sha256 hash;
  for (const auto& item : items)
    hash.update(wire::encode(item) + "\n");
  const std::string name = name_of("index\n" + hex(hash.finish()));
  return known_or_built(name, [&](const os::Path& path) -> Result<std::string> {
    SequenceTree tree = TRY(SequenceTree::make(path, blobs_));
    for (const auto& item : items) {
      tree.add_item(item);
      TRY(tree.end_unit());
    }
    TRY(tree.finish());
    return name;
  });
}

// Away from its name first, if nobody has used it meanwhile: half of it must not be found by that.
bool Snapshots::set_aside(const os::Path& path, const os::Path& to) {
  const std::lock_guard lock(mutex_);
  struct stat st{};
  return ::lstat(path.c_str(), &st) == 0 &&
         clock_.now() - from_ms(std::int64_t(st.st_mtim.tv_sec) * 1000) >= unused_min &&
         std::rename(path.c_str(), to.c_str()) == 0;
}

std::uint64_t Snapshots::prune(Time before, bool only_look) {
  std::uint64_t count = 0;
  for (const auto& one : all_kept(root_)) {
    if (one.used >= before || clock_.now() - one.used < unused_min) continue;
    const os::Path aside = root_ / (std::string(temp_prefix) + random_hex(8));
    if (!only_look && !set_aside(one.path, aside)) continue;
    if (!only_look) (void)os::remove_tree(aside);  // at the next start, if not now
    ++count;
  }
  return count;
}

void Snapshots::remove_unused() {
  auto kept = all_kept(root_);
  if (kept.size() <= kept_max) return;
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  std::size_t left = kept.size();
  for (const auto& one : kept) {
    if (left <= kept_max || clock_.now() - one.used < unused_min) return;
    // Names are random enough to be looked for in the jobs' states as they are stored.
    const auto is_used = readers_.read([&](store::Snapshot& s) {
      return store::is_in_unfinished_state(s, one.path.filename().string());
    });
    if (!is_used || *is_used) continue;
    const os::Path aside = root_ / (std::string(temp_prefix) + random_hex(8));
    if (!set_aside(one.path, aside)) continue;
    --left;
    (void)os::remove_tree(aside);  // at the next start, if not now
  }
}

}  // namespace trainyard::objects
