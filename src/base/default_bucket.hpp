#pragma once
/// The bucket that the SDKs take when none is named. It exists in every region, from when it is
/// first named.

#include "base/region.hpp"

#include <string>
#include <string_view>

namespace trainyard {

/// "sagemaker-REGION-ACCOUNT"
inline std::string default_bucket_name(std::string_view region, std::string_view account) {
  return "sagemaker-" + std::string(region) + "-" + std::string(account);
}

/// The region whose default bucket this is, or "".
inline std::string_view default_bucket_region(std::string_view name, std::string_view account) {
  constexpr std::string_view begin = "sagemaker-";
  const std::size_t around = begin.size() + 1 + account.size();
  if (name.size() <= around || !name.starts_with(begin) || !name.ends_with(account)) return "";
  const auto region = name.substr(begin.size(), name.size() - around);
  const bool is_whole = name[begin.size() + region.size()] == '-';
  return is_whole && looks_like_region(region) ? region : "";
}

}  // namespace trainyard
