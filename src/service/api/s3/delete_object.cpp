// DELETE /BUCKET/KEY  ->  204, also where there was no such object

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

Result<Change> delete_object(S3Context& context, const S3Call& call) {
  Change change;
  change.write = [call, &context](store::Txn& txn) -> Result<Changed> {
    TRY(require_bucket(context, txn, call.bucket));
    TRY(check_delete_conditions(call.head().headers,
                                TRY(store::find_object(txn, call.bucket, call.key))));
    Changed out;
    out.freed.push_back(TRY(store::delete_object(txn, call.bucket, call.key)));
    out.response.status = 204;
    return out;
  };
  return change;
}

}  // namespace trainyard::api
