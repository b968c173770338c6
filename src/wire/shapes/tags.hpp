#pragma once
/// Tags, AddTags and ListTags. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct Tag {
  std::string Key;
  std::string Value;
};
template <class V> void fields(V& v, Tag& x) {
  v("Key", x.Key, required, length(1, 128), pattern(R"~(([\p{L}\p{Z}\p{N}_.:/=+\-@]*))~"));
  v("Value", x.Value, required, length(0, 256), pattern(R"~(([\p{L}\p{Z}\p{N}_.:/=+\-@]*))~"));
}

struct AddTagsInput {
  std::string ResourceArn;
  std::vector<wire::Tag> Tags;
};
template <class V> void fields(V& v, AddTagsInput& x) {
  v("ResourceArn", x.ResourceArn, required, length(0, 256),
    pattern(R"~(arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+)~"));
  v("Tags", x.Tags, required, length(0, 50));
}

struct AddTagsOutput {
  std::optional<std::vector<wire::Tag>> Tags;
};
template <class V> void fields(V& v, AddTagsOutput& x) {
  v("Tags", x.Tags, length(0, 50));
}

struct ListTagsInput {
  std::string ResourceArn;
  std::optional<std::string> NextToken;
  std::optional<std::int64_t> MaxResults;
};
template <class V> void fields(V& v, ListTagsInput& x) {
  v("ResourceArn", x.ResourceArn, required, length(0, 256),
    pattern(R"~(arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+)~"));
  v("NextToken", x.NextToken, length(0, 8192), pattern(R"~(.*)~"));
  v("MaxResults", x.MaxResults, range(50, {}));
}

struct ListTagsOutput {
  std::optional<std::vector<wire::Tag>> Tags;
  std::optional<std::string> NextToken;
};
template <class V> void fields(V& v, ListTagsOutput& x) {
  v("Tags", x.Tags, length(0, 50));
  v("NextToken", x.NextToken, length(0, 8192), pattern(R"~(.*)~"));
}

}  // namespace trainyard::wire
