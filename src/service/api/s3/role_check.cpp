#include "service/api/s3/role_check.hpp"

#include <fmt/format.h>

namespace trainyard::api {

Result<> check_role(const S3Context& context, const S3Call& call, std::string_view action,
                    Access access, std::string_view bucket, std::string_view key) {
  const auto why = role_denial(context.settings, call.caller.role, access, bucket, key);
  if (why.empty()) return {};
  const bool is_of_object = access == Access::read || access == Access::write;
  return fail(ErrorKind::denied, "AccessDenied",
              fmt::format("User: {} is not authorized to perform: s3:{} on resource: "
                          "\"arn:aws:s3:::{}{}{}\" because {}",
                          call.caller.arn, action, bucket, is_of_object ? "/" : "",
                          is_of_object ? key : "", why));
}

Result<> check_operation(const S3Context& context, const S3Call& call,
                         const S3Operation& operation) {
  const auto check = [&](Access access, std::string_view key) {
    return check_role(context, call, operation.name, access, call.bucket, key);
  };
  switch (operation.scope) {
  case S3Operation::Scope::service:
    return {};  // its answer is narrowed
  case S3Operation::Scope::bucket:
    if (operation.query_marker == "list-type" || operation.query_marker == "uploads" ||
        operation.name == "ListObjects")
      return check(Access::list, call.query.get("prefix"));
    if (operation.name == "DeleteObjects") return check(Access::look, "");  // each key by itself
    return check(operation.change ? Access::own : Access::look, "");
  case S3Operation::Scope::object:
    break;
  }
  const bool is_read = operation.read && operation.name != "ListParts";
  return check(is_read ? Access::read : Access::write, call.key);
}

}  // namespace trainyard::api
