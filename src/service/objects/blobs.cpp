#include "service/objects/blobs.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::objects {
namespace {

constexpr unsigned fan_out = 256;
constexpr mode_t directory_mode = 0755, file_mode = 0644;

void log_failure(const char* what, const Result<>& outcome) {
  if (!outcome) log::warn(what, {{"error", outcome.error().message}});
}

Result<> make_directory(const os::Path& path, Owner owner) {
  TRY(os::make_directories(path, directory_mode));
  // Whatever the umask.
  if (::chmod(path.c_str(), directory_mode) != 0) return fail_errno("chmod " + path.string());
  if (::geteuid() == 0 && ::chown(path.c_str(), owner.uid, owner.gid) != 0)
    return fail_errno("chown " + path.string());
  return {};
}

}  // namespace

TempFile::~TempFile() {
  if (!path_.empty()) log_failure("a temporary file stays behind", files_->remove(path_));
}

Blobs::Blobs(os::Path root, Owner owner, FileSystem& files)
    : root_(std::move(root)), owner_(owner), files_(files) {}

Blobs::~Blobs() {
  sweeper_.stop();
}

Result<std::unique_ptr<Blobs>> Blobs::open(const os::Path& root, Owner owner, FileSystem& files) {
  std::unique_ptr<Blobs> blobs(new Blobs(root, owner, files));
  TRY(os::remove_tree(root / "tmp"));
  const bool is_new = ::access((root / "ff").c_str(), F_OK) != 0;
  TRY(make_directory(root / "tmp", owner));
  TRY(make_directory(root / "uploads", owner));
  if (!is_new) return blobs;
  TRY(os::make_directories(root));
  for (unsigned fan = 0; fan < fan_out; ++fan)
    TRY(make_directory(root / fmt::format("{:02x}", fan), owner));
  TRY(files.sync_directory(root));
  return blobs;
}

os::Path Blobs::temp_path() {
  const std::lock_guard lock(mutex_);
  return root_ / "tmp" / std::to_string(++temp_count_);
}

Result<os::Fd> Blobs::create_at(const os::Path& path) {
  os::Fd fd = TRY(files_.create(path));
  if (::fchmod(fd.get(), file_mode) != 0) return fail_errno("chmod " + path.string());
  if (::geteuid() == 0 && ::fchown(fd.get(), owner_.uid, owner_.gid) != 0)
    return fail_errno("chown " + path.string());
  return fd;
}

Result<TempFile> Blobs::create() {
  os::Path path = temp_path();
  return TempFile(TRY(create_at(path)), std::move(path), files_);
}

Blobs::Pin::Pin(Blobs& blobs, std::string name) : blobs_(blobs), name_(std::move(name)) {
  const std::lock_guard lock(blobs_.mutex_);
  ++blobs_.pins_[name_];
  blobs_.doomed_.erase(name_);
}

Blobs::Pin::~Pin() {
  const std::lock_guard lock(blobs_.mutex_);
  if (--blobs_.pins_[name_] == 0) blobs_.pins_.erase(name_);
}

Blobs::Hold::Hold(Blobs& blobs) : blobs_(blobs) {
  const std::lock_guard lock(blobs_.mutex_);
  ++blobs_.holds_;
}

Blobs::Hold::~Hold() {
  const std::lock_guard lock(blobs_.mutex_);
  --blobs_.holds_;
}

// A file of another size was not ours to trust (a damaged disk, a foreign hand): it is replaced.
Result<bool> Blobs::has_blob(const std::string& name, std::uint64_t size) const {
  struct stat st{};
  const os::Path path = path_of(name);
  if (::stat(path.c_str(), &st) == 0) return std::uint64_t(st.st_size) == size;
  if (errno == ENOENT) return false;
  return fail_errno("look for " + path.string());
}

