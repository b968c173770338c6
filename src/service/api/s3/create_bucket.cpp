// PUT /BUCKET                                          ->  200
// <CreateBucketConfiguration><LocationConstraint>          Location: /BUCKET
// eu-west-1</LocationConstraint></CreateBucketConfiguration>

#include "base/region.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "wire/xml.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t body_bytes_max = 64u << 10;

Result<std::string> location(const S3Call& call) {
  if (call.exchange->body().empty()) return call.caller.region;
  const auto document = wire::parse_xml(call.exchange->body(), body_bytes_max);
  if (!document) return malformed_xml();
  std::string named =
      document->child("CreateBucketConfiguration").child_value("LocationConstraint");
  if (named.empty()) return call.caller.region;
  if (named == "EU") return "eu-west-1";  // its name of old
  if (!looks_like_region(named))
    return bad_request("InvalidLocationConstraint",
                       "The specified location-constraint is not valid");
  return named;
}

}  // namespace

Result<Change> create_bucket(S3Context&, const S3Call& call) {
  TRY(check_bucket_name(call.bucket));
  const std::string region = TRY(location(call));
  Change change;
  change.write = [call, region](store::Txn& txn) -> Result<Changed> {
    const bool is_new = TRY(store::insert_bucket(txn, {call.bucket, region, txn.now()}));
    // S3 answers a repeated call with success in its oldest region alone.
    if (!is_new && region != "us-east-1")
      return fail(ErrorKind::conflict, "BucketAlreadyOwnedByYou",
                  "Your previous request to create the named bucket succeeded and you already own "
                  "it.");
    Changed out;
    out.response.headers.add("Location", "/" + call.bucket);
    return out;
  };
  return change;
}

}  // namespace trainyard::api
