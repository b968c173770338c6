#pragma once
/// Bringing the user's code into the code directory.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "toolkit/log_lines.hpp"
#include "toolkit/variables.hpp"

#include <string>

namespace trainyard::toolkit {

/// From `uri` (s3://BUCKET/KEY of a .tar.gz, a local directory, a local .tar.gz, another local
/// file) into `code`, unless anything is there already: that wins.
Result<> bring_source_code(const std::string& uri, const std::string& code,
                           const Variables& variables, const Clock& clock, const LogLines& log);

}  // namespace trainyard::toolkit
