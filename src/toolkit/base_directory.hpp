#pragma once
/// Where a training container keeps things: /opt/ml and what is under it.
///
/// Source: "How Amazon SageMaker Runs Your Training Image"; SAGEMAKER_BASE_DIR moves the whole
/// tree, as in the Python toolkit. Paths are texts joined as os.path.join does: they end up in
/// variables.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "toolkit/variables.hpp"

#include <string>
#include <string_view>

namespace trainyard::toolkit {

/// os.path.join(a, b): an absolute `b` replaces `a`.
std::string join_path(std::string_view a, std::string_view b);

struct BaseDirectory {
  std::string base = "/opt/ml";

  std::string code() const { return join_path(base, "code"); }
  std::string model() const { return join_path(base, "model"); }
  std::string input() const { return join_path(base, "input"); }
  std::string config() const { return join_path(input(), "config"); }
  std::string channel(std::string_view name) const {
    return join_path(join_path(input(), "data"), name);
  }
  std::string output() const { return join_path(base, "output"); }
  std::string output_data() const { return join_path(output(), "data"); }
  std::string intermediate() const { return join_path(output(), "intermediate"); }
  std::string failure_file() const { return join_path(output(), "failure"); }
  std::string success_file() const { return join_path(output(), "success"); }
};

/// SAGEMAKER_BASE_DIR, else /opt/ml if there is one, else a fresh tree under
/// ~/sagemaker_local/jobs with empty configuration, so that a script can be tried on any machine.
/// Makes the code directory.
Result<BaseDirectory> find_base_directory(Variables& variables, const Clock& clock);

}  // namespace trainyard::toolkit
