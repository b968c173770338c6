#include "toolkit/mpi.hpp"

#include "toolkit/failure.hpp"
#include "toolkit/processes.hpp"
#include "toolkit/python_text.hpp"

namespace trainyard::toolkit {
namespace {

constexpr std::string_view nccl_debug = "--NCCL_DEBUG";

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\r\f\v";
  std::vector<std::string> out;
  for (std::size_t at = text.find_first_not_of(blanks); at != text.npos;) {
    const auto end = std::min(text.find_first_of(blanks, at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(blanks, end);
  }
  return out;
}

// Whether a word is the option or, as Python's argparse allows, the front of it.
bool names_nccl_debug(std::string_view word) {
  return word.size() > 2 && nccl_debug.starts_with(word);
}

// What each process sees beside the script's own variables.
void add_variables(const TrainingEnvironment& environment, const std::vector<std::string>& names,
                   const Variables& variables, std::vector<std::string>& out) {
  const auto add = [&](std::string variable) {
    out.insert(out.end(), {"-x", std::move(variable)});
  };
  const std::string& type = environment.text("current_instance_type");
  if (has_efa(type)) {
    add("FI_PROVIDER=efa");
    add("NCCL_PROTO=simple");
  }
  if (has_rdma(type)) add("FI_EFA_USE_DEVICE_RDMA=1");
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
    if (variables.get(name)) add(name);
  for (const auto& name : names)
    add(name);
}

std::vector<std::string> fixed_options(const std::string& interface, const MpiOptions& custom) {
  return {"--allow-run-as-root",
          "--display-map",
          "--tag-output",
          "-mca",
          "btl_tcp_if_include",
          interface,
          "-mca",
          "oob_tcp_if_include",
          interface,
          "-mca",
          "plm_rsh_no_tree_spawn",
          "1",
          "-bind-to",
          "none",
          "-map-by",
          "slot",
          "-mca",
          "pml",
          "ob1",
          "-mca",
          "btl",
          "^openib",
          "-mca",
          "orte_abort_on_non_zero_status",
          "1",
          "-mca",
          "btl_vader_single_copy_mechanism",
          "none",
          "-x",
          "NCCL_MIN_NRINGS=4",
          "-x",
          "NCCL_SOCKET_IFNAME=" + interface,
          "-x",
          "NCCL_DEBUG=" + custom.nccl_debug,
          "-x",
          "LD_LIBRARY_PATH",
          "-x",
          "PATH"};
}

}  // namespace

Result<MpiOptions> parse_mpi_options(std::string_view text) {
  MpiOptions out;
  const auto words = words_of(text);
  for (std::size_t n = 0; n < words.size(); ++n) {
    const auto equals = words[n].find('=');
    const std::string name = words[n].substr(0, equals);
    if (!names_nccl_debug(name)) {
      out.additional.push_back(words[n]);
      continue;
    }
    if (equals == std::string::npos && n + 1 == words.size())
      return refuse("sagemaker_mpi_custom_mpi_options: " + name + " needs a value");
    out.nccl_debug = equals != std::string::npos ? words[n].substr(equals + 1) : words[++n];
  }
  return out;
}

Result<Command> mpi_command(const TrainingEnvironment& environment, EntryPointKind kind,
                            std::vector<std::string> script, const std::vector<std::string>& names,
                            const Variables& variables, const LogLines& log) {
  const auto& hosts = environment.at("distribution_hosts");
  if (hosts.items().size() != 1)
    return refuse("This job asks for MPI on " + std::to_string(hosts.items().size()) +
                  " hosts; Trainyard starts it on one.");
  const std::string processes = processes_per_host(environment);
  const Json& framework = environment.at("additional_framework_parameters");
  const Json asked = framework.get("sagemaker_mpi_num_processes");
  const std::string total = asked.is_truthy() ? python_str(asked) : processes;
  const std::string& host = environment.text("master_hostname");
  const std::string hosted = processes == "1" ? host : host + ":" + processes;
  const Json custom = framework.get("sagemaker_mpi_custom_mpi_options");
  const MpiOptions options =
      TRY(parse_mpi_options(custom.is_text() ? custom.characters() : std::string_view()));
  const std::string& interface = environment.text("network_interface_name");
  log.info("Env Hosts: " + python_str(hosts) + " Hosts: ['" + hosted +
           "'] process_per_hosts: " + processes + " num_processes: " + total);
  log.info("Network interface name: " + interface);

  Command out;
  const auto mpirun = variables.find_program("mpirun");
  if (!mpirun)
    return refuse("This job asks for MPI (hyperparameter sagemaker_mpi_enabled), and there is no "
                  "mpirun here. Install Open MPI on this machine (openmpi-bin), and mpi4py in the "
                  "environment.");
  out.program = *mpirun;
  std::vector<std::string> argv{"mpirun", "--host", hosted, "-np", total};
  for (auto& option : fixed_options(interface, options))
    argv.push_back(std::move(option));
  argv.insert(argv.end(), options.additional.begin(), options.additional.end());
  add_variables(environment, names, variables, argv);
  for (const auto& word : argv)
    out.argv.push_back(TRY(to_system(word)));
  if (kind == EntryPointKind::python_program)
    script.erase(script.begin() +
                 1);  // the "--" is Python's, and mpi4py's own would be an argument
  if (kind != EntryPointKind::command)  // an exception in one process then ends all
    script.insert(script.begin() + 1, {"-m", "mpi4py"});
  out.argv.insert(out.argv.end(), script.begin(), script.end());
  return out;
}

}  // namespace trainyard::toolkit
