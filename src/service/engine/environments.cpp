#include "service/engine/environments.hpp"

#include "base/closest.hpp"
#include "os/files.hpp"
#include "os/plain_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::engine {
namespace {

namespace fs = std::filesystem;

// What makes a framework: the module that scripts import, and the distributions that bring it.
struct Framework {
  std::string_view module;
  std::array<std::string_view, 4> distributions;
};
constexpr std::array<Framework, 6> frameworks{{
    {"torch", {"torch"}},
    {"tensorflow", {"tensorflow", "tensorflow_cpu", "tensorflow_gpu", "tensorflow_intel"}},
    {"transformers", {"transformers"}},
    {"sklearn", {"scikit_learn"}},
    {"xgboost", {"xgboost", "xgboost_cpu"}},
    {"mxnet", {"mxnet", "mxnet_cu112", "mxnet_cu110"}},
}};

// The service's framework images by their repository's name; `also` is what they bring besides.
struct FrameworkImage {
  std::string_view repository, module, also;
};
constexpr std::array<FrameworkImage, 11> images{{
    {"pytorch-training", "torch", ""},
    {"sagemaker-pytorch", "torch", ""},
    {"huggingface-pytorch-training", "torch", "transformers"},
    {"huggingface-pytorch-trcomp-training", "torch", "transformers"},
    {"tensorflow-training", "tensorflow", ""},
    {"sagemaker-tensorflow-scriptmode", "tensorflow", ""},
    {"huggingface-tensorflow-training", "tensorflow", "transformers"},
    {"sagemaker-scikit-learn", "sklearn", ""},
    {"sagemaker-xgboost", "xgboost", ""},
    {"mxnet-training", "mxnet", ""},
    {"sagemaker-mxnet", "mxnet", ""},
}};

// The value of `key = value` in a pyvenv.cfg, or "".
std::string venv_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto trim = [](std::string_view s) {
      while (s.starts_with(' '))
        s.remove_prefix(1);
      while (s.ends_with(' ') || s.ends_with('\r'))
        s.remove_suffix(1);
      return s;
    };
    if (trim(line.substr(0, equals)) == key) return std::string(trim(line.substr(equals + 1)));
  }
  return "";
}

// Where paths are looked at: on this machine, or in a root of somebody's, out of which no link
// leads and whose files may be anything.
class Place {
public:
  explicit Place(fs::path root = {}) : root_(std::move(root)) {}
  const fs::path& root() const { return root_; }

  Result<std::string> text(const fs::path& file, std::size_t bytes_max) const {
    return root_.empty() ? os::read_file(file, bytes_max)
                         : os::read_in_root(root_, file, bytes_max);
  }
  std::vector<std::string> names(const fs::path& directory) const {
    const std::vector<std::string> none;
    if (root_.empty()) return os::list_directory(directory).value_or(none);
    const auto fd = os::open_in_root(root_, directory, O_RDONLY | O_DIRECTORY);
    return fd ? os::list_directory(seen(*fd)).value_or(none) : none;
  }
  // A program without its chain of links; "" where there is none. Of an interpreter the name says
  // the version, the place the base prefix.
  fs::path program(const fs::path& path) const {
    std::error_code ec;
    if (root_.empty())
      return ::access(path.c_str(), X_OK) == 0 ? fs::canonical(path, ec) : fs::path();
    const auto fd = os::open_in_root(root_, path, O_PATH), all = os::open_file(root_, O_PATH);
    struct stat st{};
    if (!fd || !all || ::fstat(fd->get(), &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
      return {};
    const fs::path below =
        fs::read_symlink(seen(*fd), ec).lexically_relative(fs::read_symlink(seen(*all), ec));
    return ec ? fs::path() : "/" / below;
  }

private:
  static std::string seen(const os::Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }
  fs::path root_;
};

// `__version__ = '1.13.1'` in torch/version.py and its like.
std::string version_in(const Place& place, const fs::path& file) {
  const auto text = place.text(file, 1u << 20);
  if (!text) return "";
  const auto at = text->find("__version__");
  const auto open = text->find_first_of("'\"", at);
  const auto close = text->find_first_of("'\"", open == std::string::npos ? open : open + 1);
  if (at == std::string::npos || close == std::string::npos) return "";
  return text->substr(open + 1, close - open - 1);
}

// "scikit_learn" and "1.2.0" of "scikit_learn-1.2.0.dist-info" and "...-py3.11.egg-info".
std::pair<std::string, std::string> distribution_of(std::string_view entry) {
  for (const std::string_view end : {".dist-info", ".egg-info"})
    if (entry.ends_with(end)) {
      entry.remove_suffix(end.size());
      const auto dash = entry.find('-');
      if (dash == std::string_view::npos) return {};
      std::string name(entry.substr(0, dash));
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c == '.' || c == '-' ? '_' : c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
      });
      const std::string_view version = entry.substr(dash + 1);
      return {std::move(name), std::string(version.substr(0, version.find('-')))};
    }
  return {};
}

