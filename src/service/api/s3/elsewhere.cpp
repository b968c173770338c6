#include "service/api/s3/elsewhere.hpp"

#include "origin/buckets.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/listing.hpp"
#include "service/api/s3/object_answer.hpp"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <sys/mman.h>

namespace trainyard::api {
namespace {

using S3Answer = Result<wire::Response>;

// Up to this an answer waits in memory until all of it has come, beyond it on the disk.
constexpr std::uint64_t memory_bytes_max = 1u << 20;

Result<std::unique_ptr<origin::Origin>> open(S3Context& context, const S3Call& call) {
  return origin::open_elsewhere(context.settings, call.bucket);
}

S3Answer bucket_region(S3Context& context, const S3Call&) {
  return region_answer(context.default_region);
}
S3Answer bucket_location(S3Context& context, const S3Call&) {
  return location_answer(context.default_region);
}

std::string bare_etag(std::string_view etag) {
  if (etag.starts_with('"')) etag.remove_prefix(1);
  if (etag.ends_with('"')) etag.remove_suffix(1);
  return std::string(etag);
}

// `from` names the first key that may show: one behind another, as store::after_key() makes it.
std::string after_of(std::string from) {
  if (from.ends_with('\0')) from.pop_back();
  return from;
}

Result<store::ListPage> find_page(S3Context& context, const S3Call& call,
                                  const store::ListQuery& query) {
  store::ListPage page;
  if (query.limit == 0) return page;
  const auto origin = TRY(open(context, call));
  std::int64_t count = 0;
  bool has_more = false;
  const auto take = [&](origin::Entry entry) -> Result<bool> {
    if (count++ == query.limit) return has_more = true, false;
    page.last = entry.key;
    page.next = entry.key + (entry.is_prefix ? origin::last_of_all : "") + '\0';
    if (entry.is_prefix)
      page.prefixes.push_back(std::move(entry.key));
    else
      page.objects.push_back(
          {std::move(entry.key), bare_etag(entry.etag), std::int64_t(entry.size), entry.modified});
    return true;
  };
  TRY(origin->list({query.prefix, query.delimiter, after_of(query.from)}, take));
  if (!has_more) page.next.clear();
  return page;
}

S3Answer list_v1(S3Context& context, const S3Call& call) {
  return answer_list_v1(call, [&](const auto& query) { return find_page(context, call, query); });
}
S3Answer list_v2(S3Context& context, const S3Call& call) {
  return answer_list_v2(call, [&](const auto& query) { return find_page(context, call, query); });
}

struct Found {
  std::unique_ptr<origin::Origin> origin;
  origin::Entry entry;
  Stretch stretch;
  wire::Response answer;
};

Result<Found> find(S3Context& context, const S3Call& call) {
  Found out;
  out.origin = TRY(open(context, call));
  auto head = out.origin->head(call.key);
  if (!head && head.error().kind == ErrorKind::not_found) return no_such_key();
  if (!head) return Failure(head.error());
  out.entry = std::move(head->entry);
  const store::ObjectRow row{
      call.bucket, call.key,          "", std::int64_t(out.entry.size), bare_etag(out.entry.etag),
      "{}",        out.entry.modified};
  out.answer = TRY(object_answer(call, row, out.stretch));
  return out;
}

S3Answer head(S3Context& context, const S3Call& call) {
  Found found = TRY(find(context, call));
  if (found.answer.status < 300) found.answer.content_length = found.stretch.length;
  return std::move(found.answer);
}

// A file of what was asked for, at the place where it is in the object.
Result<os::Fd> fetch(S3Context& context, Found& found) {
  if (auto own = TRY(found.origin->open(found.entry))) return std::move(*own);
  const auto [offset, length] = found.stretch;
  os::Fd file = length <= memory_bytes_max
                    ? os::Fd(::memfd_create("object", MFD_CLOEXEC))
                    : TRY(os::open_file(context.blobs.root() / "tmp", O_TMPFILE | O_RDWR));
  if (!file) return fail_errno("make a file in memory");
  TRY(found.origin->get(found.entry, {offset, length}, file.get()));
  return file;
}

S3Answer get(S3Context& context, const S3Call& call) {
  Found found = TRY(find(context, call));
  if (found.answer.status >= 300) return std::move(found.answer);
  auto file = std::make_shared<const os::Fd>(TRY(fetch(context, found)));
  const int fd = file->get();
  found.answer.body =
      wire::FileBody{std::move(file), fd, found.stretch.offset, found.stretch.length};
  return std::move(found.answer);
}

struct Answer {
  std::string_view operation;
  S3Answer (*function)(S3Context&, const S3Call&);
};
constexpr std::array<Answer, 6> answers{{
    {"HeadBucket", bucket_region},
    {"GetBucketLocation", bucket_location},
    {"ListObjectsV2", list_v2},
    {"ListObjects", list_v1},
    {"HeadObject", head},
    {"GetObject", get},
}};

}  // namespace

Result<wire::Response> answer_elsewhere(S3Context& context, const S3Call& call,
                                        std::string_view operation) {
  for (const auto& [name, function] : answers)
    if (name == operation) return function(context, call);
  return fail(
      ErrorKind::denied, "AccessDenied",
      fmt::format("The bucket {0} is not the store's own but [buckets.{0}] of the settings, "
                  "and is only read: {1} is not offered there.",
                  call.bucket, operation));
}

}  // namespace trainyard::api
