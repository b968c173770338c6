#include "toolkit/source_code.hpp"

#include "os/files.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/copy_tree.hpp"
#include "toolkit/directory.hpp"
#include "toolkit/extract.hpp"
#include "toolkit/s3_object.hpp"
#include "toolkit/tar_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace trainyard::toolkit {
namespace {

Result<> bring_directory(const std::string& from, const std::string& code) {
  const std::string source = real_path(from), target = real_path(code);
  if (source == target) return {};
  if (target.starts_with(source + "/"))
    return fail(ErrorKind::invalid, "InvalidLocation",
                "copy " + from + " to " + code + ": it would be copied into itself");
  return copy_tree(source, target);
}

Result<bool> holds_tar(const std::string& path) {
  TarReader reader(TRY(Gunzip::open(TRY(os::open_file(path, O_RDONLY)), path)), path);
  return reader.next().has_value();
}

Result<> bring_local(const std::string& from, const std::string& code, const LogLines& log) {
  struct stat st{};
  if (::stat(from.c_str(), &st) != 0) return fail_errno("find the source code at " + from);
  if (S_ISDIR(st.st_mode)) return bring_directory(from, code);
  if (TRY(holds_tar(from)))
    return extract_archive(TRY(os::open_file(from, O_RDONLY)), from, code, log);
  return copy_file(from, join_path(code, from.substr(from.rfind('/') + 1)));
}

}  // namespace

Result<> bring_source_code(const std::string& uri, const std::string& code,
                           const Variables& variables, const Clock& clock, const LogLines& log) {
  if (!TRY(os::list_directory(code)).empty()) {
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
