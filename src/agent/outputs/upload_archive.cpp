#include "agent/outputs/upload_archive.hpp"

#include "agent/outputs/upload_file.hpp"

namespace trainyard::agent {
namespace {

/// No directory where there should be one is the job's doing: it has nothing to upload then.
Result<os::Fd> open_or_note(const JobDirectory& directory, Notes& notes) {
  auto opened = open_job_directory(directory.trusted, directory.below);
  if (opened || opened.error().kind != ErrorKind::not_found) return opened;
  notes.add(".", "is no directory (any more): nothing is uploaded of it");
  return os::Fd();
}

Result<UploadReport> pack_into(s3::Client& client, const os::Fd& directory, const s3::Location& to,
                               std::uint64_t expected_bytes, const PackOptions& options) {
  s3::Upload upload(client, to, s3::part_bytes_for(expected_bytes));
  const auto sink = [&](std::span<const char> bytes) { return upload.write(bytes); };
  ArchiveReport packed = TRY(pack_directory(directory, sink, options));
  TRY(upload.finish());
  return UploadReport{1, packed.archive_bytes, std::move(packed.notes)};
}

}  // namespace

Result<UploadReport> upload_archive(s3::Client& client, const JobDirectory& directory,
                                    const s3::Location& to, WhenEmpty when_empty,
                                    const PackOptions& options) {
  Notes notes;
  const os::Fd root = TRY(open_or_note(directory, notes));
  const TreeSize size = TRY(tree_size(root, options.limits));
  if (size.entries == 0 && when_empty == WhenEmpty::leave) return UploadReport{0, 0, notes};
  // Headers and what deflate adds to data that does not compress: less than a fiftieth.
  const std::uint64_t expected_bytes = size.bytes + size.bytes / 50 + size.entries * 1024;
  for (int tries = 1;; ++tries) {
    auto done = pack_into(client, root, to, expected_bytes, options);
    if (!done && tries < upload_tries_max && upload_was_dropped(done.error())) continue;
    if (done) done->notes.add_all(notes);
    return done;
  }
}

Result<UploadReport> upload_files(s3::Client& client, const JobDirectory& directory,
                                  const s3::Location& to, std::uint64_t bytes_max,
                                  const TreeLimits& limits) {
  UploadReport report;
  const os::Fd root = TRY(open_or_note(directory, report.notes));
  if (!root) return report;
  if (TRY(tree_size(root, limits)).length > bytes_max) return too_large(bytes_max);
  const s3::Location base = s3::as_directory(to);
  TRY(walk_tree(root, limits, report.notes, [&](const TreeEntry& entry) -> Result<> {
    if (S_ISDIR(entry.status.st_mode)) return {};
    const s3::Location object{base.bucket, base.key + entry.path};
    const auto file = open_for_upload(entry, object.key, report.notes);
    if (!file) return {};
    const auto size = static_cast<std::uint64_t>(file->status.st_size);
    const auto done = upload_file(client, file->fd.get(), size, object);
    if (!done && file_was_unreadable(done.error())) {
      report.notes.add(entry.path, done.error().message + ": left out");
      return {};
    }
    if (!done) return Failure(done.error());
    ++report.objects;
    report.bytes += size;
    return {};
  }));
  return report;
}

}  // namespace trainyard::agent
