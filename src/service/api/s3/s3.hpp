#pragma once
/// The S3 API, as the front door sees it: signatures are verified there, everything else is here.
///
/// Path-style only: "/BUCKET/KEY". Answers and errors are those of the S3 API reference
/// (2006-03-01), codes and wording included.

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "base/settings.hpp"
#include "net/server.hpp"
#include "service/objects/blobs.hpp"
#include "service/objects/uploads.hpp"
#include "service/store/control.hpp"
#include "wire/http.hpp"
#include "wire/sign/verify.hpp"

#include <memory>
#include <string>

namespace trainyard::api {

/// What the operations work with; made once by serve.cpp.
struct S3Context {
  store::Control& control;
  store::Readers& readers;
  objects::Blobs& blobs;
  objects::Uploads& uploads;
  Pool& bodies;  ///< what reads bodies or copies contents
  Pool& reads;   ///< everything else that may block shortly
  std::string account;
  std::string default_region;
  const Clock& clock;
  const Settings& settings;  ///< tell of buckets that are not the store's own
};

/// Who asks, verified.
struct S3Caller {
  wire::Signature signature;
  std::string secret;  ///< of its key: chunks of a body may be signed with it
  std::string request_id;
  std::string region;  ///< of the signature's scope
  std::string arn;     ///< who it is
  std::string role;    ///< whose credentials of a job it has, or ""
};

/// Whether the body of this request is read as it comes. All others are buffered before handle_s3.
bool wants_body_stream(const wire::RequestHead& head);

/// Answers one request. Returns at once; any thread. When the body is not streamed it must have
/// been compared with the signature already; a streamed one is compared here, as it is read.
void handle_s3(S3Context& context, std::shared_ptr<net::Exchange> exchange, S3Caller caller);

/// Makes `sagemaker-<default region>-<account>` unless it is there. At start.
Result<> ensure_default_bucket(S3Context& context);

/// Removes what a crash left: at once what must not be there when requests come, beside them what
/// only takes space. At start.
Result<> clean_after_start(S3Context& context);

}  // namespace trainyard::api
