#include "agent/channels/fetcher.hpp"

#include "agent/channels/verify.hpp"
#include "s3/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr std::size_t connections = 16;
constexpr std::uint64_t part_bytes = 16u << 20;
constexpr std::uint64_t trims_a_size = 16;  // so often while as much comes as the cache holds
constexpr Millis trim_pause{1000};          // between looks at a cache that can make no room

Error stopped() {
  return {ErrorKind::unavailable, s3::stopped_code, "told to stop"};
}

}  // namespace

class Fetcher::Fetch {
public:
  wire::OriginObject asked;
  Use use = Use::read;
  std::uint64_t number = 0;  // in the order of their beginning
  origin::Entry object;      // known once planned, as the next two
  std::string name;
  os::Fd file;
  std::optional<origin::Digest> digest;  // guarded, as all that follows
  std::uint64_t parts_left = 0;
  std::optional<Error> error;
  bool is_done = false;
};

struct Fetcher::Task {
  FetchPtr fetch;                         // none: `act`
  std::optional<origin::Part> part = {};  // none: to be planned
  std::string origin = {};
  Act act = {};
};

Fetcher::Fetcher(const wire::InstanceSpec& spec, ContentCache cache, Millis patience,
                 OpenOrigin open_origin)
    : cache_(std::move(cache)), cache_bytes_max_(std::uint64_t(spec.Cache.BytesMax)),
      patience_(patience), open_origin_(std::move(open_origin)) {
  for (const auto& origin : spec.Origins)
    specs_[origin.Name] = origin;
}

Result<std::unique_ptr<Fetcher>> Fetcher::start(const wire::InstanceSpec& spec, Millis patience,
                                                OpenOrigin open_origin) {
  const os::Owner owner{uid_t(spec.HostUid), gid_t(spec.HostGid)};
  auto cache = TRY(ContentCache::open(spec.Cache.Root, owner, std::uint64_t(spec.Cache.BytesMax)));
  std::unique_ptr<Fetcher> out(
      new Fetcher(spec, std::move(cache), patience, std::move(open_origin)));
  out->over_ = TRY(os::Event::make());
  for (std::size_t n = 0; n < connections; ++n)
    out->threads_.emplace_back([f = out.get()] { f->work(); });
  return out;
}

void Fetcher::stop() {
  const std::lock_guard lock(mutex_);
  over_.raise();
  work_to_do_.notify_all();
}

Fetcher::~Fetcher() {
  stop();
  for (auto& thread : threads_)
    thread.join();
}

s3::Retry Fetcher::retry() const {
  return s3::retry_until(over_.fd(), {.total = patience_});
}

Fetcher::FetchPtr Fetcher::begin(const wire::OriginObject& object, Use use) {
  auto fetch = std::make_shared<Fetch>();
  fetch->asked = object;
  fetch->use = use;
  const std::lock_guard lock(mutex_);
  if (is_over()) {  // nobody works any more
    fetch->error = stopped();
    fetch->is_done = true;
    return fetch;
  }
  fetch->number = begun_++;
  tasks_.emplace(std::pair(fetch->number, 0), Task{fetch});
  work_to_do_.notify_one();
  return fetch;
}

Result<int> Fetcher::wait(const FetchPtr& fetch) {
  std::unique_lock lock(mutex_);
  something_done_.wait(lock, [&] { return fetch->is_done; });
  if (!fetch->error) return fetch->file.get();
  return in_context(*fetch->error,
                    fmt::format("fetch s3://{}/{}", fetch->asked.Origin, fetch->asked.Key));
}

const std::string& Fetcher::name(const FetchPtr& fetch) {
  return fetch->name;
}

void Fetcher::work() {
  Origins origins;
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      work_to_do_.wait(lock, [&] { return is_over() || !urgent_.empty() || !tasks_.empty(); });
      if (!urgent_.empty()) {
        task = std::move(urgent_.front());
        urgent_.pop_front();
      } else {
        if (tasks_.empty()) return;
        task = std::move(tasks_.extract(tasks_.begin()).mapped());
      }
    }
    run(task, origins);
  }
}

void Fetcher::act_on(const std::string& origin, Act act, bool urgent) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_over()) {
      Task task{nullptr, {}, origin, std::move(act)};
      if (urgent)
        urgent_.push_back(std::move(task));
      else
        tasks_.emplace(std::pair(begun_++, 0), std::move(task));
      work_to_do_.notify_one();
      return;
    }
  }
  act(Failure(stopped()));
}

std::string Fetcher::name_of(const wire::OriginObject& object) const {
  return origin::identity(specs_.at(object.Origin), entry_of(object));
}

void Fetcher::run(const Task& task, Origins& origins) {
  if (task.fetch) return fetch(task, origins);
  task.act(open(task.origin, origins));
}

