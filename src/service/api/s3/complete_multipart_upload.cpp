// POST /BUCKET/KEY?uploadId=...                        ->  200
// <CompleteMultipartUpload><Part><PartNumber>1</PartNumber>  <CompleteMultipartUploadResult>
// <ETag>"..."</ETag></Part>...</CompleteMultipartUpload>     <ETag>"...-2"</ETag>..</..Result>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/complete_request.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/upload_answer.hpp"
#include "service/api/s3/xml_answer.hpp"
#include "wire/json.hpp"

namespace trainyard::api {
namespace {

using objects::Blobs;
using objects::Uploads;

wire::Response answer(const S3Call& call, const std::string& etag, const StoredHeaders& stored) {
  wire::XmlWriter xml;
  xml.open("CompleteMultipartUploadResult", s3_namespace)
      .element("Location", "/" + call.bucket + "/" + percent_encode(call.key, true))
      .element("Bucket", call.bucket)
      .element("Key", call.key)
      .element("ETag", etag_header(etag));
  if (stored.Checksum) {
    xml.element("Checksum" + *stored.ChecksumAlgorithm, *stored.Checksum);
    xml.element("ChecksumType", *stored.ChecksumType);
  }
  return xml_answer(std::move(xml));
}

// A client that lost the answer asks again, when the upload is an object already.
Result<Change> answer_again(S3Context& context, const S3Call& call,
                            const std::vector<ListedPart>& listed, const Error& gone) {
  const auto row = TRY(context.readers.read(
      [&](store::Snapshot& s) { return store::find_object(s, call.bucket, call.key); }));
  if (gone.code != "NoSuchUpload" || !row || row->etag != etag_of(listed)) return Failure(gone);
  const auto stored = TRY(parse_stored_headers(row->headers));
  Change change;
  change.write = [=](store::Txn&) -> Result<Changed> {
    return Changed{answer(call, row->etag, stored), {}};
  };
  return change;
}

// The content's name: of what its parts are, in their order.
std::string blob_name(const std::vector<store::PartRow>& parts) {
  Sha256 all;
  for (const auto& part : parts)
    all.update(part.sha256);
  return "m-" + hex(all.finish());
}

struct Completed {
  std::shared_ptr<Uploads::Completion> completion;
  Blobs::PinPtr pin;
  store::ObjectRow row;
  StoredHeaders stored;
  std::vector<std::string> files;
};

Result<Completed> complete(S3Context& context, const S3Call& call, const store::UploadRow& upload,
                           const std::vector<ListedPart>& listed) {
  Completed out;
  out.completion = TRY(context.uploads.begin_completion(upload.id));
  const auto rows =
      TRY(context.readers.read([&](store::Snapshot& s) { return store::parts_of(s, upload.id); }));
  for (const auto& row : rows)
    out.files.push_back(row.file);
  const auto parts = TRY(choose_parts(listed, rows));
  out.stored = TRY(parse_stored_headers(upload.headers));
  TRY(set_checksum(parts, call.head(), out.stored));
  auto assembled = TRY(context.uploads.assemble(*out.completion, rows, parts));
  const std::string name = blob_name(parts);
  out.pin = assembled.copy ? TRY(context.blobs.publish(std::move(*assembled.copy), name))
                           : TRY(context.blobs.publish_link(assembled.path, assembled.size, name));
  out.row = {call.bucket,
             call.key,
             name,
             std::int64_t(assembled.size),
             etag_of(listed),
             wire::encode(out.stored),
             {}};
  return out;
}

}  // namespace

Result<Change> complete_multipart_upload(S3Context& context, const S3Call& call) {
  const auto listed = TRY(parse_complete_request(call.exchange->body()));
  const auto upload =
      context.readers.read([&](store::Snapshot& s) { return require_upload(s, call); });
  if (!upload) return answer_again(context, call, listed, upload.error());
  const auto done = std::make_shared<Completed>(TRY(complete(context, call, *upload, listed)));
  Change change;
  change.write = [call, done](store::Txn& txn) -> Result<Changed> {
    const auto row = TRY(require_upload(txn, call));
    TRY(check_write_conditions(call.head().headers,
                               TRY(store::find_object(txn, call.bucket, call.key))));
    Changed out;
    done->row.modified = txn.now();
    out.freed.push_back(TRY(store::put_object(txn, done->row)));
    TRY(store::delete_upload(txn, row.id));
    out.response = answer(call, done->row.etag, done->stored);
    return out;
  };
  change.finished = [&context, done, id = upload->id](const Result<>& outcome) {
    if (outcome) context.uploads.remove(id, done->files);
  };
  return change;
}

}  // namespace trainyard::api
