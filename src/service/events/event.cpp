#include "service/events/event.hpp"

#include "base/arn.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/engine/description.hpp"
#include "service/engine/job_codec.hpp"
#include "service/engine/job_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/events.hpp"

#include <fmt/format.h>

// {"version":"0","id":"UUID","detail-type":"SageMaker Training Job State Change",
//  "source":"aws.sagemaker","account":"123456789012","time":"2026-11-23T19:26:52Z",
//  "region":"us-east-1","resources":["arn:aws:sagemaker:us-east-1:123456789012:training-job/NAME"],
//  "detail":{"TrainingJobName":"NAME","TrainingJobStatus":"InProgress",...}}

namespace trainyard::events {
namespace {

template <class Detail>
std::string encode(const store::OutboxRow& row, const store::JobRow& job, const char* source,
                   Detail detail) {
  wire::EventEnvelope<Detail> out;
  out.id = event_id(row);
  out.detail_type = row.type;
  out.source = source;
  out.account = job.account;
  out.time = iso8601(row.at).substr(0, 19) + "Z";
  out.region = job.region;
  out.resources = {training_job_arn(job.region, job.account, job.name)};
  out.detail = std::move(detail);
  return wire::encode(out, wire::Times::millis);
}

Result<wire::DescribeTrainingJobResponse> state_of(const store::OutboxRow& row,
                                                   const store::JobRow& job) {
  const auto request = TRY(wire::decode<wire::CreateTrainingJobRequest>(job.request));
  auto out = engine::describe(job, TRY(engine::decode_job(row.payload)), request);
  out.LastModifiedTime = row.at;
  out.HyperParameters.reset();
  out.Environment.reset();
  if (out.AlgorithmSpecification) {
    out.AlgorithmSpecification->ContainerEntrypoint.reset();
    out.AlgorithmSpecification->ContainerArguments.reset();
  }
  return out;
}

}  // namespace

std::string event_id(const store::OutboxRow& row) {
  Digest256 hash = sha256(fmt::format("event {} of job {}", row.id, row.job));
  hash[6] = std::uint8_t((hash[6] & 0x0f) | 0x80);  // RFC 9562: version 8, ours
  hash[8] = std::uint8_t((hash[8] & 0x3f) | 0x80);
  const std::string text = hex(hash);
  return fmt::format("{}-{}-{}-{}-{}", text.substr(0, 8), text.substr(8, 4), text.substr(12, 4),
                     text.substr(16, 4), text.substr(20, 12));
}

Result<std::string> event_body(const store::OutboxRow& row, const store::JobRow& job) {
  if (row.type == engine::alarm_type) {
    const auto alarm = TRY(wire::decode<engine::Alarm>(row.payload));
    return encode(row, job, "trainyard", wire::JobAlarm{job.name, alarm.name, alarm.message});
  }
  return encode(row, job, "aws.sagemaker", TRY(state_of(row, job)));
}

}  // namespace trainyard::events
