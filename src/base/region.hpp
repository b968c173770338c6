#pragma once
/// The regions of AWS, by name.

#include <algorithm>
#include <array>
#include <string_view>

namespace trainyard {

/// All that botocore knows, in its partitions' order. A request may name any region, also none of
/// these; a service's own is one of them.
inline constexpr std::array<std::string_view, 46> regions{
    "af-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1", "ap-northeast-2",
    "ap-northeast-3", "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
    "ca-central-1",   "ca-west-1",      "eu-central-1",   "eu-central-2",   "eu-north-1",
    "eu-south-1",     "eu-south-2",     "eu-west-1",      "eu-west-2",      "eu-west-3",
    "il-central-1",   "me-central-1",   "me-south-1",     "mx-central-1",   "sa-east-1",
    "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2",      "cn-north-1",
    "cn-northwest-1", "us-gov-east-1",  "us-gov-west-1",  "us-iso-east-1",  "us-iso-west-1",
    "us-isob-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-east-1", "us-isof-south-1",
    "eusc-de-east-1"};

/// "us-east-1", "ap-northeast-2", "us-gov-west-1": letters, hyphens, and a digit at the end.
inline bool looks_like_region(std::string_view text) {
  return text.size() >= 8 && text.size() <= 25 && text.back() >= '1' && text.back() <= '9' &&
         text[text.size() - 2] == '-' && (text[2] == '-' || text[4] == '-') &&
         std::all_of(text.begin(), text.end() - 1,
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

}  // namespace trainyard
