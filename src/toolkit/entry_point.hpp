#pragma once
/// The user's entry point: what kind it is, whether its name may be used, and the command that runs
/// it.
///
/// Source: sagemaker-training 5.1.4, _entry_point_type.py and process.py; the messages are its own.

#include "base/result.hpp"

#include <string>
#include <vector>

namespace trainyard::toolkit {

enum class EntryPointKind {
  python_package,  ///< the code directory has a setup.py
  python_program,  ///< name.py
  command,         ///< name.sh, and anything else: an executable
};

/// Looks at the name first, then for setup.py in `code`.
EntryPointKind kind_of_entry_point(const std::string& name, const std::string& code);

/// A name must be a plain relative path of harmless characters; the error is the user's.
Result<> check_entry_point_name(const std::string& name);

/// Lets a command be executed (mode 0777). It must lie within `code`, exist, and be no directory.
Result<> make_executable(const std::string& name, const std::string& code);

/// The argument vector. `python` is unused for commands. Text becomes the system's bytes here.
Result<std::vector<std::string>> entry_point_command(EntryPointKind kind, const std::string& name,
                                                     const std::string& python,
                                                     const std::vector<std::string>& arguments);

}  // namespace trainyard::toolkit
