#include "wire/packages/packages.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trainyard::wire {
namespace {

std::vector<std::string> fields_of(std::string_view message) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < message.size();) {
    const auto end = std::min(message.find('\0', at), message.size());
    out.emplace_back(message.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void add(std::string& out, std::string_view field) {
  out += field;
  out += '\0';
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_url(std::string_view text) {
  constexpr std::array<std::string_view, 4> schemes{"http://", "https://", "git+http://",
                                                    "git+https://"};
  return std::any_of(schemes.begin(), schemes.end(),
                     [&](std::string_view scheme) { return text.starts_with(scheme); });
}

// Options of a line of its own that name no file.
bool is_plain_option(std::string_view line) {
  static constexpr std::array<std::string_view, 9> plain{
      "--no-index", "--pre",          "--prefer-binary",  "--no-binary",  "--only-binary",
      "--hash",     "--trusted-host", "--require-hashes", "--use-feature"};
  static constexpr std::array<std::string_view, 5> of_urls{"-i", "--index-url", "--extra-index-url",
                                                           "-f", "--find-links"};
  const auto end = line.find_first_of(" =\t");
  const std::string_view name = line.substr(0, end);
  if (std::find(plain.begin(), plain.end(), name) != plain.end()) return true;
  return std::find(of_urls.begin(), of_urls.end(), name) != of_urls.end() && end != line.npos &&
         is_url(trim(line.substr(end + 1)));
}

// A second option on the line, but a hash, may be anything.
bool has_more_options(std::string_view line) {
  for (auto at = line.find_first_of(" \t"); at != line.npos; at = line.find_first_of(" \t", at + 1))
    if (const auto rest = trim(line.substr(at));
        rest.starts_with('-') && !rest.starts_with("--hash"))
      return true;
  return false;
}

// A variable of pip's that is not of what it installs.
bool changes_nothing(std::string_view name) {
  static constexpr std::array<std::string_view, 12> names{"PIP_DISABLE_PIP_VERSION_CHECK",
                                                          "PIP_ROOT_USER_ACTION",
                                                          "PIP_NO_INPUT",
                                                          "PIP_QUIET",
                                                          "PIP_VERBOSE",
                                                          "PIP_PROGRESS_BAR",
                                                          "PIP_NO_COLOR",
                                                          "PIP_CACHE_DIR",
                                                          "PIP_NO_CACHE_DIR",
                                                          "PIP_NO_WARN_SCRIPT_LOCATION",
                                                          "PIP_BREAK_SYSTEM_PACKAGES",
                                                          "PIP_LOG"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_yes(std::string_view value) {
  static constexpr std::array<std::string_view, 5> no{"0", "n", "no", "off", "false"};
  return std::none_of(no.begin(), no.end(), [&](std::string_view word) {
    return std::equal(word.begin(), word.end(), value.begin(), value.end(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? char(b - 'A' + 'a') : b);
    });
  });
}

// "UV_NAME=value" of one of pip's variables, or nothing.
std::optional<std::string> form_for_uv(std::string_view name, std::string value) {
  struct Form {
    std::string_view pip, uv;
    char separator = 0;  // of a list, where pip's has blanks; 0: it is none
  };
  static constexpr std::array<Form, 9> forms{{{"PIP_INDEX_URL", "UV_DEFAULT_INDEX"},
                                              {"PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", ' '},
                                              {"PIP_FIND_LINKS", "UV_FIND_LINKS", ','},
                                              {"PIP_TRUSTED_HOST", "UV_INSECURE_HOST", ' '},
                                              {"PIP_CONSTRAINT", "UV_CONSTRAINT", ' '},
                                              {"PIP_RETRIES", "UV_HTTP_RETRIES"},
                                              {"PIP_TIMEOUT", "UV_HTTP_TIMEOUT"},
                                              {"PIP_DEFAULT_TIMEOUT", "UV_HTTP_TIMEOUT"},
                                              {"PIP_CERT", "SSL_CERT_FILE"}}};
  const auto* form =
      std::find_if(forms.begin(), forms.end(), [&](const Form& f) { return f.pip == name; });
  if (form == forms.end()) return {};
  const bool is_list = value.find_first_of(" \t\n") != value.npos;
  if (is_list && form->separator == 0) return {};
  if (form->separator == ',' && value.find(',') != value.npos) return {};
  std::string out = std::string(form->uv) + "=";
  for (const char c : value) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\n';
    const char put = is_blank ? form->separator : c;
    if (!is_blank || out.back() != put) out += put;
  }
  return out;
}

// "name[extra] >= 1; marker" or "name @ https://...".
bool is_plain_requirement(std::string_view line) {
  if (is_url(line)) return true;
  const std::string_view name = line.substr(0, line.find_first_of(" \t;=<>!~[@("));
  constexpr std::array<std::string_view, 6> archives{".whl", ".zip", ".gz", ".tgz", ".bz2", ".xz"};
  const bool is_file = std::any_of(archives.begin(), archives.end(),
                                   [&](std::string_view end) { return name.ends_with(end); });
  if (name.empty() || name.find('/') != name.npos || name[0] == '.' || is_file) return false;
  const auto at = line.find('@');
  return at == line.npos || is_url(trim(line.substr(at + 1)));
}

}  // namespace

std::string encode_packages(const PackagesRequest& request) {
  std::string out;
  add(out, request.requirements);
  for (const auto& variable : request.variables)
    add(out, variable);
  return out;
}

std::string encode_packages(const PackagesAnswer& answer) {
  std::string out;
  add(out, answer.kind == PackagesAnswer::Kind::ready ? "ready"
           : answer.kind == PackagesAnswer::Kind::own ? "own"
                                                      : "failed");
  add(out, std::to_string(answer.exit_code));
  add(out, answer.directory);
  add(out, answer.text);
  return out;
}

PackagesRequest decode_packages_request(std::string_view message) {
  auto fields = fields_of(message);
  PackagesRequest out;
  if (fields.empty()) return out;
  out.requirements = std::move(fields[0]);
  out.variables.assign(std::make_move_iterator(fields.begin() + 1),
                       std::make_move_iterator(fields.end()));
  return out;
}

PackagesAnswer decode_packages_answer(std::string_view message) {
  auto fields = fields_of(message);
  fields.resize(4);
  PackagesAnswer out;
  if (fields[0] == "ready") out.kind = PackagesAnswer::Kind::ready;
  if (fields[0] == "failed") out.kind = PackagesAnswer::Kind::failed;
  std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), out.exit_code);
  out.directory = std::move(fields[2]);
  out.text = std::move(fields[3]);
  return out;
}

