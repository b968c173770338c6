#include "wire/pattern.hpp"

#include "base/result.hpp"

#include <re2/re2.h>

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace trainyard::wire {
namespace {

constexpr std::string_view not_aws_prefix = "(?!aws:)";

struct Compiled {
  std::unique_ptr<re2::RE2> expression;
  bool refuses_aws_prefix = false;
};

Compiled compile(std::string_view text) {
  Compiled out;
  std::string plain(text);
  // Models write look-aheads only as "(?!aws:)" in front: said here, dropped from the expression.
  if (const auto at = plain.find(not_aws_prefix); at != std::string::npos) {
    plain.erase(at, not_aws_prefix.size());
    out.refuses_aws_prefix = true;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  out.expression = std::make_unique<re2::RE2>(plain, options);
  CHECK(out.expression->ok());
  return out;
}

}  // namespace

bool matches(const char* expression, std::string_view text) {
  static std::shared_mutex mutex;
  static std::map<const char*, Compiled> cache;
  const Compiled* compiled = nullptr;
  {
    const std::shared_lock lock(mutex);
    if (const auto it = cache.find(expression); it != cache.end()) compiled = &it->second;
  }
  if (!compiled) {
    const std::unique_lock lock(mutex);
    const auto [it, added] = cache.try_emplace(expression);
    if (added) it->second = compile(expression);
    compiled = &it->second;
  }
  if (compiled->refuses_aws_prefix && text.starts_with("aws:")) return false;
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled->expression);
}

}  // namespace trainyard::wire
