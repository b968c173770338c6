#include "agent/fast_file/object_file.hpp"

#include "agent/channels/verify.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace trainyard::agent {
namespace {

// Trying again would not mend it.
bool is_final(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::not_found ||
         error.kind == ErrorKind::invalid;
}

}  // namespace

Result<std::shared_ptr<ObjectFile>> ObjectFile::open(const wire::OriginObject& object,
                                                     Fetcher& fetcher,
                                                     std::shared_ptr<HeldBytes> held) {
  std::shared_ptr<ObjectFile> out(new ObjectFile(object, fetcher, std::move(held)));
  if (auto known = fetcher.cache().find(fetcher.name_of(object))) {
    out->file_ = std::move(*known);
    out->is_whole_ = true;
    return out;
  }
  out->file_ = TRY(fetcher.cache().create());
  if (::ftruncate(out->file_.get(), off_t(out->size())) != 0)
    return fail_errno("make a file for what is fetched");
  out->blocks_ = BlockMap(out->size());
  out->is_whole_ = out->size() == 0;
  return out;
}

ObjectFile::~ObjectFile() {
  if (held_bytes_ > 0) held_->subtract(held_bytes_);
}

std::optional<int> ObjectFile::whole() const {
  const std::lock_guard lock(mutex_);
  if (!is_whole_ || error_) return std::nullopt;
  return file_.get();
}

bool ObjectFile::is_there(Range range) const {
  return is_whole_ || blocks_.has(range);
}

// What nobody fetches yet, in parts, which the caller asks for.
std::vector<Range> ObjectFile::take_missing(Range range, bool urgent) {
  if (is_whole_ || range.is_empty()) return {};
  return blocks_.take(size() <= small_bytes ? Range{0, size()} : range, urgent);
}

void ObjectFile::read(Range range, Range ahead, Then then) {
  std::vector<Range> urgent, later;
  {
    const std::shared_lock stay(bytes_);
    std::optional<Error> error;
    {
      const std::lock_guard lock(mutex_);
      error = error_;
      if (!error) urgent = take_missing(range, true), later = take_missing(ahead, false);
      if (then && !error && (is_checking_ || !is_there(range)))
        waiters_.push_back({range, std::exchange(then, nullptr)});
    }
    if (then) then(error ? Result<int>(Failure(*error)) : Result<int>(file_.get()));
  }
  for (const auto& part : urgent)
    request(part, true);
  for (const auto& part : later)
    request(part, false);
}

void ObjectFile::request(Range part, bool urgent) {
  fetcher_.act_on(
      object_.Origin,
      [self = shared_from_this(), part, urgent](const auto& origin) {
        for (const Range& run : urgent ? std::vector{part} : self->begin_queued(part))
          self->fetch(run, origin);
      },
      urgent);
}

// Not what somebody who could not wait has fetched meanwhile, or does.
std::vector<Range> ObjectFile::begin_queued(Range part) {
  const std::lock_guard lock(mutex_);
  return blocks_.begin(part);
}

void ObjectFile::fetch(Range part, const Result<origin::Origin*>& origin) {
  const auto outcome = origin ? get(part, **origin) : Result<>(Failure(origin.error()));
  if (came(part, outcome)) end(complete(**origin));
}

Result<> ObjectFile::get(Range part, origin::Origin& origin) {
  const std::uint64_t length = part.end - part.begin;
  fetcher_.make_room(length);
  if (fetcher_.cache().lacks_room(length)) held_->let_go(length);
  const auto digest = TRY(origin.get(entry_of(object_), {part.begin, length}, file_.get()));
  if (digest && length == size()) TRY(verify(file_.get(), size(), *digest));
  return {};
}

// All of it has come. Those who wait for the last part wait for this, too.
Result<> ObjectFile::complete(origin::Origin& origin) {
  if (size() > small_bytes) {
    const auto head = TRY(origin.head(object_.Key));
    if (head.entry.etag != object_.ETag)
      return fail(ErrorKind::conflict, "PreconditionFailed", "it was changed since it was listed");
    if (head.digest) TRY(verify(file_.get(), size(), *head.digest));
  }
  return fetcher_.cache().keep(file_, fetcher_.name_of(object_));
}

std::string ObjectFile::name() const {
  return fmt::format("s3://{}/{}", object_.Origin, object_.Key);
}

std::string ObjectFile::doing() const {
  return "read " + name();
}

// True when it was the last part, and all are there: nobody has been told of this one yet.
bool ObjectFile::came(Range part, const Result<>& outcome) {
  std::vector<Waiter> hit;
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    blocks_.came(part, outcome.has_value());
    if (outcome) {
      held_->add(weak_from_this(), part);
      held_bytes_ += part.end - part.begin;
      if (blocks_.is_whole()) return is_checking_ = true;
    }
    if (!outcome) error = in_context(outcome.error(), doing()).value();
    if (error && is_final(*error)) error_ = error;
    for (auto& waiter : std::exchange(waiters_, {})) {
      const bool is_hit = waiter.range.begin < part.end && part.begin < waiter.range.end;
      (is_hit || error_ ? hit : waiters_).push_back(std::move(waiter));
    }
  }
  release(std::move(hit), error);
  held_->shed();
  return false;
}

// What is whole goes to the cache, which has bounds of its own. What could not be kept there stays
// what it was.
void ObjectFile::end(const Result<>& completed) {
  std::vector<Waiter> all;
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    all = std::exchange(waiters_, {});
    is_checking_ = false;
    is_whole_ = completed.has_value();
    if (is_whole_) held_->subtract(std::exchange(held_bytes_, 0));
    if (!completed) error = in_context(completed.error(), doing()).value();
    if (error && is_final(*error)) error_ = error;
  }
  if (error && !is_final(*error)) {
    log::warn("a fetched object is not kept", {{"error", error->message}});
    error.reset();
  }
  release(std::move(all), error);
  held_->shed();
}

// Whoever asks again is told, or asks for what was let go meanwhile.
void ObjectFile::release(std::vector<Waiter> waiters, const std::optional<Error>& error) {
  for (auto& waiter : waiters)
    if (error)
      waiter.then(Failure(*error));
    else
      read(waiter.range, {}, std::move(waiter.then));
}

void ObjectFile::drop(Range part) {
  const std::unique_lock none_reads(bytes_);
  const std::lock_guard lock(mutex_);
  if (is_whole_ || is_checking_) return;
  const std::vector<Range> gone = blocks_.drop(part);
  for (const auto& [begin, end] : gone)
    if (::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(begin),
                    off_t(end - begin)) != 0)
      log::warn("a part of a fetched object stays on the disk", {{"object", object_.Key}});
  held_bytes_ -= bytes_in(gone);
  held_->subtract(bytes_in(gone));
}

}  // namespace trainyard::agent
