#pragma once
/// A part whose bytes are in their place, made into a row.

#include "service/api/s3/operation.hpp"
#include "service/objects/body_writer.hpp"
#include "service/objects/uploads.hpp"
#include "service/store/uploads.hpp"

#include <functional>

namespace trainyard::api {

/// Syncs the part's file and gives the change that writes its row. `answer` makes the response; it
/// runs on the control thread.
Result<Change> store_part(S3Context& context, const S3Call& call, std::int64_t n,
                          std::shared_ptr<objects::Uploads::Place> place, objects::Written written,
                          std::function<wire::Response(Time)> answer);

}  // namespace trainyard::api
