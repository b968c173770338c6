// Prints the shapes of every operation as the service checks them, read off their fields(): JSON
// that shapes_test.py compares with the model of the installed botocore.

#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/list_training_jobs.hpp"
#include "wire/shapes/logs.hpp"
#include "wire/shapes/stop_training_job.hpp"
#include "wire/shapes/tags.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <type_traits>

namespace trainyard::wire {
namespace {

// Visits a structure's fields(); what it has written is the inside of a JSON object, by member.
struct Printer {
  std::string out;

  template <class T, class... R> void operator()(const char* name, T&, const R&... rules) {
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", quote_json(name),
                       shape<std::remove_const_t<T>>(rules_of(rules...)));
  }

  static std::string told(const Rules& rules) {
    std::string text;
    if (rules.is_required) text += R"(,"required":true)";
    if (rules.length_min) text += fmt::format(R"(,"min":{})", *rules.length_min);
    if (rules.length_max) text += fmt::format(R"(,"max":{})", *rules.length_max);
    if (rules.range_min) text += fmt::format(R"(,"min":{})", *rules.range_min);
    if (rules.range_max) text += fmt::format(R"(,"max":{})", *rules.range_max);
    if (rules.pattern) text += R"(,"pattern":)" + quote_json(rules.pattern);
    if (!rules.values) return text;
    std::string names;
    for (const auto& name : *rules.values)
      names += (names.empty() ? "" : ",") + quote_json(name);
    return text + R"(,"enum":[)" + names + "]";
  }

  template <class T> static std::string shape(const Rules& rules) {
    const auto of = [&rules](const char* type, const std::string& inside) {
      return fmt::format(R"({{"type":"{}"{}{}}})", type, told(rules), inside);
    };
    const auto inner = [](const Rules* its) { return its ? *its : Rules{}; };
    if constexpr (is_optional<T>::value) {
      return shape<typename T::value_type>(rules);
    } else if constexpr (is_list<T>::value) {
      return of("list", R"(,"member":)" + shape<typename T::value_type>(inner(rules.each)));
    } else if constexpr (is_map<T>::value) {
      return of("map", R"(,"key":)" + shape<std::string>(inner(rules.key)) + R"(,"value":)" +
                           shape<typename T::mapped_type>(inner(rules.value)));
    } else if constexpr (is_leaf<T>) {
      return of(std::is_same_v<T, std::string> ? "string"
                : std::is_same_v<T, bool>      ? "boolean"
                : std::is_same_v<T, Time>      ? "timestamp"
                : std::is_same_v<T, double>    ? "double"
                                               : "long",
                "");
    } else {
      Printer members;
      T value{};
      fields(members, value);
      return of("structure", R"(,"members":{)" + members.out + "}");
    }
  }
};

struct Nothing {};
template <class V> void fields(V&, Nothing&) {}

template <class Input, class Output> void print(const char* service, const char* operation) {
  fmt::print("{{\"service\":\"{}\",\"operation\":\"{}\",\"input\":{},\"output\":{}}}\n", service,
             operation, Printer::shape<Input>({}), Printer::shape<Output>({}));
}

void print_all() {
  print<CreateTrainingJobRequest, CreateTrainingJobResponse>("sagemaker", "CreateTrainingJob");
  print<DescribeTrainingJobRequest, DescribeTrainingJobResponse>("sagemaker",
                                                                 "DescribeTrainingJob");
  print<ListTrainingJobsRequest, ListTrainingJobsResponse>("sagemaker", "ListTrainingJobs");
  print<StopTrainingJobRequest, Nothing>("sagemaker", "StopTrainingJob");
  print<AddTagsInput, AddTagsOutput>("sagemaker", "AddTags");
  print<ListTagsInput, ListTagsOutput>("sagemaker", "ListTags");
  print<DescribeLogGroupsRequest, DescribeLogGroupsResponse>("logs", "DescribeLogGroups");
  print<DescribeLogStreamsRequest, DescribeLogStreamsResponse>("logs", "DescribeLogStreams");
  print<GetLogEventsRequest, GetLogEventsResponse>("logs", "GetLogEvents");
  print<FilterLogEventsRequest, FilterLogEventsResponse>("logs", "FilterLogEvents");
}

}  // namespace
}  // namespace trainyard::wire

int main() {
  trainyard::wire::print_all();
}
