#include "toolkit/failure.hpp"

#include "os/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr std::array users_errors = {client_error, script_error, install_module_error,
                                     install_requirements_error};

constexpr std::string_view too_big_code = "E2BIG";

// Where the compiler that SageMaker once offered leaves its traces.
constexpr std::array<std::string_view, 4> compiler_paths = {
    "tensorflow/compiler/xla", "tensorflow/compiler/tf2xla", "tensorflow/python/compiler/xla",
    "torch_xla/"};

std::string extra_info(const std::string& status, const std::string& output) {
  const auto is_in_output = [&](std::string_view path) { return output.find(path) != output.npos; };
  if (std::any_of(compiler_paths.begin(), compiler_paths.end(), is_in_output))
    return "SMTrainingCompiler Error: Error occurred in SMTrainingCompiler.";
  return status == "137" ? "OutOfMemory: Process killed by SIGKILL (signal 9)" : "";
}

int exit_code_of(const Error& error) {
  if (error.code == too_big_code) return E2BIG;
  if (error.code != "InternalFailure") return 1;  // not a system call's
  switch (error.kind) {
  case ErrorKind::not_found:
    return ENOENT;
  case ErrorKind::denied:
    return EACCES;
  case ErrorKind::conflict:
    return EEXIST;
  case ErrorKind::limit:
    return ENOSPC;
  default:
    return 1;
  }
}

}  // namespace

Failure refuse(std::string message) {
  return fail(ErrorKind::invalid, std::string(client_error), std::move(message));
}

Failure misconfigured(std::string message) {
  return fail(ErrorKind::invalid, "InvalidConfiguration", std::move(message));
}

Failure too_big(std::string message) {
  return fail(ErrorKind::limit, std::string(too_big_code), std::move(message));
}

Failure command_failed(std::string_view error_class, const std::string& status,
                       const std::string& output, const std::vector<std::string>& command) {
  std::string joined;
  for (const std::string& word : command)
    joined += (joined.empty() ? "" : " ") + word;
  const std::string extra = extra_info(status, output);
  std::string text =
      std::string(error_class) + ":\nExitCode " + status + "\nErrorMessage \"" + output + "\"\n";
  if (!extra.empty()) text += "ExtraInfo \"" + extra + "\"\n";
  text += "Command \"" + joined + "\"";
  return fail(ErrorKind::invalid, std::string(error_class), std::move(text));
}

Verdict verdict_on(const Error& error) {
  const bool is_users =
      std::find(users_errors.begin(), users_errors.end(), error.code) != users_errors.end();
  if (is_users) return {error.message, 1};
  return {"Framework Error: \n" + error.message, exit_code_of(error)};
}

Result<> write_failure(const BaseDirectory& at, std::string_view text, const LogLines& log) {
  const std::string path = at.failure_file();
  if (::access(path.c_str(), F_OK) == 0) {
    log.info("Failure file exists. Skipping creation....");
    return {};
  }
  return os::write_file(path, text, 0666);
}

Result<> write_success(const BaseDirectory& at) {
  return os::write_file(at.success_file(), "", 0666);
}

}  // namespace trainyard::toolkit
