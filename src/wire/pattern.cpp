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

struct Compiled {
  std::unique_ptr<re2::RE2> expression;
  bool refuses_aws_prefix = false, refuses_last_hyphen = false;
};

// True if `part` was in `text`, where `instead` is now.
bool replace(std::string& text, std::string_view part, std::string_view instead) {
  bool found = false;
  for (auto at = text.find(part); at != std::string::npos;
       at = text.find(part, at + instead.size())) {
    text.replace(at, part.size(), instead);
    found = true;
  }
  return found;
}

Compiled compile(std::string_view text) {
  Compiled out;
  std::string plain(text);
  // Models look ahead only as "(?!aws:)" in front and behind only as "(?<!-)" at the end: both are
  // dropped from the expression and checked beside it.
  out.refuses_aws_prefix = replace(plain, "(?!aws:)", "");
  out.refuses_last_hyphen = replace(plain, "(?<!-)", "");
  replace(plain, "\\p{Alnum}", "a-zA-Z0-9");  // Java's name for it, only used within brackets
  // RE2 counts to 1,000. Who writes this bounds the whole member's length by 2,048 as well.
  replace(plain, "{1,2048}", "+");
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
  if (compiled->refuses_last_hyphen && text.ends_with('-')) return false;
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled->expression);
}

}  // namespace trainyard::wire
