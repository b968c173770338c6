#pragma once
/// A job as DescribeTrainingJob shows it.

#include "base/result.hpp"
#include "job/job.hpp"
#include "service/store/jobs.hpp"
#include "wire/shapes/describe_training_job.hpp"

namespace trainyard::engine {

/// What was asked for, echoed, and where the job is, by its row and state. What is computed when it
/// is asked for (why it waits, what its agent does) is not in it.
Result<wire::DescribeTrainingJobResponse> describe(const store::JobRow& row, const job::Job& job);

}  // namespace trainyard::engine
