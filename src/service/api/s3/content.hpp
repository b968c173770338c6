#pragma once
/// From an object's row to its content: the row may be replaced, and the content removed, between
/// the two.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "service/api/s3/operation.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/objects.hpp"

namespace trainyard::api {

/// Opens it for reading. Code objects::blob_gone where the row is not what it was: read it anew. An
/// internal error, which says so, where the content is missing and its row is not.
Result<os::Fd> open_content(S3Context& context, const store::ObjectRow& object);

/// What `work(Snapshot&)` returns, done again where it met a row that was replaced meanwhile.
template <class F>
auto read_contents(S3Context& context, F work) -> decltype(work(std::declval<store::Snapshot&>())) {
  constexpr int reads_max = 8;  // of a row whose content is replaced again and again
  for (int n = 1; n <= reads_max; ++n) {
    auto outcome = context.readers.read(work);
    if (outcome || outcome.error().code != objects::blob_gone) return outcome;
  }
  return fail(ErrorKind::unavailable, "SlowDown", "Please reduce your request rate.");
}

}  // namespace trainyard::api
