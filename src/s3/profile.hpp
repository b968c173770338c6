#pragma once
/// The keys of a profile in the files that the AWS tools share.
///
/// Source: "Configuration and credential file settings" of the AWS CLI's user guide. Of what they
/// offer: keys in the credentials file, keys or `credential_process` in the config file beside it.
/// A profile that lives by single sign-on or by a role is reached by the last: `credential_process
/// = aws configure export-credentials --profile NAME`.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "wire/sign/signer.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::s3 {

/// One section of such a file as its keys and values, or nothing where it has none of that name. In
/// a config file a section is named "profile NAME", but for "default". Pure.
struct ProfileKeys {
  std::string access_key, secret_key, session_token, process;
};
std::optional<ProfileKeys> parse_profile(std::string_view text, std::string_view name);

/// What a credential_process prints, and when it ends. Pure.
struct ProcessKeys {
  wire::Credentials credentials;
  std::string expiration;  ///< ISO 8601; "" = never
};
Result<ProcessKeys> parse_process_output(std::string_view text);

/// Reads the files at each call, so that keys which are renewed there are used from then on; a
/// process runs again when its keys are about to end. Thread-safe.
class Profile {
public:
  /// `credentials_file` may be "": ~/.aws/credentials of the user that this process is of.
  Profile(std::string name, std::string credentials_file, const Clock& clock = system_clock());
  /// An error of kind `denied` that says which file lacks what.
  Result<wire::Credentials> credentials();

private:
  Result<wire::Credentials> run_process(const std::string& command);

  std::string name_;
  std::filesystem::path credentials_file_, config_file_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<ProcessKeys> kept_;
};

}  // namespace trainyard::s3