void find_frameworks(const Place& place, const fs::path& packages, PythonEnvironment& out) {
  std::map<std::string, std::string, std::less<>> installed;
  for (const auto& name : place.names(packages))
    installed.insert(distribution_of(name));
  for (const auto& framework : frameworks) {
    const std::string module(framework.module);
    std::string version = version_in(place, packages / module / "version.py");
    for (const auto& distribution : framework.distributions)
      if (const auto it = installed.find(distribution); version.empty() && it != installed.end())
        version = it->second;
    if (!version.empty()) out.frameworks.try_emplace(module, version);
  }
}

// The X.Y of "python3.11" or of pyvenv.cfg's "3.11.7".
std::string minor_of(std::string_view text) {
  const auto dot = text.find('.');
  const auto end =
      text.find_first_not_of("0123456789", dot == std::string_view::npos ? 0 : dot + 1);
  auto begin = dot;
  while (begin > 0 && begin != std::string_view::npos && text[begin - 1] >= '0' &&
         text[begin - 1] <= '9')
    --begin;
  return dot == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin));
}

std::vector<int> numbers(std::string_view version) {
  std::vector<int> out;
  while (!version.empty()) {
    int n = 0;
    const auto [end, ec] = std::from_chars(version.data(), version.data() + version.size(), n);
    if (ec != std::errc()) break;
    out.push_back(n);
    version.remove_prefix(std::size_t(end - version.data()));
    if (!version.starts_with('.')) break;
    version.remove_prefix(1);
  }
  return out;
}

// How far `have` is from `wanted`: 0 when it agrees as far as the wish goes; the first number that
// differs weighs most.
long distance(std::string_view wanted, std::string_view have) {
  const auto w = numbers(wanted), h = numbers(have);
  long weight = 1'000'000, out = 0;
  for (std::size_t i = 0; i < w.size(); ++i, weight /= 1000)
    out += weight * std::abs(w[i] - (i < h.size() ? h[i] : 0));
  return out;
}

Failure rule_without_environment(std::string_view image, const ImageRule& rule,
                                 const std::vector<PythonEnvironment>& candidates) {
  std::vector<std::string_view> names;
  for (const auto& candidate : candidates)
    names.push_back(candidate.name);
  const auto nearest = closest(rule.environment, names);
  return fail(
      ErrorKind::not_found, "ValidationException",
      fmt::format(
          "image {}: the rule \"{}\" names environment '{}', which is not known here{}; add "
          "it: trainyard envs add {} --python VENV",
          image, rule.match, rule.environment,
          nearest.empty() ? "" : fmt::format(" (the closest is '{}')", nearest), rule.environment));
}

// What is known of an interpreter, `real` behind its links: by its files alone.
PythonEnvironment look_at_python(const Place& place, const fs::path& python, const fs::path& real,
                                 std::string name) {
  PythonEnvironment out{std::move(name), python, {}, minor_of(real.filename().string()), {},
                        place.root()};
  const fs::path prefix = python.parent_path().parent_path();
  const fs::path base = real.parent_path().parent_path();
  const auto config = place.text(prefix / "pyvenv.cfg", 1u << 16);
  const bool is_own_root = !place.root().empty();  // which shows all of it
  if (!is_own_root && !is_below(prefix, "/usr") && prefix != "/usr" && prefix != "/")
    out.mounts.push_back(prefix);
  if (!is_own_root && !is_below(base, "/usr") && base != "/usr" && base != "/" && base != prefix)
    out.mounts.push_back(base);
  const std::string lib = "lib/python" + out.python_version;
  find_frameworks(place, prefix / lib / "site-packages", out);
  if (!config || venv_value(*config, "include-system-site-packages") == "true") {
    find_frameworks(place, base / lib / "site-packages", out);
    find_frameworks(place, "/usr/local" / fs::path(lib) / "dist-packages", out);
    if (base == "/usr") find_frameworks(place, "/usr/lib/python3/dist-packages", out);
  }
  return out;
}

}  // namespace

