#include "service/objects/body_writer.hpp"
#include "service/objects/upload_state.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::objects {
namespace {

using store::PartRow;

// Where a part's bytes are to be in the object.
struct Stretch {
  const PartRow* row;
  std::uint64_t to;
};

Result<> copy_slowly(int from, std::uint64_t at, int to, std::uint64_t to_at, std::uint64_t size,
                     const os::Path& path) {
  std::vector<char> buffer(1u << 20);
  while (size > 0) {
    const ssize_t n =
        ::pread(from, buffer.data(), std::min<std::uint64_t>(size, buffer.size()), off_t(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("read " + path.string());
    if (n == 0) return fail_internal("read " + path.string() + ": it is shorter than its part");
    TRY(write_all_at(to, {buffer.data(), std::size_t(n)}, to_at, path));
    at += std::uint64_t(n);
    to_at += std::uint64_t(n);
    size -= std::uint64_t(n);
  }
  return {};
}

// Within the kernel where the file system can, so that one with reflinks copies nothing.
Result<> copy_range(int from, std::uint64_t at, int to, std::uint64_t to_at, std::uint64_t size,
                    const os::Path& path) {
  while (size > 0) {
    off_t in = off_t(at), out = off_t(to_at);
    const ssize_t n = ::copy_file_range(from, &in, to, &out, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return copy_slowly(from, at, to, to_at, size, path);
    at += std::uint64_t(n);
    to_at += std::uint64_t(n);
    size -= std::uint64_t(n);
  }
  return {};
}

std::vector<Stretch> lay_out(const std::vector<PartRow>& listed) {
  std::vector<Stretch> stretches;
  std::uint64_t at = 0;
  for (const auto& row : listed) {
    stretches.push_back({&row, at});
    at += std::uint64_t(row.size);
  }
  return stretches;
}

bool is_in_place(const Stretch& stretch, const std::string& file) {
  return stretch.row->file == file && std::uint64_t(stretch.row->at) == stretch.to;
}

// The file in which most of the object is in place already.
std::string best_file(const std::vector<Stretch>& stretches) {
  std::map<std::string, std::int64_t> bytes;
  for (const auto& stretch : stretches)
    if (is_in_place(stretch, stretch.row->file)) bytes[stretch.row->file] += stretch.row->size;
  const auto best = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return best == bytes.end() ? "" : best->first;
}

// Whether every part that lives in `file` stays where it is: then the others may be copied in,
// over bytes that no row names.
bool may_be_completed(const std::string& file, const std::vector<PartRow>& rows,
                      const std::vector<Stretch>& stretches) {
  return std::all_of(rows.begin(), rows.end(), [&](const PartRow& row) {
    return row.file != file ||
           std::any_of(stretches.begin(), stretches.end(), [&](const Stretch& stretch) {
             return stretch.row->n == row.n && is_in_place(stretch, file);
           });
  });
}

Result<> copy_stretches(const os::Path& uploads, const std::vector<Stretch>& stretches, int to) {
  for (const auto& stretch : stretches) {
    const os::Path path = uploads / stretch.row->file;
    const os::Fd from = TRY(os::open_file(path, O_RDONLY | O_NOFOLLOW));
    TRY(copy_range(from.get(), std::uint64_t(stretch.row->at), to, stretch.to,
                   std::uint64_t(stretch.row->size), path));
  }
  return {};
}

Result<> complete_in_place(FileSystem& files, const os::Path& path,
                           const std::vector<Stretch>& missing, std::uint64_t size) {
  const os::Fd fd = TRY(os::open_file(path, O_RDWR | O_NOFOLLOW));
  TRY(copy_stretches(path.parent_path(), missing, fd.get()));
  if (::ftruncate(fd.get(), off_t(size)) != 0) return fail_errno("cut " + path.string());
  return files.sync(fd.get(), path);
}

}  // namespace

Result<Uploads::Assembled> Uploads::assemble(const Completion& completion,
                                             const std::vector<PartRow>& rows,
                                             const std::vector<PartRow>& listed) {
  State& state = *completion.state_;
  const std::vector<Stretch> stretches = lay_out(listed);
  const std::uint64_t size = stretches.back().to + std::uint64_t(listed.back().size);
  const std::string file = best_file(stretches);
  std::vector<Stretch> missing;
  std::copy_if(stretches.begin(), stretches.end(), std::back_inserter(missing),
               [&](const Stretch& stretch) { return !is_in_place(stretch, file); });

  const std::lock_guard lock(state.mutex);
  const os::Path path = path_of(file);
  const auto slot_size = slot_size_of(state.id, file);
  struct stat st{};
  if (!file.empty() && ::stat(path.c_str(), &st) != 0)
    return fail_errno("look at " + path.string());
  const bool is_whole = missing.empty() && std::uint64_t(st.st_size) == size;
  const bool is_blob = st.st_nlink > 1;  // of a Complete that was not committed
  const bool is_written = slot_size && !state.was_quiet;
  if (file.empty() || is_written || (is_blob && !is_whole) ||
      !may_be_completed(file, rows, stretches)) {
    TempFile copy = TRY(blobs_.create());
    TRY(copy_stretches(blobs_.uploads(), stretches, copy.fd()));
    os::Path copy_path = copy.path();
    return Assembled{std::move(copy_path), size, std::move(copy)};
  }
  if (slot_size) state.slots[*slot_size].is_sealed = true;
  // Parts were synced as they came.
  if (!is_whole) TRY(complete_in_place(blobs_.files(), path, missing, size));
  return Assembled{path, size, std::nullopt};
}

}  // namespace trainyard::objects
