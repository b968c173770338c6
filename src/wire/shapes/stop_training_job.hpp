#pragma once
/// StopTrainingJob. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct StopTrainingJobRequest {
  std::string TrainingJobName;
};
template <class V> void fields(V& v, StopTrainingJobRequest& x) {
  v("TrainingJobName", x.TrainingJobName, required, length(1, 63),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
}

}  // namespace trainyard::wire
