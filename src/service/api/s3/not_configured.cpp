// GET /BUCKET?versioning  ->  200 <VersioningConfiguration/>
// GET /BUCKET?lifecycle   ->  404 NoSuchLifecycleConfiguration
// and so on: what S3 answers of a bucket or object for which nothing was set. Nothing can be.

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"
#include "service/store/objects.hpp"

#include <algorithm>
#include <array>

namespace trainyard::api {
namespace {

// Where nothing is set there is an empty document, or an error.
struct Setting {
  std::string_view marker, document, code, message;
};
constexpr std::array<Setting, 14> settings{{
    {"versioning", "VersioningConfiguration", "", ""},
    {"accelerate", "AccelerateConfiguration", "", ""},
    {"logging", "BucketLoggingStatus", "", ""},
    {"notification", "NotificationConfiguration", "", ""},
    {"cors", "", "NoSuchCORSConfiguration", "The CORS configuration does not exist"},
    {"encryption", "", "ServerSideEncryptionConfigurationNotFoundError",
     "The server side encryption configuration was not found"},
    {"lifecycle", "", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"},
    {"object-lock", "", "ObjectLockConfigurationNotFoundError",
     "Object Lock configuration does not exist for this bucket"},
    {"ownershipControls", "", "OwnershipControlsNotFoundError",
     "The bucket ownership controls were not found"},
    {"policy", "", "NoSuchBucketPolicy", "The bucket policy does not exist"},
    {"publicAccessBlock", "", "NoSuchPublicAccessBlockConfiguration",
     "The public access block configuration was not found"},
    {"replication", "", "ReplicationConfigurationNotFoundError",
     "The replication configuration was not found"},
    {"website", "", "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration"},
    {"tagging", "", "NoSuchTagSet", "The TagSet does not exist"},
}};

Failure not_found(std::string_view code, std::string_view message) {
  return fail(ErrorKind::not_found, std::string(code), std::string(message));
}

// The account owns all, and nobody else has a right to any.
S3Answer acl(const std::string& account) {
  wire::XmlWriter xml;
  xml.open("AccessControlPolicy", s3_namespace);
  xml.open("Owner").element("ID", account).element("DisplayName", "trainyard").close();
  xml.open("AccessControlList").open("Grant").open("Grantee");
  xml.element("ID", account).element("DisplayName", "trainyard").close();
  xml.element("Permission", "FULL_CONTROL");
  return xml_answer(std::move(xml));
}

S3Answer document(std::string_view name) {
  wire::XmlWriter xml;
  xml.open(std::string(name).c_str(), s3_namespace);
  return xml_answer(std::move(xml));
}

}  // namespace

S3Answer not_configured(S3Context& context, const S3Call& call, store::Snapshot& s) {
  TRY(require_bucket(context, s, call.bucket));
  const bool is_object = !call.key.empty();
  if (is_object && !TRY(store::find_object(s, call.bucket, call.key)))
    return not_found("NoSuchKey", "The specified key does not exist.");
  if (call.query.has("acl")) return acl(context.account);
  if (call.query.has("requestPayment")) {
    wire::XmlWriter xml;
    xml.open("RequestPaymentConfiguration", s3_namespace).element("Payer", "BucketOwner");
    return xml_answer(std::move(xml));
  }
  if (is_object) {
    wire::XmlWriter xml;
    xml.open("Tagging", s3_namespace).open("TagSet");
    return xml_answer(std::move(xml));
  }
  const auto* setting = std::find_if(settings.begin(), settings.end(), [&](const auto& known) {
    return call.query.has(known.marker);
  });
  CHECK(setting != settings.end());
  if (setting->code.empty()) return document(setting->document);
  return not_found(setting->code, setting->message);
}

}  // namespace trainyard::api
