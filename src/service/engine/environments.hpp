#pragma once
/// Which Python environment of this machine answers an image URI. Looking at an environment reads
/// files; choosing one is pure.

#include "base/result.hpp"
#include "base/settings.hpp"
#include "wire/instance/spec.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::engine {

/// A Python environment as found on disk, or a whole root, which may be without Python.
struct PythonEnvironment {
  std::string name;                 ///< of the settings, or what it is: "venv /home/kim/.venv"
  std::filesystem::path python;     ///< its interpreter
  std::vector<std::string> mounts;  ///< directories a container needs to see to run it
  std::string python_version;       ///< "3.11"
  std::map<std::string, std::string> frameworks;  ///< module -> version: {"torch", "1.13.1"}
  std::filesystem::path root{};  ///< a whole Linux root that all these paths are in, or ""
  bool is_callers = false;       ///< handed over by whoever asks: people mean the one they are in
};

/// Looks at the environment of an interpreter ("/venv/bin/python") or of a prefix ("/venv").
/// Imports nothing and runs nothing: reads pyvenv.cfg and version files. An error says what is
/// missing.
Result<PythonEnvironment> inspect_environment(const std::filesystem::path& python_or_prefix,
                                              std::string name);

/// Looks at a whole Linux root, in which links lead nowhere else: its Python is the first of
/// /usr/local, /opt/conda, /opt/venv and /usr that has one; it may have none.
Result<PythonEnvironment> inspect_root(const std::filesystem::path& root, std::string name);

/// What an image URI asks for: {"torch", "1.10", "3.8"} of ".../pytorch-training:1.10-gpu-py38".
struct ImageWish {
  std::string module;           ///< "" when no framework is known by that name
  std::string also;             ///< a module besides, better had than not: "transformers"
  std::string version, python;  ///< "" when the tag does not say
};
ImageWish parse_image(std::string_view image);

struct Resolution {
  PythonEnvironment environment;
  std::string sentence;  ///< for the job's log: what was asked for and what runs
};

/// Chooses: the rules first, then of the candidates that have the framework the caller's own, then
/// the closest, earlier ones winning ties. An error of kind `not_found` says what to add.
/// With `strict` a version that differs is an error too.
Result<Resolution> resolve_image(std::string_view image, const std::vector<ImageRule>& rules,
                                 const std::vector<PythonEnvironment>& candidates, bool strict);

/// As texts: a directory is below itself.
bool is_below(const std::filesystem::path& path, const std::filesystem::path& directory);

/// True if `text` fits `glob`, in which * is any text and ? one character.
bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace trainyard::engine