void Fetcher::fetch(const Task& task, Origins& origins) {
  Fetch& fetch = *task.fetch;
  const auto with_origin = [&](const auto& act) -> Result<bool> {
    return act(*TRY(open(fetch.asked.Origin, origins)));
  };
  if (task.part) {
    if (has_failed(fetch)) return end_part(fetch, true);
    const auto got = with_origin([&](origin::Origin& origin) -> Result<bool> {
      TRY(get(fetch, origin, *task.part));
      return true;
    });
    return end_part(fetch, got);
  }
  const auto is_complete =
      with_origin([&](origin::Origin& origin) { return plan(task.fetch, origin); });
  if (!is_complete || *is_complete) end(fetch, is_complete);
}

bool Fetcher::has_failed(const Fetch& fetch) {
  const std::lock_guard lock(mutex_);
  return fetch.error.has_value();
}

void Fetcher::end_part(Fetch& fetch, const Result<bool>& got) {
  bool is_good = false;
  {
    const std::lock_guard lock(mutex_);
    if (!got && !fetch.error) fetch.error = got.error();
    if (--fetch.parts_left > 0) return;
    is_good = !fetch.error;
  }
  end(fetch, is_good ? complete(fetch) : Result<bool>(true));
}

Result<origin::Origin*> Fetcher::open(const std::string& name, Origins& origins) {
  if (is_over()) return Failure(stopped());
  auto& known = origins[name];
  if (known) return known.get();
  const auto spec = specs_.find(name);
  if (spec == specs_.end()) return fail_internal("the agent was not told of the bucket " + name);
  known = TRY(open_origin_(spec->second, retry()));
  return known.get();
}

Result<bool> Fetcher::plan(const FetchPtr& fetch, origin::Origin& origin) {
  const auto& asked = fetch->asked;
  if (fetch->use == Use::read) {
    if (auto own = TRY(origin.open(entry_of(asked)))) {
      fetch->file = std::move(*own);
      return true;
    }
  }
  auto& object = fetch->object;
  object = entry_of(asked);
  const bool has_parts = object.size > part_bytes;
  std::optional<origin::Digest> digest;
  if (asked.Size < 0 || asked.ETag.empty() || has_parts) {
    auto head = TRY(origin.head(asked.Key));
    if (head.entry.etag.empty())
      return fail(ErrorKind::invalid, "ValidationException",
                  "its ETag is not told, which is what distinguishes it from another version");
    if (!asked.ETag.empty() && head.entry.etag != asked.ETag)
      return fail(ErrorKind::conflict, "PreconditionFailed", "it was changed since it was listed");
    object = std::move(head.entry);
    digest = std::move(head.digest);
  }
  fetch->name = origin::identity(specs_.at(asked.Origin), object);
  if (auto known = cache_.find(fetch->name)) {
    fetch->file = std::move(*known);
    bytes_ += object.size;
    return true;
  }
  make_room(object.size);
  fetch->file = TRY(cache_.create());
  if (object.size <= part_bytes) {
    TRY(get(*fetch, origin, {0, object.size}));
    return complete(*fetch);
  }
  if (::ftruncate(fetch->file.get(), off_t(object.size)) != 0)
    return fail_errno("make room for what is fetched");
  const std::lock_guard lock(mutex_);
  fetch->digest = std::move(digest);
  for (std::uint64_t at = 0; at < object.size; at += part_bytes, ++fetch->parts_left)
    tasks_.emplace(std::pair(fetch->number, at),
                   Task{fetch, origin::Part{at, std::min(part_bytes, object.size - at)}});
  work_to_do_.notify_all();
  return false;
}

// Of the cache, where the disk or the cache's size has none: one thread looks, now and then.
void Fetcher::make_room(std::uint64_t bytes) {
  const std::lock_guard lock(room_mutex_);
  since_trim_ += bytes;
  const Millis now = system_clock().boottime();
  const bool lacks = now - last_trim_ >= trim_pause && cache_.lacks_room(bytes);
  if (since_trim_ < cache_bytes_max_ / trims_a_size && !lacks) return;
  cache_.make_room(bytes);
  since_trim_ = 0;
  last_trim_ = now;
}

Result<> Fetcher::get(Fetch& fetch, origin::Origin& origin, origin::Part part) {
  auto digest = TRY(origin.get(fetch.object, part, fetch.file.get()));
  bytes_ += part.length;
  if (!digest) return {};
  const std::lock_guard lock(mutex_);
  fetch.digest = std::move(digest);
  return {};
}

Result<bool> Fetcher::complete(Fetch& fetch) {
  if (fetch.digest) TRY(verify(fetch.file.get(), fetch.object.size, *fetch.digest));
  TRY(cache_.keep(fetch.file, fetch.name));
  return true;
}

void Fetcher::end(Fetch& fetch, const Result<bool>& outcome) {
  const std::lock_guard lock(mutex_);
  if (!outcome && !fetch.error) fetch.error = outcome.error();
  fetch.is_done = true;
  something_done_.notify_all();
}

}  // namespace trainyard::agent
