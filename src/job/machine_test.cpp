#include "job/machine.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

using namespace trainyard;
using namespace trainyard::job;

namespace {

constexpr Time at(std::int64_t ms) {
  return Time(Millis(ms));
}

// A job of one instance in each phase, reached as jobs reach it.
Job in(Phase phase) {
  static const std::vector<Event> way{Admitted{}, Staged{{"/data"}}, Running{1, 0}, Exited{1, 0}};
  Job job = step({}, Created{}, at(0)).job;
  const auto go = [&](const Event& e) { job = step(std::move(job), e, at(10)).job; };
  const std::size_t steps =
      phase == Phase::pending                                                                ? 0
      : phase == Phase::staging                                                              ? 1
      : phase == Phase::launching                                                            ? 2
      : phase == Phase::training || phase == Phase::stopping || phase == Phase::interrupting ? 3
                                                                                             : 4;
  for (std::size_t i = 0; i < steps; ++i)
    go(way[i]);
  if (phase == Phase::stopping) go(StopRequested{});
  if (phase == Phase::interrupting) go(Interrupted{"a drill"});
  if (phase == Phase::completed) go(Finished{1, 0, "s3://b/model.tar.gz", ""});
  if (phase == Phase::failed) go(Finished{1, 0, "", "AlgorithmError: x"});
  if (phase == Phase::stopped) go(StopRequested{}), go(Finished{1, 0, "s3://b/model.tar.gz", ""});
  REQUIRE(name(job.phase) == name(phase));
  return job;
}

std::vector<Event> every_event() {
  return {Created{},
          Admitted{},
          Staged{{"/data"}},
          StageFailed{"ClientError: no data"},
          LaunchFailed{"InternalServerError: no agent"},
          Running{1, 0},
          Exited{1, 0},
          Finished{1, 0, "s3://b/model.tar.gz", ""},
          InstanceLost{1, 0, "the agent ended"},
          StopRequested{},
          Interrupted{"a drill"},
          WaitedTooLong{}};
}

// "phase, new statuses, what is owed": what one event made of a job.
std::string told(const Job& before, const Decision& after) {
  std::string out(name(after.job.phase));
  for (std::size_t i = before.transitions.size(); i < after.job.transitions.size(); ++i)
    out += " " + after.job.transitions[i].status;
  for (const auto& effect : after.effects)
    out += fmt::format(" +{}", name(effect));
  return out;
}

// What each event makes of each phase. A pair that is not here changes nothing.
const std::map<std::string, std::string> rows{
    {"pending Created", "pending Starting"},
    {"pending Admitted", "staging Starting +Stage"},
    {"pending StopRequested", "stopped Stopping Stopped"},

    {"staging Staged", "launching Downloading +LaunchInstances"},
    {"staging StageFailed", "failed Failed +Release"},
    {"staging StopRequested", "stopped Stopping Stopped +Release"},
    {"staging Interrupted", "pending Interrupted +Release"},

    {"launching LaunchFailed", "failed Failed +Release"},
    {"launching Running", "training Training"},
    {"launching Exited", "uploading Uploading"},
    {"launching Finished", "completed Completed +Release"},
    {"launching InstanceLost", "failed Failed +Release"},
    {"launching StopRequested", "stopping Stopping +StopInstances"},
    {"launching Interrupted", "interrupting Interrupted +InterruptInstances"},

    {"training Exited", "uploading Uploading"},
    {"training InstanceLost", "failed Failed +Release"},
    {"training StopRequested", "stopping Stopping +StopInstances"},
    {"training Interrupted", "interrupting Interrupted +InterruptInstances"},

    {"interrupting LaunchFailed", "pending +Release"},
    {"interrupting Exited", "uploading Uploading"},  // by itself, before it was told
    {"interrupting Finished", "pending +Release"},
    {"interrupting InstanceLost", "pending +Release"},
    {"interrupting StopRequested", "stopping Stopping +StopInstances"},

    {"stopping LaunchFailed", "stopped Stopped +Release"},
    {"stopping Exited", "uploading Uploading"},
    {"stopping Finished", "stopped Stopped +Release"},
    {"stopping InstanceLost", "failed Failed +Release"},

    {"uploading Finished", "completed Completed +Release"},
    {"uploading InstanceLost", "failed Failed +Release"},
    {"uploading StopRequested", "uploading"},
};

}  // namespace

