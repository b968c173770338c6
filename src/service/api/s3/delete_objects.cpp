// POST /BUCKET?delete                              ->  200
// <Delete><Object><Key>a</Key></Object></Delete> <DeleteResult><Deleted><Key>a</Key></Deleted>
//                                                      </DeleteResult>

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/receive_body.hpp"
#include "service/api/s3/role_check.hpp"
#include "service/api/s3/xml_answer.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t keys_max = 1000, body_bytes_max = 2u << 20;

struct Item {
  std::string key, version;
  std::optional<std::string> etag;
  bool has_other_condition = false;  ///< LastModifiedTime, Size: of directory buckets
};

struct Request {
  std::vector<Item> items;
  bool is_quiet = false;
};

Result<Request> parse(const std::string& body) {
  const auto document = wire::parse_xml(body, body_bytes_max);
  if (!document) return malformed_xml();
  const auto root = document->child("Delete");
  Request out;
  out.is_quiet = root.child("Quiet").text().as_bool();
  for (const auto object : root.children("Object")) {
    Item item{object.child_value("Key"), object.child_value("VersionId"), {}};
    if (item.key.empty()) return malformed_xml();
    if (const auto etag = object.child("ETag")) item.etag = etag.child_value();
    item.has_other_condition = object.child("LastModifiedTime") || object.child("Size");
    out.items.push_back(std::move(item));
  }
  if (out.items.empty() || out.items.size() > keys_max) return malformed_xml();
  return out;
}

// The content that the key had.
Result<std::string> remove(const S3Context& context, store::Txn& txn, const S3Call& call,
                           const Item& item) {
  const std::string& bucket = call.bucket;
  TRY(check_role(context, call, "DeleteObject", Access::write, bucket, item.key));
  if (!item.version.empty()) TRY(check_version(item.version));
  if (item.has_other_condition)
    return fail(ErrorKind::invalid, "NotImplemented",
                "An object can be deleted on the condition of its ETag, and of nothing else.");
  if (item.etag) TRY(check_etag(*item.etag, TRY(store::find_object(txn, bucket, item.key))));
  return store::delete_object(txn, bucket, item.key);
}

}  // namespace

Result<Change> delete_objects(S3Context& context, const S3Call& call) {
  TRY(check_body(call));
  const Request request = TRY(parse(call.exchange->body()));
  Change change;
  change.write = [call, request, &context](store::Txn& txn) -> Result<Changed> {
    TRY(require_bucket(context, txn, call.bucket));
    Changed out;
    wire::XmlWriter xml;
    xml.open("DeleteResult", s3_namespace);
    for (const auto& item : request.items) {
      auto removed = remove(context, txn, call, item);
      if (removed) {
        out.freed.push_back(std::move(*removed));
        if (!request.is_quiet) xml.open("Deleted").element("Key", item.key).close();
        continue;
      }
      const Error& error = removed.error();
      if (error.kind == ErrorKind::internal || error.kind == ErrorKind::unavailable)
        return Failure(error);
      xml.open("Error").element("Key", item.key);
      xml.element("Code", error.code).element("Message", error.message).close();
    }
    out.response = xml_answer(std::move(xml));
    return out;
  };
  return change;
}

}  // namespace trainyard::api
