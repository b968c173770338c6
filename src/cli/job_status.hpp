#pragma once
/// What commands that follow a job ask of it.

#include "cli/connection.hpp"
#include "wire/shapes/describe_training_job.hpp"

#include <string>
#include <string_view>

namespace trainyard::cli {

/// TrainingJobStatus as the service tells it now.
inline Result<std::string> status_of(Connection& service, const std::string& name) {
  wire::DescribeTrainingJobRequest request;
  request.TrainingJobName = name;
  return TRY(service.call<wire::DescribeTrainingJobResponse>("SageMaker.DescribeTrainingJob",
                                                             request))
      .TrainingJobStatus;
}

/// The job has not ended.
inline bool is_running(std::string_view status) {
  return status == "InProgress" || status == "Stopping";
}

}  // namespace trainyard::cli