Result<Blobs::PinPtr> Blobs::publish(TempFile file, const std::string& name) {
  auto pin = std::make_shared<const Pin>(*this, name);
  struct stat st{};
  if (::fstat(file.fd(), &st) != 0) return fail_errno("size of " + file.path().string());
  const os::Path to = path_of(name);
  if (!TRY(has_blob(name, std::uint64_t(st.st_size)))) {
    TRY(files_.sync(file.fd(), file.path()));
    TRY(files_.rename(file.path(), to));
    file.keep();
  }
  // Also where the file was there: who made it may not have come to this point yet.
  TRY(files_.sync_directory(to.parent_path()));
  return pin;
}

Result<Blobs::PinPtr> Blobs::publish_link(const os::Path& file, std::uint64_t size,
                                          const std::string& name) {
  auto pin = std::make_shared<const Pin>(*this, name);
  const os::Path to = path_of(name);
  if (!TRY(has_blob(name, size))) {
    const os::Path beside = temp_path();
    TRY(files_.link(file, beside));
    TRY(files_.rename(beside, to));
  }
  TRY(files_.sync_directory(to.parent_path()));
  return pin;
}

Result<os::Fd> Blobs::open_blob(const std::string& name, std::uint64_t size) const {
  const os::Path path = path_of(name);
  os::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT)
    return fail(ErrorKind::unavailable, blob_gone, "open " + path.string() + ": it is gone");
  if (!fd) return fail_errno("open " + path.string());
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0 || std::uint64_t(st.st_size) != size)
    return fail_internal(fmt::format("open {}: it has {} bytes and should have {}. The file was "
                                     "changed from outside; restore it or put the object again",
                                     path.string(), st.st_size, size));
  return fd;
}

std::string Blobs::relative_path(std::string_view name) {
  return fmt::format("{}/{}", name.substr(2, 2), name);
}

void Blobs::remove_unreferenced(const std::vector<std::string>& names) {
  const std::lock_guard lock(mutex_);
  for (const auto& name : names) {
    if (pins_.contains(name) || holds_ > 0 || !sweeper_.post([this, name] { remove_doomed(name); }))
      put_off_.insert(name);
    else
      doomed_.insert(name);
  }
}

void Blobs::remove_doomed(const std::string& name) {
  const os::Path away = temp_path();
  {
    const std::lock_guard lock(mutex_);
    if (doomed_.erase(name) == 0) return;  // somebody wants it again
    if (holds_ > 0) {
      put_off_.insert(name);
      return;
    }
    // The name goes under the lock, so that a pin is either before it or finds no file; the
    // content, which may take long, after it.
    if (const auto renamed = files_.rename(path_of(name), away); !renamed) {
      if (renamed.error().kind != ErrorKind::not_found) log_failure("a blob stays behind", renamed);
      return;
    }
  }
  log_failure("a blob stays behind", files_.remove(away));
}

void Blobs::put_off(std::vector<std::string> names) {
  const std::lock_guard lock(mutex_);
  put_off_.insert(names.begin(), names.end());
}

std::vector<std::string> Blobs::take_put_off() {
  const std::lock_guard lock(mutex_);
  if (holds_ > 0) return {};
  const auto taken = std::exchange(put_off_, {});
  return {taken.begin(), taken.end()};
}

void Blobs::remove_soon(std::vector<os::Path> paths) {
  if (paths.empty()) return;
  const auto remove = [this, paths = std::move(paths)] {
    for (const auto& path : paths)
      log_failure("a file stays behind", files_.remove(path));
  };
  if (!sweeper_.post(remove)) remove();
}

Result<std::vector<std::string>> Blobs::names_in(unsigned fan) const {
  auto names = TRY(os::list_directory(root_ / fmt::format("{:02x}", fan)));
  std::erase_if(names, [](const std::string& name) { return !is_blob_name(name); });
  return names;
}

bool is_blob_name(std::string_view name) {
  if (name.size() != 66 || (!name.starts_with("s-") && !name.starts_with("m-"))) return false;
  return std::all_of(name.begin() + 2, name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace trainyard::objects
