#pragma once
/// Meeting a service elsewhere for the first time: whom to trust there, and who calls.

#include "cli/commands.hpp"
#include "wire/instance/handover.hpp"

namespace trainyard::cli {

/// Pins the service's authority and asks who calls, on the terminal where the wish does not say it.
/// What is at the URL has answered by then. An error of kind `denied` where the authority is not
/// the one that was pinned or told, or the key is not known.
Result<wire::CredentialsFile> meet(const Login& login);

}  // namespace trainyard::cli
