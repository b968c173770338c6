#pragma once
/// ListTrainingJobs. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct ListTrainingJobsRequest {
  std::optional<std::string> NextToken;
  std::optional<std::int64_t> MaxResults;
  std::optional<Time> CreationTimeAfter;
  std::optional<Time> CreationTimeBefore;
  std::optional<Time> LastModifiedTimeAfter;
  std::optional<Time> LastModifiedTimeBefore;
  std::optional<std::string> NameContains;
  std::optional<std::string> StatusEquals;
  std::optional<std::string> SortBy;
  std::optional<std::string> SortOrder;
  std::optional<std::string> WarmPoolStatusEquals;
  std::optional<std::string> TrainingPlanArnEquals;
};
template <class V> void fields(V& v, ListTrainingJobsRequest& x) {
  v("NextToken", x.NextToken, length(0, 8192), pattern(R"~(.*)~"));
  v("MaxResults", x.MaxResults, range(1, 100));
  v("CreationTimeAfter", x.CreationTimeAfter);
  v("CreationTimeBefore", x.CreationTimeBefore);
  v("LastModifiedTimeAfter", x.LastModifiedTimeAfter);
  v("LastModifiedTimeBefore", x.LastModifiedTimeBefore);
  v("NameContains", x.NameContains, length(0, 63), pattern(R"~([a-zA-Z0-9\-]+)~"));
  v("StatusEquals", x.StatusEquals, one_of(enums::training_job_status));
  v("SortBy", x.SortBy, one_of(enums::sort_by));
  v("SortOrder", x.SortOrder, one_of(enums::sort_order));
  v("WarmPoolStatusEquals", x.WarmPoolStatusEquals, one_of(enums::warm_pool_resource_status));
  v("TrainingPlanArnEquals", x.TrainingPlanArnEquals, length(50, 2048),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*)~"));
}

struct TrainingJobSummary {
  std::string TrainingJobName;
  std::string TrainingJobArn;
  Time CreationTime{};
  std::optional<Time> TrainingEndTime;
  std::optional<Time> LastModifiedTime;
  std::string TrainingJobStatus;
  std::optional<std::string> SecondaryStatus;
  std::optional<wire::WarmPoolStatus> WarmPoolStatus;
  std::optional<std::string> TrainingPlanArn;
};
template <class V> void fields(V& v, TrainingJobSummary& x) {
  v("TrainingJobName", x.TrainingJobName, required, length(1, 63),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("TrainingJobArn", x.TrainingJobArn, required, length(0, 256),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-job/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("CreationTime", x.CreationTime, required);
  v("TrainingEndTime", x.TrainingEndTime);
  v("LastModifiedTime", x.LastModifiedTime);
  v("TrainingJobStatus", x.TrainingJobStatus, required, one_of(enums::training_job_status));
  v("SecondaryStatus", x.SecondaryStatus, one_of(enums::secondary_status));
  v("WarmPoolStatus", x.WarmPoolStatus);
  v("TrainingPlanArn", x.TrainingPlanArn, length(50, 2048),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*)~"));
}

struct ListTrainingJobsResponse {
  std::vector<wire::TrainingJobSummary> TrainingJobSummaries;
  std::optional<std::string> NextToken;
};
template <class V> void fields(V& v, ListTrainingJobsResponse& x) {
  v("TrainingJobSummaries", x.TrainingJobSummaries, required);
  v("NextToken", x.NextToken, length(0, 8192), pattern(R"~(.*)~"));
}

}  // namespace trainyard::wire
