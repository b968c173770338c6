#include "service/api/operation/find_job.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "wire/json.hpp"
#include "wire/shapes/tags.hpp"

// POST /  X-Amz-Target: SageMaker.AddTags  {"ResourceArn": "...:training-job/NAME", "Tags":
// [{"Key", "Value"}]} 200 {"Tags": [all of them]}

namespace trainyard::api {

Result<Write> add_tags(Services&, const Call& call) {
  auto request = TRY(wire::decode<wire::AddTagsInput>(call.body));
  Write write;
  write.write = [call, request = std::move(request)](store::Txn& txn) -> Result<std::string> {
    const auto row = TRY(find_by_arn(txn, call, request.ResourceArn));
    TRY(check_may_change(call, row, "sagemaker:AddTags"));
    store::Tags tags;
    for (const auto& tag : request.Tags)
      tags.emplace_back(tag.Key, tag.Value);
    TRY(store::put_tags(txn, request.ResourceArn, tags));
    wire::AddTagsOutput response;
    auto& all = response.Tags.emplace();
    for (auto& [key, value] : TRY(store::tags_of(txn, request.ResourceArn)))
      all.push_back({std::move(key), std::move(value)});
    return wire::encode(response);
  };
  return write;
}

}  // namespace trainyard::api
