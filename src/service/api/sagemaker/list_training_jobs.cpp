#include "wire/shapes/list_training_jobs.hpp"

#include "base/arn.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: SageMaker.ListTrainingJobs  {"MaxResults": 10, "NameContains": "...", ...}
// 200 {"TrainingJobSummaries": [...], "NextToken": "..."}

namespace trainyard::api {
namespace {

// A token is the last row's place, "COLUMN/VALUE/ID", and opaque to clients. What is created or
// ends between two pages shifts nothing.
std::string make_token(const std::string& column, const store::JobRow& row) {
  const std::string value = column == "name"     ? row.name
                            : column == "status" ? row.status
                                                 : std::to_string(to_ms(row.created));
  return base64(as_bytes(column + "/" + value + "/" + row.id));
}

Result<store::JobPlace> read_token(const std::string& column, const std::string& token) {
  const auto bytes = unbase64(token);
  const std::string_view text = bytes ? as_text(*bytes) : std::string_view();
  const auto first = text.find('/'), last = text.rfind('/');
  if (first != last && text.substr(0, first) == column && last + 1 < text.size())
    return store::JobPlace{std::string(text.substr(first + 1, last - first - 1)),
                           std::string(text.substr(last + 1))};
  return fail(ErrorKind::invalid, "ValidationException",
              "NextToken is not one that ListTrainingJobs gave for this SortBy: begin again "
              "without it.");
}

std::string column_of(const wire::ListTrainingJobsRequest& request) {
  const std::string by = request.SortBy.value_or("CreationTime");
  return by == "Name" ? "name" : by == "Status" ? "status" : "created_ms";
}

}  // namespace

Result<std::string> list_training_jobs(Services& services, store::Snapshot& s, const Call& call) {
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
  filter.sort = column_of(request);
  filter.descending = request.SortOrder.value_or("Descending") == "Descending";
  if (request.NextToken) filter.behind = TRY(read_token(filter.sort, *request.NextToken));
  const std::int64_t wanted = request.MaxResults.value_or(10);
  filter.limit = wanted + 1;  // one more tells whether there is a next page
  wire::ListTrainingJobsResponse out;
  // No job here has a warm pool or a training plan.
  if (request.WarmPoolStatusEquals || request.TrainingPlanArnEquals) return wire::encode(out);
  auto rows = TRY(store::list_jobs(s, filter));
  if (std::int64_t(rows.size()) > wanted) {
    rows.pop_back();
    out.NextToken = make_token(filter.sort, rows.back());
  }
  for (const auto& row : rows) {
    auto& summary = out.TrainingJobSummaries.emplace_back();
    summary.TrainingJobName = row.name;
    summary.TrainingJobArn = training_job_arn(row.region, row.account, row.name);
    summary.CreationTime = row.created;
    summary.LastModifiedTime = row.modified;
    summary.TrainingEndTime = row.ended;
    summary.TrainingJobStatus = row.status;
    const bool waits = row.phase == job::name(job::Phase::pending) && services.engine.waits(row.id);
    summary.SecondaryStatus = waits ? waiting_status : row.secondary_status;
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
