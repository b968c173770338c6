#include "toolkit/entry_point.hpp"

#include "toolkit/base_directory.hpp"
#include "toolkit/directory.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/python_text.hpp"

#include <climits>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_inner(char c) {
  return is_letter_or_digit(c) || c == '.' || c == '_' || c == '+' || c == '-';
}

std::vector<std::string_view> segments(std::string_view name) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t slash = name.find('/');
    out.push_back(name.substr(0, slash));
    if (slash == name.npos) return out;
    name.remove_prefix(slash + 1);
  }
}

// [A-Za-z0-9._][A-Za-z0-9._+-]*(/[A-Za-z0-9._+-]+)*, and as Python's $ has it, one final newline.
bool is_safe(std::string_view name) {
  if (name.ends_with('\n')) name.remove_suffix(1);
  if (name.empty() || name[0] == '-' || name[0] == '+') return false;
  const auto all = segments(name);
  return std::all_of(all.begin(), all.end(), [](std::string_view segment) {
    return !segment.empty() && std::all_of(segment.begin(), segment.end(), is_inner);
  });
}

// What is wrong with a name that is_safe() refuses.
std::string objection(std::string_view name) {
  std::set<std::string> unsupported;
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view before = rest;
    take_code_point(rest);
    const std::string_view c = before.substr(0, before.size() - rest.size());
    if (c.size() > 1 || !(is_inner(c[0]) || c[0] == '/')) unsupported.emplace(c);
  }
  if (!unsupported.empty()) {
    std::string list;
    for (const std::string& c : unsupported)
      list += (list.empty() ? "" : ", ") + python_repr(std::string_view(c));
    return "the character(s) " + list;
  }
  if (name.starts_with('-')) return "a leading '-', which is read as a command-line option";
  if (name.starts_with('/')) return "a leading '/', which makes it an absolute path";
  return "an unsupported character at the start of the name";
}

}  // namespace

EntryPointKind kind_of_entry_point(const std::string& name, const std::string& code) {
  if (name.ends_with(".sh")) return EntryPointKind::command;
  struct stat st{};
  if (::lstat(join_path(code, "setup.py").c_str(), &st) == 0) return EntryPointKind::python_package;
  return name.ends_with(".py") ? EntryPointKind::python_program : EntryPointKind::command;
}

Result<> check_entry_point_name(const std::string& name) {
  if (name.empty())
    return refuse("The training entry point name is empty. Set the 'sagemaker_program' "
                  "hyperparameter (or ContainerEntrypoint) to the name of the script to run, "
                  "relative to your source directory -- for example 'train.py' or 'train.sh'.");
  const std::string quoted = python_repr(std::string_view(name));
  if (!is_safe(name))
    return refuse("The training entry point " + quoted + " cannot be used because it contains " +
                  objection(name) +
                  ". Rename the script so its name contains only letters, digits, '.', '_', "
                  "'+', '-' and '/', and does not start with '-' or '/', then set the "
                  "'sagemaker_program' hyperparameter (or ContainerEntrypoint) to the new name "
                  "-- for example 'train.py' or 'bin/train.sh'.");
  for (const std::string_view segment : segments(name))
    if (segment == "." || segment == "..")
      return refuse("The training entry point " + quoted +
                    " cannot be used because it contains '.' or '..' path segments. The entry "
                    "point must be a path inside your source directory. Set the "
                    "'sagemaker_program' hyperparameter (or ContainerEntrypoint) to a path "
                    "relative to that directory -- for example 'train.py' or 'bin/train.sh'.");
  return {};
}

Result<> make_executable(const std::string& name, const std::string& code) {
  const std::string directory = real_path(code), path = join_path(code, name);
  const std::string target = real_path(path);
  struct stat st{};
  if (target.empty()) return fail_errno("make the entry point " + path + " executable");
  if (!target.starts_with(directory + "/"))
    return refuse("The training entry point " + python_repr(std::string_view(name)) +
                  " resolves to a location outside your source directory. Set the "
                  "'sagemaker_program' hyperparameter (or ContainerEntrypoint) to a path inside "
                  "that directory -- for example 'train.py' or 'bin/train.sh'.");
  if (::stat(target.c_str(), &st) == 0 && S_ISDIR(st.st_mode))
    return refuse("The training entry point " + python_repr(std::string_view(name)) +
                  " is a directory, which cannot be run. Set the 'sagemaker_program' "
                  "hyperparameter (or ContainerEntrypoint) to a file of your source directory -- "
                  "for example 'train.py' or 'bin/train.sh'.");
  if (::chmod(target.c_str(), 0777) != 0)
    return fail_errno("make the entry point " + path + " executable");
  return {};
}

Result<std::vector<std::string>> entry_point_command(EntryPointKind kind, const std::string& name,
                                                     const std::string& python,
                                                     const std::vector<std::string>& arguments) {
  if (kind == EntryPointKind::command) {
    std::string line = "./" + shell_quote(name) + " ";
    std::string_view between;
    for (const std::string& argument : arguments) {
      line += between;
      line += shell_quote(argument);
      between = " ";
    }
    return std::vector<std::string>{"/bin/sh", "-c", TRY(to_system(line))};
  }
  std::vector<std::string> out = {python};
  if (kind == EntryPointKind::python_package) {
    const bool has_suffix = name.ends_with(".py");
    out.insert(out.end(), {"-m", has_suffix ? name.substr(0, name.size() - 3) : name});
  } else {
    out.insert(out.end(), {"--", name});
  }
  for (const std::string& argument : arguments)
    out.push_back(TRY(to_system(argument)));
  return out;
}

}  // namespace trainyard::toolkit
