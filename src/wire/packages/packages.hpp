#pragma once
/// What the program inside a container and its agent say of packages: one message each way on
/// packages_socket, with the container's standard output beside the first. Fields end in a NUL.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::wire {

/// Inside: where the agent listens, and where the layers that it gives are.
inline constexpr const char* packages_directory = "/opt/trainyard/packages";
inline constexpr const char* packages_socket = "/opt/trainyard/packages.sock";
/// Of a requirements.txt; messages have an end.
inline constexpr std::size_t requirements_bytes_max = 40u << 10;

struct PackagesRequest {
  std::string requirements;            ///< the file's text
  std::vector<std::string> variables;  ///< "NAME=value": what pip is to be told
};

struct PackagesAnswer {
  enum class Kind {
    ready,   ///< `directory` has them; `text` is a line for the log
    own,     ///< install them yourself; `text` says why
    failed,  ///< pip failed with `exit_code`; `text` is what it said
  };
  Kind kind = Kind::own;
  int exit_code = 0;
  std::string directory;
  std::string text;
};

std::string encode_packages(const PackagesRequest& request);
std::string encode_packages(const PackagesAnswer& answer);
/// What is no such message is an empty request, or an answer of kind `own`.
PackagesRequest decode_packages_request(std::string_view message);
PackagesAnswer decode_packages_answer(std::string_view message);

/// Of "NAME=value" those that pip listens to, and those that `requirements` has it put in
/// ("${NAME}"). Pure.
std::vector<std::string> variables_for_pip(std::string_view requirements,
                                           const std::vector<std::string>& variables);

/// What makes uv do as pip does: "NAME=value", and options of `uv pip install`.
struct UvSettings {
  std::vector<std::string> variables, options;
};
/// Of "NAME=value" what pip listens to, as uv takes it: it has no ear for PIP_ variables. Nothing
/// if one of them has no like in uv; those that change nothing of what is installed are left out.
/// Pure.
std::optional<UvSettings> settings_for_uv(const std::vector<std::string>& variables);

/// What of a requirements.txt uv has no like for, or does in another way: an option, a hash,
/// another file; "" if there is nothing. Pure.
std::string unlike_uv(std::string_view requirements);

/// Of what pip or uv said: from its first line on that tells of an error, or its last line. Pure.
std::string errors_of_installer(std::string_view output);

/// The lines of a requirements.txt as pip reads them: joined at a backslash, trimmed, without
/// comments and empty ones. Pure.
std::vector<std::string> requirement_lines(std::string_view requirements);

/// True if what the file asks for is told by its text alone: packages by name and version or from
/// the network, and options that go with these; no path, no other file. Pure.
bool is_self_contained(std::string_view requirements);

}  // namespace trainyard::wire
