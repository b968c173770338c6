#include "service/objects/uploads.hpp"

#include "base/id.hpp"
#include "service/objects/upload_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::objects {
namespace {

constexpr std::size_t states_max = 1000;
// ext4's largest file is 16 TiB: what lies further out gets a file of its own.
constexpr std::uint64_t slots_end_max = 8ull << 40;

Failure no_such_upload() {
  return fail(ErrorKind::not_found, "NoSuchUpload",
              "The specified upload does not exist. The upload ID may be invalid, or the upload "
              "may have been aborted or completed.");
}

bool fits_slot(std::uint64_t slot_size, std::int64_t n, std::uint64_t size) {
  return size > 0 && size <= slot_size &&
         std::uint64_t(n) <= slots_end_max / std::max<std::uint64_t>(slot_size, 1);
}

}  // namespace

std::string slot_file_name(const std::string& id, std::uint64_t slot_size) {
  return fmt::format("{}.{}", id, slot_size);
}

std::optional<std::uint64_t> slot_size_of(const std::string& id, std::string_view file) {
  if (!file.starts_with(id) || file.size() < id.size() + 2) return std::nullopt;
  const std::string_view digits = file.substr(id.size() + 1);
  std::uint64_t size = 0;
  const auto [end, ec] = std::from_chars(digits.begin(), digits.end(), size);
  if (ec != std::errc() || end != digits.end() || size == 0) return std::nullopt;
  return size;
}

Uploads::Place::Place(Uploads& uploads, std::shared_ptr<State> state, std::int64_t n)
    : uploads_(uploads), state_(std::move(state)), n_(n) {}

Uploads::Place::~Place() {
  if (!file_.empty()) uploads_.free(*this);
}

os::Path Uploads::Place::path() const {
  return uploads_.path_of(file_);
}

void Uploads::Place::committed(const std::optional<store::PartRow>& before) {
  is_committed_ = true;
  if (!before || before->file == file_ || slot_size_of(state_->id, before->file)) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->files.erase(before->file);
  }
  uploads_.blobs_.remove_soon({uploads_.path_of(before->file)});
}

Uploads::Completion::~Completion() {
  const std::lock_guard lock(state_->mutex);
  state_->is_completing = false;
}

std::shared_ptr<Uploads::State> Uploads::state_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto it = states_.find(id); it != states_.end()) return it->second;
  if (states_.size() >= states_max)
    std::erase_if(states_, [](const auto& entry) { return entry.second.use_count() == 1; });
  auto state = std::make_shared<State>();
  state->id = id;
  states_.emplace(id, state);
  return state;
}

// Rows are the whole truth here: who is still writing holds the state, so it would not be new.
Result<> Uploads::load(State& state) {
  if (state.is_removed) return no_such_upload();
  if (state.is_loaded) return {};
  const auto rows =
      TRY(readers_.read([&](store::Snapshot& s) { return store::parts_of(s, state.id); }));
  for (const auto& row : rows) {
    state.files.insert(row.file);
    const auto slot_size = slot_size_of(state.id, row.file);
    if (!slot_size) continue;
    SlotFile& slots = state.slots[*slot_size];
    slots.taken.insert(row.n);
    if (row.n == 1 || slots.taken.size() == 2) state.slot_size = *slot_size;
  }
  for (auto& [slot_size, slots] : state.slots) {
    struct stat st{};
    const os::Path path = path_of(slot_file_name(state.id, slot_size));
    if (::stat(path.c_str(), &st) != 0) return fail_errno("look at " + path.string());
    slots.is_sealed = st.st_nlink > 1;
  }
  state.is_loaded = true;
  return {};
}

