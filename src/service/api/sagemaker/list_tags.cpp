#include "service/api/operation/find_job.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "wire/json.hpp"
#include "wire/shapes/tags.hpp"

// POST /  X-Amz-Target: SageMaker.ListTags  {"ResourceArn": "...:training-job/NAME"}
// 200 {"Tags": [{"Key", "Value"}]}; at most 50 a resource, so there is never a second page

namespace trainyard::api {

Result<std::string> list_tags(Services&, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::ListTagsInput>(call.body));
  TRY(find_by_arn(s, call, request.ResourceArn));
  wire::ListTagsOutput response;
  auto& tags = response.Tags.emplace();
  for (auto& [key, value] : TRY(store::tags_of(s, request.ResourceArn)))
    tags.push_back({std::move(key), std::move(value)});
  return wire::encode(response);
}

}  // namespace trainyard::api
