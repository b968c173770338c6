#include "service/api/operation/masking.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::api {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_upper(c) || is_lower(c) || is_digit(c);
}

// "awsSecretKey", "AWS_SECRET_KEY", "aws-secret.key" -> "aws", "secret", "key"
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> out;
  char before = '_';
  for (const char c : name) {
    const bool begins =
        is_alphanumeric(c) && (!is_alphanumeric(before) || (is_upper(c) && !is_upper(before)));
    if (begins) out.emplace_back();
    if (is_alphanumeric(c)) out.back() += char(std::tolower(static_cast<unsigned char>(c)));
    before = c;
  }
  return out;
}

template <std::size_t N>
bool ends_in_one(std::string_view word, const std::array<std::string_view, N>& ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view end) { return word.ends_with(end); });
}

// Runs of these are looked at as a whole.
bool is_base64(char c) {
  return is_alphanumeric(c) || c == '+' || c == '/';
}

bool is_access_key_id(std::string_view run) {
  return run.size() == 20 && (run.starts_with("AKIA") || run.starts_with("ASIA")) &&
         std::all_of(run.begin(), run.end(), [](char c) { return is_upper(c) || is_digit(c); });
}

// A hash in hexadecimal has no letters of both kinds.
bool may_be_secret_key(std::string_view run) {
  return run.size() == 40 && std::any_of(run.begin(), run.end(), is_upper) &&
         std::any_of(run.begin(), run.end(), is_lower) &&
         std::any_of(run.begin(), run.end(), is_digit);
}

bool holds_aws_key(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_base64(text[end]))
      ++end;
    const auto run = text.substr(at, end - at);
    if (is_access_key_id(run) || may_be_secret_key(run)) return true;
    at = end + 1;
  }
  return false;
}

// "scheme://user:password@host"
bool holds_password_url(std::string_view text) {
  for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 3)) {
    const auto rest = text.substr(at + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?# \t\n\"'"));
    const auto last = authority.rfind('@');
    const auto colon = authority.find(':');
    if (last != authority.npos && colon < last && colon + 1 < last) return true;
  }
  return false;
}

bool holds_known_token(std::string_view text) {
  constexpr std::array<std::string_view, 9> fronts{"hf_", "ghp_",  "gho_",  "github_pat_", "glpat-",
                                                   "sk-", "xoxb-", "xoxp-", "npm_"};
  constexpr std::size_t least = 16;  // letters behind it
  return std::any_of(fronts.begin(), fronts.end(), [&](std::string_view front) {
    for (auto at = text.find(front); at != text.npos; at = text.find(front, at + 1)) {
      std::size_t end = at + front.size();
      while (end < text.size() &&
             (is_alphanumeric(text[end]) || text[end] == '_' || text[end] == '-'))
        ++end;
      const bool begins = at == 0 || !is_alphanumeric(text[at - 1]);
      if (begins && end - at >= front.size() + least) return true;
    }
    return false;
  });
}

// {"db_password": "x"}, also as a text in JSON: {\"db_password\": \"x\"}
bool holds_secret_member(std::string_view text) {
  for (auto colon = text.find(':'); colon != text.npos; colon = text.find(':', colon + 1)) {
    auto end = text.find_last_not_of(" \t\n", colon == 0 ? 0 : colon - 1);
    if (colon == 0 || end == text.npos || text[end] != '"') continue;
    if (end > 0 && text[end - 1] == '\\') --end;
    const auto quote = end == 0 ? text.npos : text.rfind('"', end - 1);
    if (quote != text.npos && is_secret_name(text.substr(quote + 1, end - quote - 1))) return true;
  }
  return false;
}

// Masks what it is given, and keeps what that was.
struct Masking {
  std::vector<std::string> secrets;

  void hide(std::string& value, std::size_t begin = 0) {
    secrets.push_back(value.substr(begin));
    value = value.substr(0, begin) + mask;
  }
  void values(std::optional<std::map<std::string, std::string>>& values) {
    if (!values) return;
    for (auto& [name, value] : *values)
      if (is_secret_name(name) || is_secret_value(value)) hide(value);
  }
  void arguments(std::vector<std::string>& arguments);
  void text(std::string& text) const;
};

// "--api-key=x", "API_KEY=x", and what stands behind "--api-key".
void Masking::arguments(std::vector<std::string>& arguments) {
  bool is_next = false;
  for (auto& argument : arguments) {
    const auto equals = argument.find('=');
    const bool is_option = argument.starts_with('-') && !is_next;
    const bool is_named = equals != argument.npos && is_secret_name(argument.substr(0, equals));
    const bool asks = is_option && equals == argument.npos && is_secret_name(argument);
    if (is_next || is_secret_value(argument))
      hide(argument, is_named && !is_next ? equals + 1 : 0);
    else if (is_named)
      hide(argument, equals + 1);
    is_next = asks;
  }
}

// A hyperparameter is JSON, and told of without: "\"x\"" is x in a command.
void Masking::text(std::string& text) const {
  constexpr std::size_t least = 4;  // shorter ones are in every sentence
  for (std::string_view secret : secrets) {
    if (secret.size() > 2 && secret.starts_with('"') && secret.ends_with('"'))
      secret = secret.substr(1, secret.size() - 2);
    if (secret.size() < least) continue;
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at))
      text.replace(at, secret.size(), mask);
  }
}

}  // namespace

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 12> ends{
      "password", "passwords", "passwd", "passphrase", "pwd",         "secret",
      "secrets",  "token",     "auth",   "credential", "credentials", "apikey"};
  constexpr std::array<std::string_view, 2> last_ends{"key", "keys"};
  const auto words = words_of(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return ends_in_one(word, ends); }) ||
         (!words.empty() && ends_in_one(words.back(), last_ends));
}

bool is_secret_value(std::string_view value) {
  const bool has_private_key =
      value.find("-----BEGIN") != value.npos && value.find("PRIVATE KEY-----") != value.npos;
  return has_private_key || holds_aws_key(value) || holds_password_url(value) ||
         holds_known_token(value) || holds_secret_member(value);
}

void mask_secrets(wire::CreateTrainingJobRequest& request,
                  std::initializer_list<std::string*> texts) {
  Masking masking;
  masking.values(request.HyperParameters);
  masking.values(request.Environment);
  if (request.AlgorithmSpecification && request.AlgorithmSpecification->ContainerArguments)
    masking.arguments(*request.AlgorithmSpecification->ContainerArguments);
  if (request.AlgorithmSpecification && request.AlgorithmSpecification->ContainerArguments)
    for (std::string& argument : *request.AlgorithmSpecification->ContainerArguments)
      masking.text(argument);
  for (std::string* text : texts)
    masking.text(*text);
}

}  // namespace trainyard::api
