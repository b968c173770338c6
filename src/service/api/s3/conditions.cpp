#include "service/api/s3/conditions.hpp"

#include "service/api/s3/errors.hpp"
#include "wire/sign/dates.hpp"

namespace trainyard::api {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// A list of ETags, quoted or bare, or "*".
bool names_etag(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view one = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one.size() >= 2 && one.front() == '"' && one.back() == '"')
      one = one.substr(1, one.size() - 2);
    if (one == etag) return true;
  }
  return false;
}

Failure header_not_implemented(std::string_view header) {
  return fail(ErrorKind::invalid, "NotImplemented",
              "A header you provided implies functionality that is not implemented: " +
                  std::string(header));
}

// What nobody judges must not pass for what holds.
Result<> refuse_conditions(const wire::Headers& headers,
                           std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (headers.find(name)) return header_not_implemented(name);
  return {};
}

// Headers count whole seconds.
std::int64_t seconds(Time t) {
  return to_ms(t) / 1000;
}

}  // namespace

Result<> check_read_conditions(const wire::Headers& headers, const store::ObjectRow& object,
                               std::string_view prefix) {
  const auto header = [&](std::string_view name) {
    return headers.find(std::string(prefix) + std::string(name));
  };
  const auto not_modified = [&]() -> Failure {
    if (!prefix.empty()) return precondition_failed("x-amz-copy-source-If-None-Match");
    return fail(ErrorKind::conflict, "NotModified", "Not Modified");
  };
  if (const auto list = header("If-Match")) {
    if (!names_etag(*list, object.etag)) return precondition_failed("If-Match");
  } else if (const auto text = header("If-Unmodified-Since")) {
    const auto since = wire::parse_http_date(*text);
    if (since && seconds(object.modified) > seconds(*since))
      return precondition_failed("If-Unmodified-Since");
  }
  if (const auto list = header("If-None-Match")) {
    if (names_etag(*list, object.etag)) return not_modified();
  } else if (const auto text = header("If-Modified-Since")) {
    const auto since = wire::parse_http_date(*text);
    if (since && seconds(object.modified) <= seconds(*since)) return not_modified();
  }
  return {};
}

Result<> check_etag(std::string_view list, const std::optional<store::ObjectRow>& existing) {
  if (!existing) return no_such_key();
  if (!names_etag(list, existing->etag)) return precondition_failed("If-Match");
  return {};
}

Result<> check_write_conditions(const wire::Headers& headers,
                                const std::optional<store::ObjectRow>& existing) {
  TRY(refuse_conditions(headers, {"If-Modified-Since", "If-Unmodified-Since"}));
  if (const auto list = headers.find("If-None-Match")) {
    if (trimmed(*list) != "*") return header_not_implemented("If-None-Match other than *");
    if (existing) return precondition_failed("If-None-Match");
  }
  if (const auto list = headers.find("If-Match")) return check_etag(*list, existing);
  return {};
}

Result<> check_delete_conditions(const wire::Headers& headers,
                                 const std::optional<store::ObjectRow>& existing) {
  TRY(refuse_conditions(headers, {"If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
                                  "x-amz-if-match-last-modified-time", "x-amz-if-match-size"}));
  if (const auto list = headers.find("If-Match")) return check_etag(*list, existing);
  return {};
}

std::string etag_header(std::string_view etag) {
  return "\"" + std::string(etag) + "\"";
}

}  // namespace trainyard::api
