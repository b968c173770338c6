#pragma once
/// A job's state as the JSON of its row.

#include "base/result.hpp"
#include "job/job.hpp"
#include "job/machine.hpp"
#include "service/store/jobs.hpp"

#include <string>
#include <string_view>

namespace trainyard::engine {

std::string encode_job(const job::Job& job);
/// An error names what in the row is not understood: a row of a newer program, or a damaged one.
Result<job::Job> decode_job(std::string_view state);

/// Copies what rows show of a job (phase, statuses, state, ended) into its row.
void show_in_row(const job::Job& job, store::JobRow& row);

/// The event's facts as JSON, for the history.
std::string encode_event(const job::Event& event);

}  // namespace trainyard::engine
