#include "service/engine/job_codec.hpp"
#include "service/engine/job_events.hpp"
#include "service/events/event.hpp"
#include "wire/answer.hpp"
#include "wire/shapes/events.hpp"

#include <doctest/doctest.h>

namespace trainyard::events {
namespace {

constexpr const char* request = R"({
  "TrainingJobName": "first", "RoleArn": "arn:aws:iam::123456789012:role/TrainyardRole",
  "HyperParameters": {"token": "hush-1"}, "Environment": {"TOKEN": "hush-2"},
  "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File",
    "ContainerEntrypoint": ["hush-3"], "ContainerArguments": ["hush-4"]},
  "OutputDataConfig": {"S3OutputPath": "s3://b/out"}, "EnableManagedSpotTraining": true})";

struct Told {
  job::Job job;
  store::JobRow row = [] {
    store::JobRow out;
    out.id = "018f00000000000000000000000000aa";
    out.account = "123456789012";
    out.region = "eu-west-1";
    out.name = "first";
    out.request = request;
    out.created = from_ms(1'795'000'000'123);
    return out;
  }();

  /// The event of the step, as the outbox has it, or nothing.
  std::optional<store::OutboxRow> step(const job::Event& event, std::int64_t at_ms) {
    const job::Job before = job;
    row.modified = from_ms(at_ms);
    job = job::step(std::move(job), event, row.modified).job;
    engine::show_in_row(job, row);
    auto out = engine::change_event(row, before, job);
    if (out) out->id = 7;
    return out;
  }
};

// SEMANTICS V1, V3
TEST_CASE("an event has EventBridge's shape, times in milliseconds and no secrets") {
  Told told;
  const auto event = told.step(job::Created{}, 1'795'000'000'123);
  REQUIRE(event);
  const std::string body = event_body(*event, told.row).value();
  CHECK(body.starts_with(
      R"({"version":"0","id":")" + event_id(*event) +
      R"(","detail-type":"SageMaker Training Job State Change","source":"aws.sagemaker",)"
      R"("account":"123456789012","time":"2026-11-18T11:06:40Z","region":"eu-west-1",)"
      R"("resources":["arn:aws:sagemaker:eu-west-1:123456789012:training-job/first"],)"
      R"("detail":{"TrainingJobName":"first",)"
      R"("TrainingJobArn":"arn:aws:sagemaker:eu-west-1:123456789012:training-job/first",)"));
  for (const char* part :
       {R"("TrainingJobStatus":"InProgress","SecondaryStatus":"Starting",)",
        R"("CreationTime":1795000000123,)", R"("LastModifiedTime":1795000000123,)",
        R"("SecondaryStatusTransitions":[{"Status":"Starting","StartTime":1795000000123,)"
        R"("StatusMessage":"Starting the training job"}])",
        R"("AlgorithmSpecification":{"TrainingImage":"image","TrainingInputMode":"File"})",
        R"("EnableManagedSpotTraining":true)"}) {
    CAPTURE(body);
    CHECK_MESSAGE(body.find(part) != std::string::npos, part);
  }
  CHECK(body.find("hush") == std::string::npos);
}

// SEMANTICS V1, V4
TEST_CASE("an event is of its moment and the same whenever it is asked for") {
  Told told;
  const auto event = told.step(job::Created{}, 1'795'000'000'000);
  const std::string body = event_body(*event, told.row).value();
  told.step(job::Admitted{}, 1'795'000'001'000);
  told.step(job::Staged{}, 1'795'000'002'000);
  CHECK(event_body(*event, told.row).value() == body);
  auto next = *event;
  next.id += 1;
  CHECK(event_id(next) != event_id(*event));
  const std::string id = event_id(*event);
  CHECK(id.size() == 36);
  CHECK(id[14] == '8');  // RFC 9562: the version
}

// SEMANTICS V1
TEST_CASE("there is an event where a status changed and nowhere else") {
  Told told;
  CHECK(told.step(job::Created{}, 1));
  CHECK_FALSE(told.step(job::Admitted{}, 2));  // the other Starting
  CHECK(told.step(job::Staged{}, 3));
  const auto training = told.step(job::Running{1, 0}, 4);
  REQUIRE(training);
  CHECK(training->type == engine::state_change_type);
  CHECK(training->at == from_ms(4));
  CHECK_FALSE(told.step(job::Running{1, 0}, 5));
  CHECK(told.step(job::Interrupted{"Interrupted by a test"}, 6));
  CHECK(told.step(job::StopRequested{}, 7));
  CHECK(told.step(job::Exited{1, 0, job::StopCause::requested, "", false}, 8));
  const auto ended = told.step(job::Finished{1, 0, "s3://b/model.tar.gz", ""}, 9);
  REQUIRE(ended);
  const auto detail = wire::decode_answer<wire::EventEnvelope<wire::EventDetail>>(
                          event_body(*ended, told.row).value())
                          .value()
                          .detail;
  CHECK(detail.TrainingJobStatus == "Stopped");
  CHECK(detail.SecondaryStatusTransitions.size() == 8);
}

// SEMANTICS V3
TEST_CASE("an event of a job that was interrupted ever so often stays small") {
  Told told;
  told.step(job::Created{}, 1);
  for (std::int64_t n = 1; n < 100; ++n) {
    told.step(job::Admitted{}, 10 * n);
    told.step(job::Staged{}, 10 * n + 1);
    told.step(job::Interrupted{"again"}, 10 * n + 2);
    told.step(job::Exited{n, 0, job::StopCause::none, "", true}, 10 * n + 3);
    told.step(job::Finished{n, 0, "", ""}, 10 * n + 4);
  }
  const auto event = told.step(job::StopRequested{}, 10'000);
  REQUIRE(event);
  CHECK(told.job.transitions.size() >= 300);
  CHECK(engine::decode_job(event->payload).value().transitions.size() ==
        engine::transitions_told_max);
}

// SEMANTICS V2
TEST_CASE("an alarm tells which and what") {
  Told told;
  const store::OutboxRow row{8, told.row.id, from_ms(1'795'000'000'000), engine::alarm_type,
                             R"({"Alarm":"CheckpointStall","Message":"no checkpoint for 2 h"})"};
  const std::string body = event_body(row, told.row).value();
  CHECK(body.find(R"("detail-type":"Trainyard Job Alarm","source":"trainyard")") !=
        std::string::npos);
  CHECK(body.ends_with(R"("detail":{"TrainingJobName":"first","Alarm":"CheckpointStall",)"
                       R"("Message":"no checkpoint for 2 h"}})"));
}

}  // namespace
}  // namespace trainyard::events
