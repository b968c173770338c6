#include "service/api/s3/buckets.hpp"

#include "base/default_bucket.hpp"
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

}  // namespace

Result<store::BucketRow> require_bucket(const S3Context& context, store::Snapshot& s,
                                        std::string_view name) {
  if (auto row = TRY(store::find_bucket(s, name))) return std::move(*row);
  const auto region = default_bucket_region(name, context.account);
  if (region.empty()) return no_such_bucket();
  return store::BucketRow{std::string(name), std::string(region), {}};
}

Result<> open_bucket(const S3Context& context, store::Txn& txn, std::string_view name) {
  if (TRY(store::find_bucket(txn, name))) return {};
  auto bucket = TRY(require_bucket(context, txn, name));
  bucket.created = txn.now();
  TRY(store::insert_bucket(txn, bucket));
  return {};
}

Result<store::ObjectRow> require_object(const S3Context& context, store::Snapshot& s,
                                        std::string_view bucket, std::string_view key) {
  if (auto row = TRY(store::find_object(s, bucket, key))) return std::move(*row);
  TRY(require_bucket(context, s, bucket));
  return no_such_key();
}

Result<> check_version(std::string_view id) {
  if (id == "null") return {};
  return fail(ErrorKind::not_found, "NoSuchVersion", "The specified version does not exist.");
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

Result<> ensure_default_bucket(S3Context& context) {
  return context.control.submit_and_wait([&](store::Txn& txn) {
    return open_bucket(context, txn, default_bucket_name(context.default_region, context.account));
  });
}

}  // namespace trainyard::api
