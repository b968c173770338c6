#pragma once
/// What a client command needs around it so that unmodified SageMaker code finds this service and
/// nothing leaves the machine: variables, the SDK's settings file, a notebook's metadata file.

#include "base/result.hpp"
#include "os/files.hpp"
#include "wire/instance/handover.hpp"

#include <map>
#include <string>

namespace trainyard::cli {

/// $HOME, and where a user's settings lie: $XDG_CONFIG_HOME or ~/.config.
os::Path home();
os::Path config_home();

/// Variables for boto3, the AWS CLI and the SDKs. `sdk_config` is the path of the SDK's settings
/// file, or "".
std::map<std::string, std::string> client_variables(const wire::CredentialsFile& credentials,
                                                    const std::string& session_token,
                                                    const std::string& sdk_config);

/// The SDK's settings: no telemetry, the default bucket and role of this service.
std::string sdk_config(const wire::CredentialsFile& credentials);

/// An AWS configuration file's text with the client's own check of parameters switched off for the
/// default profile: it refuses ids of file systems that the service knows.
std::string without_parameter_validation(std::string_view aws_config);

/// /opt/ml/metadata/resource-metadata.json of a notebook: get_execution_role() answers from it.
std::string notebook_metadata(const wire::CredentialsFile& credentials);

/// In a mount namespace of this process's own, makes `path` a file with that text, over whatever
/// lies there; the rest of the tree stays as it is, nothing outside changes. For root and ordinary
/// users.
Result<> show_file(const os::Path& path, std::string_view text);

}  // namespace trainyard::cli