std::vector<std::string> variables_for_pip(std::string_view requirements,
                                           const std::vector<std::string>& variables) {
  static constexpr std::array<std::string_view, 11> known{
      "HTTP_PROXY",    "HTTPS_PROXY",  "NO_PROXY",          "ALL_PROXY",
      "http_proxy",    "https_proxy",  "no_proxy",          "all_proxy",
      "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"};
  std::vector<std::string> out;
  for (const auto& variable : variables) {
    const auto equals = variable.find('=');
    if (equals == variable.npos || equals == 0) continue;
    const std::string name = variable.substr(0, equals);
    if (name.starts_with("PIP_") || std::find(known.begin(), known.end(), name) != known.end() ||
        requirements.find("${" + name + "}") != requirements.npos)
      out.push_back(variable);
  }
  return out;
}

std::optional<UvSettings> settings_for_uv(const std::vector<std::string>& variables) {
  // Of several indexes pip takes the best version of all, and so is uv to.
  UvSettings out{{"UV_INDEX_STRATEGY=unsafe-best-match"}, {}};
  const bool has_cert = std::any_of(variables.begin(), variables.end(), [](const auto& variable) {
    return variable.starts_with("PIP_CERT=") && !trim(std::string_view(variable).substr(9)).empty();
  });
  for (const auto& variable : variables) {
    const auto equals = variable.find('=');
    if (equals == variable.npos) continue;
    const std::string name = variable.substr(0, equals);
    const std::string value(trim(std::string_view(variable).substr(equals + 1)));
    if (value.empty()) continue;
    if (name == "REQUESTS_CA_BUNDLE" && !has_cert)
      out.variables.push_back("SSL_CERT_FILE=" + value);
    if (!name.starts_with("PIP_") || changes_nothing(name)) continue;
    if (name == "PIP_NO_INDEX") {
      if (is_yes(value)) out.options.push_back("--no-index");
      continue;
    }
    auto form = form_for_uv(name, value);
    if (!form) return {};
    out.variables.push_back(std::move(*form));
  }
  return out;
}

std::vector<std::string> requirement_lines(std::string_view text) {
  std::vector<std::string> out(1);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = trim(text.substr(at, end - at));
    at = end + 1;
    if (line.starts_with('#')) continue;
    if (const auto comment = line.find(" #"); comment != line.npos) line = line.substr(0, comment);
    const bool goes_on = line.ends_with('\\');
    if (goes_on) line.remove_suffix(1);
    out.back() += line;
    if (!goes_on) out.emplace_back();
  }
  for (auto& line : out)
    line = trim(line);
  std::erase(out, "");
  return out;
}

std::string unlike_uv(std::string_view requirements) {
  static constexpr std::array<std::string_view, 6> like{"-i", "--index-url",  "--extra-index-url",
                                                        "-f", "--find-links", "--no-index"};
  if (!is_self_contained(requirements)) return "another file in requirements.txt";
  for (const auto& line : requirement_lines(requirements)) {
    const std::string option = line.substr(0, line.find_first_of(" =\t"));
    if (line.starts_with('-') && std::find(like.begin(), like.end(), option) == like.end())
      return option + " in requirements.txt";
    if (line.find("--hash") != line.npos) return "--hash in requirements.txt";
  }
  return "";
}

std::string errors_of_installer(std::string_view output) {
  constexpr std::size_t bytes_max = 2000;
  while (output.ends_with('\n'))
    output.remove_suffix(1);
  // Pip's mark first: what it quotes of others' words may hold uv's.
  for (const std::string_view mark : {"ERROR: ", "error: ", "  \u00d7 "}) {
    const auto at = output.starts_with(mark) ? 0 : output.find("\n" + std::string(mark));
    if (at != output.npos)
      return std::string(cut_utf8(output.substr(at + (output[at] == '\n')), bytes_max));
  }
  return std::string(cut_utf8(output.substr(output.rfind('\n') + 1), bytes_max));
}

bool is_self_contained(std::string_view requirements) {
  const auto lines = requirement_lines(requirements);
  return std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return !has_more_options(line) &&
           (line[0] == '-' ? is_plain_option(line) : is_plain_requirement(line));
  });
}

}  // namespace trainyard::wire
