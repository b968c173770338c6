// POST /BUCKET?delete                              ->  200
// <Delete><Object><Key>a</Key></Object></Delete> <DeleteResult><Deleted><Key>a</Key></Deleted>
//                                                      </DeleteResult>

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t keys_max = 1000, body_bytes_max = 2u << 20;

struct Request {
  std::vector<std::string> keys;
  bool is_quiet = false;
};

Result<Request> parse(const std::string& body) {
  const auto document = wire::parse_xml(body, body_bytes_max);
  if (!document) return malformed_xml();
  const auto root = document->child("Delete");
  Request out;
  out.is_quiet = root.child("Quiet").text().as_bool();
  for (const auto object : root.children("Object")) {
    const std::string key = object.child_value("Key");
    if (key.empty()) return malformed_xml();
    out.keys.push_back(key);
  }
  if (out.keys.empty() || out.keys.size() > keys_max) return malformed_xml();
  return out;
}

}  // namespace

Result<Change> delete_objects(S3Context&, const S3Call& call) {
  const Request request = TRY(parse(call.exchange->body()));
  Change change;
  change.write = [call, request](store::Txn& txn) -> Result<Changed> {
    TRY(require_bucket(txn, call.bucket));
    Changed out;
    wire::XmlWriter xml;
    xml.open("DeleteResult", s3_namespace);
    for (const auto& key : request.keys) {
      out.freed.push_back(TRY(store::delete_object(txn, call.bucket, key)));
      if (!request.is_quiet) xml.open("Deleted").element("Key", key).close();
    }
    out.response = xml_answer(std::move(xml));
    return out;
  };
  return change;
}

}  // namespace trainyard::api
