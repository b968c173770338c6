#pragma once
/// A command's way to the service: where it is, with which key, and one call of an operation. The
/// CLI is an ordinary client of the public API.

#include "base/result.hpp"
#include "net/client.hpp"
#include "os/files.hpp"
#include "wire/answer.hpp"
#include "wire/instance/handover.hpp"

#include <string>
#include <string_view>

namespace trainyard::cli {

/// Where the data directory is when none is named: TRAINYARD_DATA, else /var/lib/trainyard for root
/// and $XDG_DATA_HOME (or ~/.local/share)/trainyard for others.
os::Path default_data();

/// DATA/state/credentials: the service of that directory and its first key.
Result<wire::CredentialsFile> stored_credentials(const os::Path& data);

/// What `trainyard login URL` keeps for the commands: a CredentialsFile.
os::Path login_file();

class Connection {
public:
  /// Reads DATA/state/credentials; AWS_ENDPOINT_URL with AWS_ACCESS_KEY_ID and
  /// AWS_SECRET_ACCESS_KEY, when all are set, win; else, where `data` is nobody's wish but the
  /// default, the service elsewhere that this user has logged in at. The account of one that the
  /// environment names is asked for. An error of kind `unavailable` says how to start a service.
  static Result<Connection> open(const os::Path& data);
  /// To a service elsewhere; the account is asked for where it is not told.
  static Result<Connection> to(wire::CredentialsFile credentials);

  const wire::CredentialsFile& credentials() const { return credentials_; }
  const std::string& token() const { return token_; }
  /// The service is the one of the data directory, not one elsewhere that the environment names.
  bool is_local() const { return is_local_; }

  /// From now on with the key of that session.
  void use(const wire::SessionAnswer& session);

  /// POSTs `body` to the operation named by X-Amz-Target and returns the answer's body. The
  /// service's errors come back with their code and message.
  Result<std::string> call(std::string_view target, std::string_view body);
  /// The same, encoded and decoded.
  template <class Response, class Request>
  Result<Response> call(std::string_view target, const Request& request) {
    return wire::decode_answer<Response>(
        TRY(call(target, std::string_view(wire::encode(request)))));
  }

private:
  Connection(wire::CredentialsFile credentials, std::string token, net::Endpoint endpoint,
             bool is_local, os::Path data);
  Result<std::string> post(std::string_view service, wire::Headers headers, std::string_view body);
  Result<std::string> ask_account();
  static Result<net::Endpoint> endpoint_of(const wire::CredentialsFile& credentials);

  wire::CredentialsFile credentials_;
  std::string token_;
  bool is_local_;
  os::Path data_;  // for the advice to start a service on it
  net::Client client_;
};

/// "no service is listening at URL; start one: trainyard serve"
Failure no_service(const std::string& url, const os::Path& data);

}  // namespace trainyard::cli
