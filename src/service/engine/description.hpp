#pragma once
/// A job as DescribeTrainingJob shows it.

#include "job/job.hpp"
#include "service/store/jobs.hpp"
#include "wire/shapes/describe_training_job.hpp"

namespace trainyard::engine {

/// `request`, what was asked for, echoed, and where the job is, by its row and state. What is
/// computed when it is asked for (why it waits, what its agent does) is not in it.
wire::DescribeTrainingJobResponse describe(const store::JobRow& row, const job::Job& job,
                                           const wire::CreateTrainingJobRequest& request);

}  // namespace trainyard::engine
