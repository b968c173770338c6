#include "service/engine/instance_spec.hpp"

#include "base/arn.hpp"
#include "origin/buckets.hpp"
#include "service/channels/channels.hpp"
#include "service/engine/engine.hpp"
#include "service/engine/gpus.hpp"
#include "service/engine/notices.hpp"
#include "wire/json_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::engine {
namespace {

using wire::CreateTrainingJobRequest;

constexpr const char* default_tensorboard_path = "/opt/ml/output/tensorboard";

std::string without_slash(std::string uri) {
  while (uri.ends_with('/'))
    uri.pop_back();
  return uri;
}

wire::OutputSpec output(const CreateTrainingJobRequest& r) {
  const std::string base =
      without_slash(r.OutputDataConfig.S3OutputPath) + "/" + r.TrainingJobName + "/output/";
  const bool compress = r.OutputDataConfig.CompressionType.value_or("GZIP") != "NONE";
  return {base + (compress ? "model.tar.gz" : "model/"), base + "output.tar.gz", compress};
}

// A hyperparameter's text, whether it is JSON, as the SDK sends it, or as it is.
std::string text_of(const std::string& hyperparameter) {
  const auto parts = wire::json_list("[" + hyperparameter + "]");
  return parts && parts->size() == 1 && (*parts)[0].is_text ? (*parts)[0].value : hyperparameter;
}

// TensorBoard's files, and what the toolkit's sagemaker_s3_output asks for, whose value is JSON.
std::vector<wire::SyncSpec> syncs(const CreateTrainingJobRequest& r) {
  std::vector<wire::SyncSpec> out;
  if (const auto& board = r.TensorBoardOutputConfig)
    out.push_back({board->LocalPath.value_or(default_tensorboard_path),
                   fmt::format("{}/{}/tensorboard-output/", without_slash(board->S3OutputPath),
                               r.TrainingJobName)});
  const auto& parameters = r.HyperParameters.value_or(std::map<std::string, std::string>{});
  if (const auto asked = parameters.find("sagemaker_s3_output"); asked != parameters.end())
    if (const auto uri = text_of(asked->second); uri.starts_with("s3://"))
      out.push_back(
          {"/opt/ml/output/intermediate",
           fmt::format("{}/{}/output/intermediate/", without_slash(uri), r.TrainingJobName)});
  return out;
}

std::vector<wire::ChannelSpec> channel_specs(const CreateTrainingJobRequest& r, const job::Job& job,
                                             const Settings& settings) {
  std::vector<wire::ChannelSpec> out;
  if (!r.InputDataConfig) return out;
  for (std::size_t i = 0; i < r.InputDataConfig->size(); ++i)
    out.push_back(channels::spec(settings, (*r.InputDataConfig)[i],
                                 r.AlgorithmSpecification->TrainingInputMode, job.sources.at(i)));
  return out;
}

// The volume that was asked for; 30 GiB, what the SDK asks for unasked, where it is smaller.
std::int64_t output_bytes_max(const CreateTrainingJobRequest& r) {
  constexpr std::int64_t least = 30, most = 1 << 20;  // GiB
  const auto asked = r.ResourceConfig ? r.ResourceConfig->VolumeSizeInGB : std::nullopt;
  return std::clamp(asked.value_or(least), least, most) << 30;
}

}  // namespace

wire::InstanceSpec make_instance_spec(const store::JobRow& row, const CreateTrainingJobRequest& r,
                                      const job::Job& job, std::int64_t n, const Resolution& image,
                                      const Sizing& sizing, const std::vector<std::string>& gpus,
                                      const InstanceContext& context, const Settings& settings) {
  wire::InstanceSpec out;
  out.Id = instance_id(row.id, job.attempt, n);
  out.Attempt = job.attempt;
  out.N = n;
  out.JobName = row.name;
  out.JobArn = training_job_arn(row.region, row.account, row.name);
  out.Account = row.account;
  out.Region = row.region;
  out.Service = context.service_url;
  out.AgentSocket = context.paths.agent_socket();
  out.DoorSocket = context.paths.door_socket();
  // All attempts of an instance write one log: clients follow one stream from begin to end.
  out.LogDirectory = context.paths.log(instance_id(row.id, 1, n));
  out.CurrentHost = fmt::format("algo-{}", n + 1);
  if (r.ResourceConfig) out.InstanceType = r.ResourceConfig->InstanceType.value_or("");
  out.Image = r.AlgorithmSpecification->TrainingImage.value_or("");
  out.Environment.Name = image.environment.name;
  out.Environment.Python = image.environment.python;
  out.Environment.Mounts = image.environment.mounts;
  out.Environment.Root = image.environment.root;
  out.Packages = {settings.python.index_url, settings.python.find_links, settings.python.offline,
                  context.paths.packages()};
  out.Caches = settings.caches;
  out.Entrypoint =
      r.AlgorithmSpecification->ContainerEntrypoint.value_or(std::vector<std::string>{});
  out.Arguments = r.AlgorithmSpecification->ContainerArguments.value_or(std::vector<std::string>{});
  out.Variables = r.Environment.value_or(std::map<std::string, std::string>{});
  out.HyperParameters = r.HyperParameters.value_or(std::map<std::string, std::string>{});
  out.Channels = channel_specs(r, job, settings);
  if (std::any_of(job.sources.begin(), job.sources.end(), channels::is_list)) {
    out.Origins = origin::origin_specs(settings);
    out.Cache = {context.paths.cache(), std::int64_t(settings.cache_bytes)};
  }
  out.Strict = settings.strict;
  out.Output = output(r);
  if (r.CheckpointConfig)
    out.Checkpoint = {r.CheckpointConfig->LocalPath.value_or("/opt/ml/checkpoints"),
                      r.CheckpointConfig->S3Uri};
  out.Syncs = syncs(r);
  out.SyncEveryMs = settings.sync_seconds * 1000;
  out.Limits = {sizing.given.cpus, std::int64_t(sizing.given.memory_bytes), sizing.given.gpus};
  out.Gpus = gpu_specs(gpus, context.gpus);
  out.GpuLocks = context.paths.gpu_locks();
  out.NetworkIsolation = r.EnableNetworkIsolation.value_or(false);
  const auto run_left = job::run_left(job, job.attempt_start.value_or(row.modified));
  out.MaxRuntimeMs = run_left.value_or(Millis(0)).count();
  out.OutputBytesMax = output_bytes_max(r);
  out.HostUid = context.host_uid;
  out.HostGid = context.host_gid;
  out.Request = row.request;
  out.Notices.push_back(image.sentence);
  if (!sizing.sentence.empty()) out.Notices.push_back(sizing.sentence);
  for (auto& line : notices(r))
    out.Notices.push_back(std::move(line));
  return out;
}

}  // namespace trainyard::engine
