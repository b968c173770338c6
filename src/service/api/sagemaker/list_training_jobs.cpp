#include "wire/shapes/list_training_jobs.hpp"

#include "base/arn.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"

#include <charconv>

// POST /  X-Amz-Target: SageMaker.ListTrainingJobs  {"MaxResults": 10, "NameContains": "...", ...}
// 200 {"TrainingJobSummaries": [...], "NextToken": "..."}

namespace trainyard::api {
namespace {

// A token is the number of rows behind it; opaque to clients.
std::string make_token(std::int64_t offset) {
  return base64(as_bytes(std::to_string(offset)));
}

Result<std::int64_t> read_token(const std::string& token) {
  const auto bytes = unbase64(token);
  std::int64_t offset = 0;
  if (bytes) {
    const auto text = as_text(*bytes);
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), offset);
    if (ec == std::errc() && end == text.data() + text.size() && offset >= 0) return offset;
  }
  return fail(ErrorKind::invalid, "ValidationException",
              "NextToken is not one that ListTrainingJobs gave: begin again without it.");
}

}  // namespace

Result<std::string> list_training_jobs(Services&, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::ListTrainingJobsRequest>(call.body));
  store::JobFilter filter;
  filter.account = call.caller.account;
  filter.region = call.region;
  filter.name_contains = request.NameContains.value_or("");
  filter.status = request.StatusEquals.value_or("");
  filter.created_after = request.CreationTimeAfter;
  filter.created_before = request.CreationTimeBefore;
  filter.modified_after = request.LastModifiedTimeAfter;
  filter.modified_before = request.LastModifiedTimeBefore;
  const std::string by = request.SortBy.value_or("CreationTime");
  filter.sort = by == "Name" ? "name" : by == "Status" ? "status" : "created_ms";
  filter.descending = request.SortOrder.value_or("Descending") == "Descending";
  if (request.NextToken) filter.offset = TRY(read_token(*request.NextToken));
  const std::int64_t wanted = request.MaxResults.value_or(10);
  filter.limit = wanted + 1;  // one more tells whether there is a next page
  auto rows = TRY(store::list_jobs(s, filter));
  wire::ListTrainingJobsResponse out;
  if (std::int64_t(rows.size()) > wanted) {
    rows.pop_back();
    out.NextToken = make_token(filter.offset + wanted);
  }
  for (const auto& row : rows) {
    auto& summary = out.TrainingJobSummaries.emplace_back();
    summary.TrainingJobName = row.name;
    summary.TrainingJobArn = training_job_arn(row.region, row.account, row.name);
    summary.CreationTime = row.created;
    summary.LastModifiedTime = row.modified;
    summary.TrainingEndTime = row.ended;
    summary.TrainingJobStatus = row.status;
    summary.SecondaryStatus = row.secondary_status;
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