// SEMANTICS J2
TEST_CASE("every pair of phase and event") {
  std::size_t seen = 0;
  for (int p = 0; p < phase_count; ++p)
    for (const Event& event : every_event()) {
      const Job before = in(Phase(p));
      const Decision after = step(before, event, at(20));
      const std::string pair = fmt::format("{} {}", name(Phase(p)), name(event));
      CAPTURE(pair);
      const auto row = rows.find(pair);
      if (row == rows.end()) {
        CHECK(after.job == before);
        CHECK(after.effects.empty());
      } else {
        CHECK(told(before, after) == row->second);
        ++seen;
      }
    }
  CHECK(every_event().size() == std::size_t(event_count));
  CHECK(seen == rows.size());
}

// SEMANTICS J3
TEST_CASE("a report of another attempt, or of an instance that is none, changes nothing") {
  for (const Event& event :
       std::vector<Event>{Running{0, 0}, Running{2, 0}, Running{1, 1}, Running{1, -1}, Exited{0, 0},
                          Exited{1, 7}, Finished{2, 0, "s3://x", ""}, InstanceLost{0, 0, "old"}}) {
    for (const Phase phase : {Phase::launching, Phase::training, Phase::uploading}) {
      const Job before = in(phase);
      const Decision after = step(before, event, at(20));
      CHECK(after.job == before);
      CHECK(after.effects.empty());
    }
  }
}

// SEMANTICS J3
TEST_CASE("a report that comes twice counts once") {
  const Job job = in(Phase::training);
  const Decision once = step(job, Exited{1, 0}, at(20));
  const Decision twice = step(once.job, Exited{1, 0}, at(30));
  CHECK(twice.job == once.job);
  CHECK(twice.effects.empty());
}

TEST_CASE("each effect carries the attempt it belongs to") {
  for (const Phase phase : {Phase::pending, Phase::staging, Phase::training})
    for (const Event& event : every_event())
      for (const auto& effect : step(in(phase), event, at(20)).effects)
        CHECK(attempt_of(effect) == 1);
}

// SEMANTICS J2
TEST_CASE("messages and their order are the service's") {
  const Job job = in(Phase::completed);
  std::vector<std::string> said;
  for (const auto& t : job.transitions)
    said.push_back(t.status + ": " + t.message);
  CHECK(said ==
        std::vector<std::string>{
            "Starting: Starting the training job", "Starting: Preparing the instances for training",
            "Downloading: Downloading input data",
            "Training: Training image download completed. Training in progress.",
            "Uploading: Uploading generated training model", "Completed: Training job completed"});
}

// SEMANTICS J41
TEST_CASE("each transition ends when the next begins, and a job that is over leaves none open") {
  for (const Phase phase : {Phase::completed, Phase::failed, Phase::stopped}) {
    const Job job = in(phase);
    for (std::size_t i = 0; i + 1 < job.transitions.size(); ++i)
      CHECK(job.transitions[i].end == job.transitions[i + 1].start);
    CHECK(job.transitions.back().end == job.ended);
  }
}

// SEMANTICS J3
TEST_CASE("one terminal status, whatever comes after") {
  for (const Phase phase : {Phase::completed, Phase::failed, Phase::stopped}) {
    Job job = in(phase);
    for (const Event& event : every_event())
      job = step(std::move(job), event, at(99)).job;
    CHECK(job == in(phase));
  }
}

// SEMANTICS J23
TEST_CASE("the billed interval begins with the launch and ends with the job") {
  Job job = in(Phase::training);
  CHECK(job.training_start == at(10));
  job = step(std::move(job), Exited{1, 0}, at(1000)).job;
  job = step(std::move(job), Finished{1, 0, "", ""}, at(1510)).job;
  CHECK(job.training_end == at(1510));
  CHECK(job.training_ms == 1500);
}

// SEMANTICS J13, J23
TEST_CASE("a job that never had machines is not billed and owes nothing") {
  const Decision stopped = step(in(Phase::pending), StopRequested{}, at(20));
  CHECK_FALSE(stopped.job.training_start);
  CHECK(stopped.job.training_ms == 0);
  CHECK(stopped.effects.empty());
}

// SEMANTICS O3
TEST_CASE("a failed script ends as Failed with its reason, outputs first") {
  Job job = step(in(Phase::training), Exited{1, 0, {}, "AlgorithmError: x"}, at(20)).job;
  CHECK(job.phase == Phase::uploading);
  job = step(std::move(job), Finished{1, 0, "", ""}, at(30)).job;
  CHECK(training_job_status(job) == "Failed");
  CHECK(job.failure_reason == "AlgorithmError: x");
  CHECK(job.transitions.back().message == "Training job failed");
}

TEST_CASE("an upload that failed fails the job; the script's own failure goes before it") {
  Job job = step(in(Phase::training), Exited{1, 0}, at(20)).job;
  job = step(std::move(job), Finished{1, 0, "", "ClientError: no bucket"}, at(30)).job;
  CHECK(job.failure_reason == "ClientError: no bucket");
  job = step(in(Phase::training), Exited{1, 0, {}, "AlgorithmError: x"}, at(20)).job;
  job = step(std::move(job), Finished{1, 0, "", "ClientError: no bucket"}, at(30)).job;
  CHECK(job.failure_reason == "AlgorithmError: x");
}

