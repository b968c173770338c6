#pragma once
/// Starting a script by Open MPI's mpirun on one host: what `distribution={"mpi": {"enabled":
/// True}}` asks for.
///
/// Source: sagemaker-training 5.1.4, mpi.py and runner.py; order, options and messages are its own.
/// What it does for other hosts (ssh, files that tell the end, half a minute's wait) has no place
/// on one, and its library that makes up a host name none where the name is the host's.

#include "toolkit/child.hpp"
#include "toolkit/entry_point.hpp"
#include "toolkit/environment.hpp"
#include "toolkit/log_lines.hpp"
#include "toolkit/variables.hpp"

#include <string>
#include <vector>

namespace trainyard::toolkit {

inline constexpr std::string_view mpi_flag = "sagemaker_mpi_enabled";

/// The command for `script`, which is what would be run without MPI; Python's has mpi4py put before
/// it. `names` are the variables that each process gets. More than one host, and a machine without
/// mpirun, are the user's error.
Result<Command> mpi_command(const TrainingEnvironment& environment, EntryPointKind kind,
                            std::vector<std::string> script, const std::vector<std::string>& names,
                            const Variables& variables, const LogLines& log);

/// `sagemaker_mpi_custom_mpi_options` taken apart: what is mpirun's, in order, and the value of
/// --NCCL_DEBUG, which may be shortened. Pure.
struct MpiOptions {
  std::vector<std::string> additional;
  std::string nccl_debug = "INFO";
};
Result<MpiOptions> parse_mpi_options(std::string_view text);

}  // namespace trainyard::toolkit
