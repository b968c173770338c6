#include "toolkit/base_directory.hpp"

#include "os/files.hpp"
#include "toolkit/json.hpp"
#include "toolkit/python_text.hpp"

#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr unsigned open_mode = 0777;  // less the umask, as os.makedirs does

Json single_host_resources(const std::string& host) {
  const Json hosts = Json::texts({host});
  const Json group = Json::object({{"instance_group_name", Json::text("homogeneousCluster")},
                                   {"instance_type", Json::text("local")},
                                   {"hosts", hosts}});
  return Json::object({{"current_host", Json::text(host)},
                       {"hosts", hosts},
                       {"current_instance_group", Json::text("homogeneousCluster")},
                       {"instance_groups", Json::list({group})}});
}

Result<> make_local_tree(const BaseDirectory& at) {
  TRY(os::make_directories(at.model(), open_mode));
  TRY(os::make_directories(at.config(), open_mode));
  TRY(os::make_directories(at.output_data(), open_mode));
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0) return fail_errno("read this machine's name");
  TRY(os::write_file(join_path(at.config(), "hyperparameters.json"), "{}", 0666));
  TRY(os::write_file(join_path(at.config(), "inputdataconfig.json"), "{}", 0666));
  return os::write_file(join_path(at.config(), "resourceconfig.json"),
                        dump_json(single_host_resources(host)), 0666);
}

}  // namespace

std::string join_path(std::string_view a, std::string_view b) {
  if (b.starts_with('/')) return std::string(b);
  std::string out(a);
  if (!out.empty() && out.back() != '/') out += '/';
  return out += b;
}

Result<BaseDirectory> find_base_directory(Variables& variables, const Clock& clock) {
  BaseDirectory at;
  if (const auto base = variables.get("SAGEMAKER_BASE_DIR")) {
    at.base = *base;
  } else if (::access("/opt/ml", F_OK) != 0) {
    const double seconds = double(to_ms(clock.now())) / 1000;
    at.base = join_path(variables.get_or("HOME", "/root"), "sagemaker_local/jobs");
    at.base = join_path(join_path(at.base, python_real(seconds)), "opt/ml");
    variables.set("SAGEMAKER_BASE_DIR", at.base);
    TRY(make_local_tree(at));
  }
  TRY(os::make_directories(at.code(), open_mode));
  return at;
}

}  // namespace trainyard::toolkit