Result<std::shared_ptr<Uploads::Place>> Uploads::place(const std::string& id, std::int64_t n,
                                                       std::uint64_t size) {
  const auto state = state_of(id);
  auto place = std::make_shared<Place>(*this, state, n);
  const std::lock_guard lock(state->mutex);
  TRY(load(*state));
  if (state->slot_size == 0 && (n == 1 || state->slots.contains(size))) state->slot_size = size;
  const std::uint64_t slot_size = state->slot_size != 0 ? state->slot_size : size;
  const SlotFile& slots = state->slots[slot_size];
  const bool is_free = !state->is_completing && !slots.is_sealed && !slots.taken.contains(n);
  if (is_free && fits_slot(slot_size, n, size))
    TRY(take_slot(*state, *place, slot_size));
  else
    TRY(take_own_file(*state, *place));
  state->files.insert(place->file_);
  return place;
}

Result<> Uploads::take_slot(State& state, Place& place, std::uint64_t slot_size) {
  const std::string file = slot_file_name(state.id, slot_size);
  const os::Path path = path_of(file);
  place.fd_.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!place.fd_) {
    place.fd_ = TRY(blobs_.create_at(path));
    if (auto synced = blobs_.files().sync_directory(blobs_.uploads()); !synced) {
      TRY(blobs_.files().remove(path));  // one that is found later counts as lasting
      return synced;
    }
  }
  SlotFile& slots = state.slots[slot_size];
  slots.taken.insert(place.n_);
  ++slots.writing;
  place.file_ = file;
  place.is_slot_ = true;
  place.slot_size_ = slot_size;
  place.at_ = std::uint64_t(place.n_ - 1) * slot_size;
  return {};
}

Result<> Uploads::take_own_file(State& state, Place& place) {
  const std::string file = fmt::format("{}.p{}-{}", state.id, place.n_, random_hex(8));
  place.fd_ = TRY(blobs_.create_at(path_of(file)));
  place.file_ = file;
  return blobs_.files().sync_directory(blobs_.uploads());
}

void Uploads::free(Place& place) {
  State& state = *place.state_;
  bool is_over = place.is_gone_;
  {
    const std::lock_guard lock(state.mutex);
    is_over = is_over || state.is_removed;
    if (place.is_slot_) {
      SlotFile& slots = state.slots[place.slot_size_];
      --slots.writing;
      if (!place.is_committed_) slots.taken.erase(place.n_);
    }
    if (!place.is_slot_ && !place.is_committed_) state.files.erase(place.file_);
  }
  if (is_over || (!place.is_slot_ && !place.is_committed_))
    blobs_.remove_soon({path_of(place.file_)});
}

Result<std::shared_ptr<Uploads::Completion>> Uploads::begin_completion(const std::string& id) {
  const auto state = state_of(id);
  const std::lock_guard lock(state->mutex);
  TRY(load(*state));
  if (state->is_completing)
    return fail(ErrorKind::conflict, "OperationAborted",
                "A conflicting conditional operation is currently in progress against this "
                "resource. Please try again.");
  state->is_completing = true;
  state->was_quiet = std::all_of(state->slots.begin(), state->slots.end(),
                                 [](const auto& entry) { return entry.second.writing == 0; });
  return std::make_shared<Completion>(state);
}

void Uploads::remove(const std::string& id, const std::vector<std::string>& files) {
  std::shared_ptr<State> state;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = states_.find(id); it != states_.end()) {
      state = it->second;
      states_.erase(it);
    }
  }
  std::set<std::string> names(files.begin(), files.end());
  if (state) {
    const std::lock_guard lock(state->mutex);
    state->is_removed = true;
    names.merge(state->files);
  }
  std::vector<os::Path> paths;
  for (const auto& name : names)
    paths.push_back(path_of(name));
  blobs_.remove_soon(std::move(paths));
}

Result<> Uploads::remove_unreferenced() {
  const auto wanted = TRY(readers_.read(store::part_files));
  for (const auto& name : TRY(os::list_directory(blobs_.uploads())))
    if (!std::binary_search(wanted.begin(), wanted.end(), name))
      TRY(blobs_.files().remove(path_of(name)));
  return {};
}

}  // namespace trainyard::objects
