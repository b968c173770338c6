#include "wire/pattern.hpp"
#include "wire/shapes/create_training_job.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/list_training_jobs.hpp"
#include "wire/shapes/logs.hpp"
#include "wire/shapes/stop_training_job.hpp"
#include "wire/shapes/tags.hpp"

#include <doctest/doctest.h>

#include <string>

namespace trainyard::wire {
namespace {

// Tries each pattern of a shape and of all within it.
struct Patterns {
  int seen = 0;

  void look(const Rules* rules) {
    if (!rules) return;
    if (rules->pattern) {
      (void)matches(rules->pattern, "x");  // a pattern that cannot be compiled aborts here
      ++seen;
    }
    look(rules->each);
    look(rules->key);
    look(rules->value);
  }
  template <class T, class... R> void operator()(const char*, T& member, const R&... rules) {
    const Rules all = rules_of(rules...);
    look(&all);
    enter(member);
  }
  template <class T> void enter(T&) {
    using Plain = std::remove_const_t<T>;
    if constexpr (is_optional<Plain>::value || is_list<Plain>::value) {
      typename Plain::value_type inner{};
      enter(inner);
    } else if constexpr (!is_leaf<Plain> && !is_map<Plain>::value) {
      Plain inner{};
      fields(*this, inner);
    }
  }
};

template <class T> int patterns_of() {
  Patterns patterns;
  T shape{};
  patterns.enter(shape);
  return patterns.seen;
}

TEST_CASE("every pattern of every shape can be compiled: a request must not find the first one") {
  CHECK(patterns_of<CreateTrainingJobRequest>() > 60);
  CHECK(patterns_of<DescribeTrainingJobResponse>() > 60);
  CHECK(patterns_of<ListTrainingJobsRequest>() >= 3);
  CHECK(patterns_of<ListTrainingJobsResponse>() >= 3);
  CHECK(patterns_of<DescribeTrainingJobRequest>() == 1);
  CHECK(patterns_of<StopTrainingJobRequest>() == 1);
  CHECK(patterns_of<AddTagsInput>() == 3);
  CHECK(patterns_of<ListTagsInput>() == 2);
}

}  // namespace
}  // namespace trainyard::wire