// SEMANTICS J11
TEST_CASE("a stopped script's own complaint does not make the job fail") {
  Job job = step(in(Phase::training), StopRequested{}, at(20)).job;
  job = step(std::move(job), Exited{1, 0, StopCause::requested, "exit code 143"}, at(30)).job;
  job = step(std::move(job), Finished{1, 0, "s3://b/model.tar.gz", ""}, at(40)).job;
  CHECK(training_job_status(job) == "Stopped");
  CHECK(secondary_status(job) == "Stopped");
  CHECK(job.failure_reason == "");
  CHECK(job.model_uri == "s3://b/model.tar.gz");
}

// SEMANTICS J9
TEST_CASE("over time ends as Stopped, MaxRuntimeExceeded") {
  Job job = step(in(Phase::training), Exited{1, 0, StopCause::max_runtime, ""}, at(20)).job;
  CHECK(secondary_status(job) == "Uploading");
  job = step(std::move(job), Finished{1, 0, "s3://b/model.tar.gz", ""}, at(30)).job;
  CHECK(training_job_status(job) == "Stopped");
  CHECK(secondary_status(job) == "MaxRuntimeExceeded");
  CHECK(job.transitions.back().message == "Training job runtime exceeded MaxRuntimeInSeconds");
}

// SEMANTICS J14
TEST_CASE("a stop while outputs are uploaded keeps what the script's end decided") {
  Job job = step(in(Phase::uploading), StopRequested{}, at(20)).job;
  job = step(std::move(job), Finished{1, 0, "s3://b/model.tar.gz", ""}, at(30)).job;
  CHECK(training_job_status(job) == "Stopped");
  job = step(in(Phase::training), Exited{1, 0, {}, "AlgorithmError: x"}, at(20)).job;
  job = step(std::move(job), StopRequested{}, at(25)).job;
  job = step(std::move(job), Finished{1, 0, "", ""}, at(30)).job;
  CHECK(training_job_status(job) == "Failed");
}

TEST_CASE("several instances: training begins with the last, the first failure stops the others") {
  Job job;
  job.instance_count = 2;
  const auto go = [&](const Event& e) {
    Decision d = step(std::move(job), e, at(10));
    job = std::move(d.job);
    return d.effects;
  };
  go(Created{}), go(Admitted{}), go(Staged{});
  go(Running{1, 1});
  CHECK(job.phase == Phase::launching);
  go(Running{1, 0});
  CHECK(job.phase == Phase::training);
  const auto owed = go(Exited{1, 1, {}, "AlgorithmError: x"});
  REQUIRE(owed.size() == 1);
  CHECK(name(owed[0]) == "StopInstances");
  CHECK(job.phase == Phase::training);
  go(Exited{1, 0, StopCause::requested, "exit code 143"});
  CHECK(job.phase == Phase::uploading);
  go(Finished{1, 0, "", ""});
  CHECK(job.phase == Phase::uploading);
  go(Finished{1, 1, "", ""});
  CHECK(job.phase == Phase::failed);
  CHECK(job.failure_reason == "AlgorithmError: x");
}

namespace {

Job with(Phase phase, const Terms& terms) {
  Job job = in(phase);
  job.terms = terms;
  return job;
}

}  // namespace

TEST_CASE("an interrupted job waits, begins again, and its times add up") {
  Job job = step(in(Phase::training), Interrupted{"a drill"}, at(20)).job;
  CHECK(training_job_status(job) == "InProgress");
  CHECK(secondary_status(job) == "Interrupted");
  job = step(std::move(job), Exited{1, 0, {}, "", true}, at(25)).job;
  CHECK(job.phase == Phase::interrupting);
  job = step(std::move(job), Finished{1, 0, "", ""}, at(30)).job;
  CHECK(job.phase == Phase::pending);
  CHECK(job.training_ms == 20);  // from its launch at 10
  CHECK(job.waiting_since == at(30));
  for (const Event& e :
       std::vector<Event>{Admitted{}, Staged{{"/data"}}, Running{2, 0}, Exited{2, 0}})
    job = step(std::move(job), e, at(100)).job;
  job = step(std::move(job), Finished{2, 0, "s3://b/model.tar.gz", ""}, at(130)).job;
  CHECK(job.phase == Phase::completed);
  CHECK(job.training_ms == 50);
  CHECK(job.training_start == at(10));
  CHECK(job.training_end == at(130));
  CHECK(job.attempt == 2);
}

