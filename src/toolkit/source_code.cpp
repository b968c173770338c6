#include "toolkit/source_code.hpp"

#include "os/files.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/extract.hpp"
#include "toolkit/s3_object.hpp"
#include "toolkit/tar_reader.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>

namespace trainyard::toolkit {
namespace {

namespace fs = std::filesystem;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<bool> is_empty(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("list " + path);
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  return true;
}

Failure failed(const std::error_code& error, const std::string& doing) {
  return fail_errno(doing, error.value());
}

// What symbolic links lead to is copied, not the links.
Result<> copy_directory(const std::string& from, const std::string& to) {
  std::error_code error;
  const fs::path source = fs::canonical(from, error), target = fs::weakly_canonical(to, error);
  if (source == target) return {};
  const auto [end, ignored] =
      std::mismatch(source.begin(), source.end(), target.begin(), target.end());
  if (end == source.end())
    return fail(ErrorKind::invalid, "InvalidLocation",
                "copy " + from + " to " + to + ": it would be copied into itself");
  fs::copy(source, target, fs::copy_options::recursive, error);
  if (error) return failed(error, "copy " + from + " to " + to);
  return {};
}

Result<bool> holds_tar(const std::string& path) {
  TarReader reader(TRY(Gunzip::open(TRY(os::open_file(path, O_RDONLY)), path)), path);
  return reader.next().has_value();
}

Result<> bring_local(const std::string& from, const std::string& code, const LogLines& log) {
  struct stat st{};
  if (::stat(from.c_str(), &st) != 0) return fail_errno("find the source code at " + from);
  if (S_ISDIR(st.st_mode)) return copy_directory(from, code);
  if (TRY(holds_tar(from)))
    return extract_archive(TRY(os::open_file(from, O_RDONLY)), from, code, log);
  std::error_code error;
  fs::copy_file(from, join_path(code, fs::path(from).filename().string()), error);
  if (error) return failed(error, "copy " + from + " to " + code);
  return {};
}

}  // namespace

Result<> bring_source_code(const std::string& uri, const std::string& code,
                           const Variables& variables, const Clock& clock, const LogLines& log) {
  if (!TRY(is_empty(code))) {
    log.info("Provided path: " + code + " is not empty, abandoning unzipping sourcedir.tar.gz");
    return {};
  }
  log.info("Provided path: " + code + "  is empty, unzipping");
  if (!uri.starts_with("s3://")) return bring_local(uri, code, log);
  const S3Location location = TRY(parse_s3_location(uri));
  auto file = download_object(location, variables, clock);
  if (!file) return in_context(file.error(), "download " + uri);
  return extract_archive(std::move(*file), uri, code, log);
}

}  // namespace trainyard::toolkit
