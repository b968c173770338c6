// DELETE /BUCKET/KEY  ->  204, also where there was no such object

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

Result<Change> delete_object(S3Context&, const S3Call& call) {
  Change change;
  change.write = [call](store::Txn& txn) -> Result<Changed> {
    TRY(require_bucket(txn, call.bucket));
    Changed out;
    out.freed.push_back(TRY(store::delete_object(txn, call.bucket, call.key)));
    out.response.status = 204;
    return out;
  };
  return change;
}

}  // namespace trainyard::api
