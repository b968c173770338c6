#include "service/api/s3/operations.hpp"

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::api {
namespace {

constexpr auto service = S3Operation::Scope::service;
constexpr auto bucket = S3Operation::Scope::bucket;
constexpr auto object = S3Operation::Scope::object;
constexpr auto reads = S3Operation::Place::reads;
constexpr auto bodies = S3Operation::Place::bodies;

// Every operation that is offered, one line each.
constexpr S3Operation operations[] = {
    {"ListBuckets", "GET", service, "", "", list_buckets},
    {"HeadBucket", "HEAD", bucket, "", "", head_bucket},
    {"GetBucketLocation", "GET", bucket, "location", "", get_bucket_location},
    {"ListMultipartUploads", "GET", bucket, "uploads", "", list_multipart_uploads},
    {"GetBucketVersioning", "GET", bucket, "versioning", "", not_configured},
    {"GetBucketAccelerateConfiguration", "GET", bucket, "accelerate", "", not_configured},
    {"GetBucketAcl", "GET", bucket, "acl", "", not_configured},
    {"GetBucketCors", "GET", bucket, "cors", "", not_configured},
    {"GetBucketEncryption", "GET", bucket, "encryption", "", not_configured},
    {"GetBucketLifecycleConfiguration", "GET", bucket, "lifecycle", "", not_configured},
    {"GetBucketLogging", "GET", bucket, "logging", "", not_configured},
    {"GetBucketNotificationConfiguration", "GET", bucket, "notification", "", not_configured},
    {"GetObjectLockConfiguration", "GET", bucket, "object-lock", "", not_configured},
    {"GetBucketOwnershipControls", "GET", bucket, "ownershipControls", "", not_configured},
    {"GetBucketPolicy", "GET", bucket, "policy", "", not_configured},
    {"GetPublicAccessBlock", "GET", bucket, "publicAccessBlock", "", not_configured},
    {"GetBucketReplication", "GET", bucket, "replication", "", not_configured},
    {"GetBucketRequestPayment", "GET", bucket, "requestPayment", "", not_configured},
    {"GetBucketTagging", "GET", bucket, "tagging", "", not_configured},
    {"GetBucketWebsite", "GET", bucket, "website", "", not_configured},
    {"ListObjectsV2", "GET", bucket, "list-type", "", list_objects_v2},
    {"ListObjects", "GET", bucket, "", "", list_objects_v1},
    {"CreateBucket", "PUT", bucket, "", "", nullptr, create_bucket},
    {"DeleteBucket", "DELETE", bucket, "", "", nullptr, delete_bucket},
    {"DeleteObjects", "POST", bucket, "delete", "", nullptr, delete_objects},
    {"HeadObject", "HEAD", object, "", "", head_object},
    {"ListParts", "GET", object, "uploadId", "", list_parts},
    {"GetObjectAcl", "GET", object, "acl", "", not_configured},
    {"GetObjectTagging", "GET", object, "tagging", "", not_configured},
    {"GetObject", "GET", object, "", "", get_object},
    {"UploadPartCopy", "PUT", object, "uploadId", "x-amz-copy-source", nullptr, upload_part_copy,
     bodies},
    {"UploadPart", "PUT", object, "uploadId", "", nullptr, upload_part, bodies, true},
    {"CopyObject", "PUT", object, "", "x-amz-copy-source", nullptr, copy_object},
    {"PutObject", "PUT", object, "", "", nullptr, put_object, bodies, true},
    {"CreateMultipartUpload", "POST", object, "uploads", "", nullptr, create_multipart_upload},
    {"CompleteMultipartUpload", "POST", object, "uploadId", "", nullptr, complete_multipart_upload,
     bodies},
    {"AbortMultipartUpload", "DELETE", object, "uploadId", "", nullptr, abort_multipart_upload},
    {"DeleteObject", "DELETE", object, "", "", nullptr, delete_object, reads},
};

// Sub-resources that S3 has and this store does not. A request for one must not be taken for the
// plain operation on the same path.
constexpr std::string_view not_offered[] = {
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "replication",
    "publicAccessBlock",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "versioning",
    "versions",
    "website",
    "renameObject",
    "metadataTable",
    "metadataConfiguration",
};

bool fits(const S3Operation& o, const wire::RequestHead& head, S3Operation::Scope scope,
          const wire::Query& query) {
  return o.method == head.method && o.scope == scope &&
         (o.query_marker.empty() || query.has(o.query_marker)) &&
         (o.header_marker.empty() || head.headers.find(o.header_marker));
}

Failure not_implemented(std::string_view what) {
  return fail(ErrorKind::invalid, "NotImplemented",
              fmt::format("{} is not offered by Trainyard's object store. It offers: buckets, "
                          "listings, objects, multipart uploads and copies.",
                          what));
}

Result<> check_version_of(const S3Operation& operation, std::string_view id) {
  const bool is_of_object = operation.scope == object && operation.query_marker.empty();
  if (is_of_object && operation.method != "PUT") return check_version(id);
  return bad_request("InvalidArgument", "This operation does not accept a version-id.");
}

}  // namespace

Result<const S3Operation*> find_s3_operation(const wire::RequestHead& head,
                                             S3Operation::Scope scope, const wire::Query& query) {
  const auto* it = std::find_if(std::begin(operations), std::end(operations),
                                [&](const auto& o) { return fits(o, head, scope, query); });
  if (it == std::end(operations) || it->query_marker.empty())
    for (const std::string_view name : not_offered)
      if (query.has(name))
        return not_implemented(fmt::format("{} of the sub-resource ?{}", head.method, name));
  if (it == std::end(operations))
    return fail(ErrorKind::invalid, "MethodNotAllowed",
                "The specified method is not allowed against this resource.");
  // What picks another operation on the same path, but not with this method.
  for (const std::string_view marker : {"uploads", "uploadId", "partNumber", "delete", "location"})
    if (query.has(marker) && it->query_marker.empty())
      return not_implemented(fmt::format("{} ?{}", head.method, marker));
  if (const auto version = query.find("versionId")) TRY(check_version_of(*it, *version));
  return it;
}

}  // namespace trainyard::api
