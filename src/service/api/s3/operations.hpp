#pragma once
/// Every S3 operation's function; each is in the file of its name.

#include "service/api/s3/operation.hpp"

namespace trainyard::api {

using S3Answer = Result<wire::Response>;

S3Answer list_buckets(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer head_bucket(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer get_bucket_location(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer list_objects_v1(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer list_objects_v2(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer head_object(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer get_object(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer list_multipart_uploads(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer list_parts(S3Context& context, const S3Call& call, store::Snapshot& s);
S3Answer not_configured(S3Context& context, const S3Call& call, store::Snapshot& s);

Result<Change> create_bucket(S3Context& context, const S3Call& call);
Result<Change> delete_bucket(S3Context& context, const S3Call& call);
Result<Change> put_object(S3Context& context, const S3Call& call);
Result<Change> copy_object(S3Context& context, const S3Call& call);
Result<Change> delete_object(S3Context& context, const S3Call& call);
Result<Change> delete_objects(S3Context& context, const S3Call& call);
Result<Change> create_multipart_upload(S3Context& context, const S3Call& call);
Result<Change> upload_part(S3Context& context, const S3Call& call);
Result<Change> upload_part_copy(S3Context& context, const S3Call& call);
Result<Change> complete_multipart_upload(S3Context& context, const S3Call& call);
Result<Change> abort_multipart_upload(S3Context& context, const S3Call& call);

}  // namespace trainyard::api
