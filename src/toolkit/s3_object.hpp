#pragma once
/// One S3 object into a file, as boto3 would fetch it: endpoint, region and credentials out of the
/// variables that SDKs read.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "toolkit/variables.hpp"
#include "wire/sign/signer.hpp"

#include <string>
#include <string_view>

namespace trainyard::toolkit {

struct S3Location {
  std::string bucket, key;
};
/// "s3://BUCKET/KEY"
Result<S3Location> parse_s3_location(std::string_view uri);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; else what
/// AWS_CONTAINER_CREDENTIALS_FULL_URI (or _RELATIVE_URI) answers.
Result<wire::Credentials> find_credentials(const Variables& variables);

/// The object's bytes in a file without a name, read from its start. Signed, path style, from
/// S3_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, whichever is set first. Failures that
/// may pass are tried again, four times in all.
Result<os::Fd> download_object(const S3Location& from, const Variables& variables,
                               const Clock& clock);

}  // namespace trainyard::toolkit
