#include "service/api/s3/buckets.hpp"

#include "service/api/s3/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::api {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_ip_address(std::string_view name) {
  return std::count(name.begin(), name.end(), '.') == 3 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

// "us-east-1", "ap-northeast-2", "us-gov-west-1": letters, hyphens, and a digit at the end.
bool looks_like_region(std::string_view text) {
  return text.size() >= 8 && text.size() <= 25 && text.back() >= '1' && text.back() <= '9' &&
         text[text.size() - 2] == '-' && text[2] == '-' &&
         std::all_of(text.begin(), text.end() - 1,
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

}  // namespace

Result<store::BucketRow> require_bucket(store::Snapshot& s, std::string_view name) {
  auto row = TRY(store::find_bucket(s, name));
  if (!row) return no_such_bucket();
  return std::move(*row);
}

Result<store::ObjectRow> require_object(store::Snapshot& s, std::string_view bucket,
                                        std::string_view key) {
  if (auto row = TRY(store::find_object(s, bucket, key))) return std::move(*row);
  TRY(require_bucket(s, bucket));
  return no_such_key();
}

Result<> check_bucket_name(std::string_view name) {
  const bool is_good =
      name.size() >= 3 && name.size() <= 63 && is_lower_or_digit(name.front()) &&
      is_lower_or_digit(name.back()) &&
      std::all_of(name.begin(), name.end(),
                  [](char c) { return is_lower_or_digit(c) || c == '.' || c == '-'; }) &&
      name.find("..") == std::string_view::npos && !is_ip_address(name) &&
      !name.starts_with("xn--") && !name.ends_with("-s3alias");
  if (is_good) return {};
  return bad_request("InvalidBucketName",
                     fmt::format("The specified bucket is not valid: {} must be 3 to 63 lower-case "
                                 "letters, digits, dots and hyphens",
                                 name));
}

std::string default_bucket_name(std::string_view region, std::string_view account) {
  return fmt::format("sagemaker-{}-{}", region, account);
}

std::string_view default_bucket_region(std::string_view name, std::string_view account) {
  constexpr std::string_view begin = "sagemaker-";
  const std::size_t around = begin.size() + 1 + account.size();
  if (name.size() <= around || !name.starts_with(begin) || !name.ends_with(account)) return "";
  const auto region = name.substr(begin.size(), name.size() - around);
  const bool is_whole = name[begin.size() + region.size()] == '-';
  return is_whole && looks_like_region(region) ? region : "";
}

Result<> make_default_bucket(S3Context& context, const std::string& name) {
  const std::string region(default_bucket_region(name, context.account));
  if (region.empty()) return {};
  const auto found =
      TRY(context.readers.read([&](store::Snapshot& s) { return store::find_bucket(s, name); }));
  if (found) return {};
  return context.control.submit_and_wait([&](store::Txn& txn) -> Result<> {
    TRY(store::insert_bucket(txn, {name, region, txn.now()}));
    return {};
  });
}

Result<> ensure_default_bucket(S3Context& context) {
  return make_default_bucket(context, default_bucket_name(context.default_region, context.account));
}

}  // namespace trainyard::api