TEST_CASE("a stop while it is interrupted ends the job") {
  Job job = step(in(Phase::interrupting), StopRequested{}, at(20)).job;
  job = step(std::move(job), Exited{1, 0, {}, "", true}, at(25)).job;
  job = step(std::move(job), Finished{1, 0, "", ""}, at(30)).job;
  CHECK(job.phase == Phase::stopped);
}

TEST_CASE("of several instances all must be over before the job waits again") {
  Job job;
  job.instance_count = 2;
  for (const Event& e : std::vector<Event>{
           Created{}, Admitted{}, Staged{}, Running{1, 0}, Running{1, 1}, Interrupted{"a drill"},
           Exited{1, 0, {}, "", true}, Finished{1, 0, "", ""}, Exited{1, 1, {}, "", true}})
    job = step(std::move(job), e, at(10)).job;
  CHECK(job.phase == Phase::interrupting);
  job = step(std::move(job), Finished{1, 1, "", ""}, at(10)).job;
  CHECK(job.phase == Phase::pending);
}

TEST_CASE("an internal error is tried again as often as the terms say, and no other is") {
  Terms terms;
  terms.retries_max = 1;
  Job job =
      step(with(Phase::training, terms), InstanceLost{1, 0, "the machine restarted"}, at(20)).job;
  CHECK(job.phase == Phase::pending);
  CHECK(secondary_status(job) == "Restarting");
  CHECK(job.transitions.back().message == "InternalServerError: the machine restarted");
  CHECK(job.failure_reason == "");
  for (const Event& e : std::vector<Event>{Admitted{}, Staged{{"/data"}}, Running{2, 0}})
    job = step(std::move(job), e, at(30)).job;
  job = step(std::move(job), InstanceLost{2, 0, "the machine restarted"}, at(40)).job;
  CHECK(job.phase == Phase::failed);
  CHECK(job.failure_reason == "InternalServerError: the machine restarted");
  Terms losses;
  losses.losses_max = 1;
  job = step(with(Phase::training, losses), InstanceLost{1, 0, "it was killed"}, at(20)).job;
  CHECK(job.phase == Phase::pending);
  job = step(with(Phase::launching, losses), LaunchFailed{"InternalServerError: x"}, at(20)).job;
  CHECK(job.phase == Phase::failed);
  // What could not be stored is kept where it is, so the job is not begun again.
  job =
      step(with(Phase::uploading, terms), Finished{1, 0, "", "InternalServerError: x"}, at(20)).job;
  CHECK(job.phase == Phase::failed);
  job = step(with(Phase::launching, terms), LaunchFailed{"ClientError: no such image"}, at(20)).job;
  CHECK(job.phase == Phase::failed);
  job = step(with(Phase::stopping, terms), InstanceLost{1, 0, "the machine restarted"}, at(20)).job;
  CHECK(job.phase == Phase::failed);
}

TEST_CASE("a job that waits too long for machines is stopped, and only then") {
  Terms terms;
  terms.is_spot = true;
  terms.run_max = Millis(1000);
  terms.wait_max = Millis(500);  // below run_max: it bounds each wait, and never running
  Job job = with(Phase::pending, terms);
  CHECK(step(job, WaitedTooLong{}, at(499)).job == job);
  const Job stopped = step(job, WaitedTooLong{}, at(500)).job;
  CHECK(training_job_status(stopped) == "Stopped");
  CHECK(secondary_status(stopped) == "MaxWaitTimeExceeded");
  CHECK(run_left(with(Phase::launching, terms), at(400)) == Millis(1000));

  terms.wait_max = Millis(2000);  // waiting and running together
  job = with(Phase::training, terms);
  CHECK(run_left(job, at(1500)) == Millis(500));
  CHECK(run_left(job, at(5000)) == Millis(1));
  job = step(job, Exited{1, 0, StopCause::max_runtime, ""}, at(2000)).job;
  job = step(job, Finished{1, 0, "s3://b/model.tar.gz", ""}, at(2001)).job;
  CHECK(secondary_status(job) == "MaxWaitTimeExceeded");

  terms = {};
  terms.pending_max = Millis(300);
  job = step(with(Phase::pending, terms), WaitedTooLong{}, at(300)).job;
  CHECK(secondary_status(job) == "Stopped");
  CHECK(job.transitions.back().message ==
        "Training job pending time exceeded MaxPendingTimeInSeconds");
}

TEST_CASE("names of phases lead back to them") {
  for (int p = 0; p < phase_count; ++p) {
    Job job;
    CHECK(restore_phase(job, name(Phase(p))));
    CHECK(job.phase == Phase(p));
  }
  Job job;
  CHECK_FALSE(restore_phase(job, "asleep"));
  CHECK(job == Job{});
}
