#include "toolkit/s3_object.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "os/files.hpp"
#include "toolkit/http_get.hpp"
#include "toolkit/json.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr int tries_max = 4;
constexpr int first_pause_ms = 200;
constexpr std::size_t credentials_bytes_max = 64 << 10;

// Nothing else tells when a service is back.
void pause_before(int attempt) {
  (void)::poll(nullptr, 0, first_pause_ms << attempt);
}

// A file that goes when its descriptor does.
Result<os::Fd> nameless_file(const Variables& variables) {
  const std::string directory = variables.get_or("TMPDIR", "/tmp");
  os::Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  std::string name = directory + "/train-XXXXXX";  // a file system without O_TMPFILE
  file.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return fail_errno("make a temporary file in " + directory);
  if (::unlink(name.c_str()) != 0) return fail_errno("unlink " + name);
  return file;
}

Result<HttpUrl> endpoint(const Variables& variables) {
  for (const char* name : {"S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"})
    if (variables.has(name)) return parse_http_url(*variables.get(name));
  return fail(ErrorKind::invalid, "InvalidEndpoint",
              "none of S3_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL says where S3 is");
}

std::string region(const Variables& variables) {
  for (const char* name : {"AWS_REGION", "SAGEMAKER_REGION", "AWS_DEFAULT_REGION"})
    if (variables.has(name)) return *variables.get(name);
  return "us-east-1";
}

// The token file is read at each request: it may be renewed.
Result<std::string> authorization(const Variables& variables) {
  if (variables.has("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    std::string token = TRY(os::read_file(*variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
                                          credentials_bytes_max));
    while (token.ends_with('\n') || token.ends_with('\r'))
      token.pop_back();
    return token;
  }
  return variables.get_or("AWS_CONTAINER_AUTHORIZATION_TOKEN", "");
}

Result<wire::Credentials> ask_container(const std::string& uri, const Variables& variables) {
  const HttpUrl url = TRY(parse_http_url(uri));
  HttpFields fields = {{"Host", url.authority()}, {"Accept", "application/json"}};
  const std::string token = TRY(authorization(variables));
  if (token.find_first_of("\r\n") != token.npos)
    return fail(ErrorKind::invalid, "InvalidToken", "the container's token has a line break");
  if (!token.empty()) fields.emplace_back("Authorization", token);
  std::string body, error_body;
  const BodySink sink = [&](std::string_view bytes) -> Result<> {
    body += bytes;
    if (body.size() <= credentials_bytes_max) return {};
    return fail(ErrorKind::limit, "HttpFailure", "the answer is larger than 64 KiB");
  };
  const int status = TRY(http_get(url, fields, sink, error_body));
  if (status != 200)
    return fail(status >= 500 ? ErrorKind::unavailable : ErrorKind::denied, "NoCredentials",
                "it answered " + std::to_string(status) + ": " + error_body);
  const Json answer = TRY(parse_json(body));
  const auto member = [&](std::string_view name) {
    const Json* value = answer.find(name);
    return value ? value->characters() : "";
  };
  return wire::Credentials{member("AccessKeyId"), member("SecretAccessKey"), member("Token")};
}

// One try: the answer's status. 200: the object is in `file`.
Result<int> fetch(const HttpUrl& where, const S3Location& from, const Variables& variables,
                  const Clock& clock, int file) {
  const wire::Credentials credentials = TRY(find_credentials(variables));
  HttpUrl url = where;
  while (url.target.ends_with('/'))
    url.target.pop_back();
  url.target += "/" + percent_encode(from.bucket, false) + "/" + percent_encode(from.key, true);
  HttpFields fields = {{"Host", url.authority()}};
  const wire::RequestView request("GET", url.target, "", fields);
  auto signature = wire::sign_request(request, credentials, region(variables), "s3", sha256_hex(""),
                                      clock.now());
  fields.insert(fields.end(), signature.begin(), signature.end());
  if (::ftruncate(file, 0) != 0 || ::lseek(file, 0, SEEK_SET) != 0)
    return fail_errno("empty a temporary file");
  std::string error_body;
  const int status = TRY(http_get(
      url, fields, [&](std::string_view bytes) { return os::write_all(file, bytes, "its copy"); },
      error_body));
  if (status == 200 || status >= 500 || status == 404 || status == 429) return status;
  return fail(ErrorKind::denied, "S3Failure",
              "S3 answered " + std::to_string(status) + ": " + error_body);
}

Failure refused(int status) {
  if (status == 404)
    return fail(ErrorKind::not_found, "S3Failure",
                "An error occurred (404) when calling the HeadObject operation: Not Found; check "
                "sagemaker_submit_directory, and that the object was not deleted");
  return fail(ErrorKind::unavailable, "S3Failure",
              "S3 answered " + std::to_string(status) + " again and again");
}

}  // namespace

Result<S3Location> parse_s3_location(std::string_view uri) {
  constexpr std::string_view scheme = "s3://";
  const std::string_view rest = uri.substr(std::min(scheme.size(), uri.size()));
  const std::size_t slash = rest.find('/');
  if (!uri.starts_with(scheme) || slash == rest.npos || slash == 0 || slash + 1 == rest.size())
    return fail(ErrorKind::invalid, "InvalidLocation",
                std::string(uri) + " does not name an object as s3://BUCKET/KEY does");
  std::string_view key = rest.substr(slash);
  key.remove_prefix(std::min(key.find_first_not_of('/'), key.size()));
  return S3Location{std::string(rest.substr(0, slash)), std::string(key)};
}

Result<wire::Credentials> find_credentials(const Variables& variables) {
  if (variables.has("AWS_ACCESS_KEY_ID") && variables.has("AWS_SECRET_ACCESS_KEY"))
    return wire::Credentials{*variables.get("AWS_ACCESS_KEY_ID"),
                             *variables.get("AWS_SECRET_ACCESS_KEY"),
                             variables.get_or("AWS_SESSION_TOKEN", "")};
  std::string uri = variables.get_or("AWS_CONTAINER_CREDENTIALS_FULL_URI", "");
  if (variables.has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
    uri = "http://169.254.170.2" + *variables.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (uri.empty())
    return fail(ErrorKind::denied, "NoCredentials",
                "Unable to locate credentials: neither AWS_ACCESS_KEY_ID nor "
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
  auto credentials = ask_container(uri, variables);
  if (!credentials) return in_context(credentials.error(), "ask " + uri + " for credentials");
  if (credentials->access_key.empty() || credentials->secret_key.empty())
    return fail(ErrorKind::denied, "NoCredentials", uri + " answered without credentials");
  return credentials;
}

Result<os::Fd> download_object(const S3Location& from, const Variables& variables,
                               const Clock& clock) {
  const HttpUrl where = TRY(endpoint(variables));
  os::Fd file = TRY(nameless_file(variables));
  for (int attempt = 0;; ++attempt) {
    const auto status = fetch(where, from, variables, clock, file.get());
    if (status && *status == 200) break;
    const bool may_pass =
        status ? *status >= 500 || *status == 429 : status.error().kind == ErrorKind::unavailable;
    if (!may_pass || attempt + 1 == tries_max)
      return status ? refused(*status) : Failure(status.error());
    pause_before(attempt);
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno("rewind a temporary file");
  return file;
}

}  // namespace trainyard::toolkit