bool is_below(const fs::path& path, const fs::path& directory) {
  const auto relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

Result<PythonEnvironment> inspect_environment(const fs::path& python_or_prefix, std::string name) {
  std::error_code ec;
  const bool is_prefix = fs::is_directory(python_or_prefix, ec);
  const fs::path python = is_prefix ? python_or_prefix / "bin/python3" : python_or_prefix;
  const Place machine;
  const fs::path real = machine.program(python);
  if (real.empty())
    return fail(ErrorKind::not_found, "ValidationException",
                "look at the Python environment " + python_or_prefix.string() +
                    ": there is no interpreter at " + python.string());
  return look_at_python(machine, python, real, std::move(name));
}

Result<PythonEnvironment> inspect_root(const fs::path& root, std::string name) {
  const Place place(root);
  for (const char* prefix : {"/usr/local", "/opt/conda", "/opt/venv", "/usr"}) {
    const fs::path python = fs::path(prefix) / "bin/python3";
    if (const fs::path real = place.program(python); !real.empty())
      return look_at_python(place, python, real, std::move(name));
  }
  const auto top = place.names("/");
  for (const char* programs : {"bin", "usr"})
    if (std::find(top.begin(), top.end(), programs) != top.end())
      return PythonEnvironment{std::move(name), "", {}, "", {}, root};
  return fail(
      ErrorKind::not_found, "ValidationException",
      "look at the root " + root.string() +
          ": neither bin nor usr is in it; unpack the whole file system of a container there");
}

ImageWish parse_image(std::string_view image) {
  ImageWish out;
  const auto slash = image.rfind('/');
  std::string_view rest = slash == std::string_view::npos ? image : image.substr(slash + 1);
  const auto colon = rest.find(':');
  const std::string_view repository = rest.substr(0, colon);
  for (const auto& known : images)
    if (repository == known.repository) {
      out.module = known.module;
      out.also = known.also;
    }
  if (out.module.empty() || colon == std::string_view::npos) return out;
  for (std::string_view tag = rest.substr(colon + 1); !tag.empty();) {
    const auto part = tag.substr(0, tag.find('-'));
    tag.remove_prefix(std::min(tag.size(), part.size() + 1));
    if (out.version.empty() && !part.empty() && part[0] >= '0' && part[0] <= '9')
      out.version = part;
    if (part.starts_with("py") && part.size() >= 4)
      out.python = std::string(part.substr(2, 1)) + "." + std::string(part.substr(3));
  }
  return out;
}

bool glob_matches(std::string_view glob, std::string_view text) {
  // Greedy with one point to go back to: linear in practice, quadratic at worst.
  std::size_t g = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t]))
      ++g, ++t;
    else if (g < glob.size() && glob[g] == '*')
      star = g++, mark = t;
    else if (star != std::string_view::npos)
      g = star + 1, t = ++mark;
    else
      return false;
  }
  while (g < glob.size() && glob[g] == '*')
    ++g;
  return g == glob.size();
}

Result<Resolution> resolve_image(std::string_view image, const std::vector<ImageRule>& rules,
                                 const std::vector<PythonEnvironment>& candidates, bool strict) {
  for (const auto& rule : rules) {
    if (!glob_matches(rule.match, image)) continue;
    for (const auto& candidate : candidates)
      if (candidate.name == rule.environment)
        return Resolution{candidate, fmt::format("image {}: by the rule \"{}\" runs environment {}",
                                                 image, rule.match, rule.environment)};
    return rule_without_environment(image, rule, candidates);
  }
  const ImageWish wish = parse_image(image);
  if (wish.module.empty())
    return fail(
        ErrorKind::not_found, "ValidationException",
        fmt::format("image {}: no rule covers it and it is no framework image known here. Add to "
                    "the settings: [[images]] match = \"{}\", environment = \"NAME\" with "
                    "`trainyard envs add NAME --python VENV`, or [environments.NAME] python = "
                    "\"/path/to/bin/python\"",
                    image, image));
  const PythonEnvironment* best = nullptr;
  long best_distance = 0;
  constexpr long lacks_also = 1'000'000'000'000;
  for (const auto& candidate : candidates) {
    const auto it = candidate.frameworks.find(wish.module);
    if (it == candidate.frameworks.end()) continue;
    const bool lacks = !wish.also.empty() && !candidate.frameworks.contains(wish.also);
    const long d = distance(wish.version, it->second) * 1000 +
                   distance(wish.python, candidate.python_version) / 1000 + lacks * lacks_also;
    const bool is_better =
        !best || candidate.is_callers || (!best->is_callers && d < best_distance);
    if (!is_better) continue;
    best = &candidate;
    best_distance = d;
  }
  if (!best)
    return fail(ErrorKind::not_found, "ValidationException",
                fmt::format("image {}: no Python environment with '{}' is known here. Install it "
                            "({}pip in a venv that you run `trainyard run` from), or name one: "
                            "`trainyard envs add NAME --python VENV`, or [environments.NAME] "
                            "python = \"/path/to/bin/python\"",
                            image, wish.module,
                            wish.module == "torch" ? "apt-get install python3-torch, or " : ""));
  const std::string& version = best->frameworks.at(wish.module);
  if (strict && best_distance != 0)
    return fail(
        ErrorKind::not_found, "ValidationException",
        fmt::format("image {}: strict_images is set and the closest environment, {}, has {} {} "
                    "on Python {}",
                    image, best->name, wish.module, version, best->python_version));
  return Resolution{*best,
                    fmt::format("image {} asks for {} {}{}; here runs {} {} on Python {} ({}){}",
                                image.substr(image.rfind('/') + 1), wish.module, wish.version,
                                wish.python.empty() ? "" : " on Python " + wish.python, wish.module,
                                version, best->python_version, best->name,
                                best_distance < lacks_also ? "" : ", without " + wish.also)};
}

}  // namespace trainyard::engine
