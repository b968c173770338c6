#pragma once
/// What one instance of one attempt of a job is: all its agent needs to know, as spec.json in the
/// instance's directory. Service, agent and the Local Mode stand-in meet here. `V` is this format's
/// version; a service speaks to agents one version older.

#include "wire/fields.hpp"
#include "wire/instance/origin.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

inline constexpr std::int64_t instance_format = 1;

/// One input channel.
struct ChannelSpec {
  std::string Name;
  std::string Source;    ///< host path of a directory; in Pipe mode of a sequence (sequence.hpp)
  bool Fetched = false;  ///< `Source` is a sequence to make a tree of, out of what is fetched
  /// How the channel's directory shows it: "overlay" (what the job writes stays its own), "ro", or
  /// "rw" (what it writes is written there). Of no meaning in Pipe mode.
  std::string Access = "overlay";
  /// Where it is given: a directory above `Source` that others write to; links lead nowhere out of
  /// it.
  std::string Within;
  /// Who of this machine the job is there, in place of who it is elsewhere; 0: the same.
  std::int64_t OwnerUid = 0, OwnerGid = 0;
  std::string InputMode = "File";
  std::optional<std::string> ContentType;
  std::string S3DistributionType = "FullyReplicated";
  std::string CompressionType = "None";  ///< acts in Pipe mode, as the next two
  std::string RecordWrapperType = "None";
  std::optional<std::int64_t> ShuffleSeed;
};
template <class V> void fields(V& v, ChannelSpec& c) {
  v("Name", c.Name, required);
  v("Source", c.Source, required);
  v("Fetched", c.Fetched);
  v("Access", c.Access);
  v("Within", c.Within);
  v("OwnerUid", c.OwnerUid);
  v("OwnerGid", c.OwnerGid);
  v("InputMode", c.InputMode);
  v("ContentType", c.ContentType);
  v("S3DistributionType", c.S3DistributionType);
  v("CompressionType", c.CompressionType);
  v("RecordWrapperType", c.RecordWrapperType);
  v("ShuffleSeed", c.ShuffleSeed);
}

/// The Python environment of this machine that stands for the job's image.
struct EnvironmentSpec {
  std::string Name;                 ///< for people: "venv /home/kim/.venv"
  std::string Python;               ///< the interpreter, as a path inside; "": the root has none
  std::vector<std::string> Mounts;  ///< host directories seen read-only under their own path
  /// Host path of a whole Linux root that is seen instead of this machine's; "": this machine's.
  std::string Root;
};
template <class V> void fields(V& v, EnvironmentSpec& e) {
  v("Name", e.Name);
  v("Python", e.Python);
  v("Mounts", e.Mounts);
  v("Root", e.Root);
}

/// Where packages of requirements.txt files come from, and where what was installed is kept.
struct PackagesSpec {
  std::string IndexUrl, FindLinks;
  bool Offline = false;
  std::string Root;  ///< host path of the layers; "" = none are kept
};
template <class V> void fields(V& v, PackagesSpec& p) {
  v("IndexUrl", p.IndexUrl);
  v("FindLinks", p.FindLinks);
  v("Offline", p.Offline);
  v("Root", p.Root);
}

/// Where contents that were fetched are kept, for all jobs of a machine.
struct CacheSpec {
  std::string Root;
  std::int64_t BytesMax = 0;
};
template <class V> void fields(V& v, CacheSpec& c) {
  v("Root", c.Root);
  v("BytesMax", c.BytesMax);
}

/// What the instance may use. 0 = no limit of that kind.
struct LimitSpec {
  double Cpus = 0;
  std::int64_t MemoryBytes = 0;
  std::int64_t Gpus = 0;
};
template <class V> void fields(V& v, LimitSpec& l) {
  v("Cpus", l.Cpus);
  v("MemoryBytes", l.MemoryBytes);
  v("Gpus", l.Gpus);
}

/// A GPU that is the instance's alone.
struct GpuSpec {
  std::string Uuid;
  std::int64_t Index = 0;  ///< as the driver counts this machine's
  std::int64_t Minor = 0;  ///< its device is /dev/nvidia<Minor>
};
template <class V> void fields(V& v, GpuSpec& g) {
  v("Uuid", g.Uuid, required, length(1, 96), pattern("[A-Za-z0-9-]+"));
  v("Index", g.Index, range(0, 4095));
  v("Minor", g.Minor, range(0, 4095));
}

struct CheckpointSpec {
  std::string LocalPath = "/opt/ml/checkpoints";
  std::string S3Uri;
};
template <class V> void fields(V& v, CheckpointSpec& c) {
  v("LocalPath", c.LocalPath, required);
  v("S3Uri", c.S3Uri, required);
}

/// A directory that is copied while the script runs, and when it has ended.
struct SyncSpec {
  std::string LocalPath;  ///< inside: below /opt/ml, or a mount of its own
  std::string S3Uri;      ///< a prefix
};
template <class V> void fields(V& v, SyncSpec& s) {
  v("LocalPath", s.LocalPath, required);
  v("S3Uri", s.S3Uri, required);
}

/// Where outputs go: keys fixed by the job, so that an upload may be repeated.
struct OutputSpec {
  std::string
      ModelUri;  ///< s3://.../output/model.tar.gz, or the prefix when CompressionType is NONE
  std::string OutputUri;  ///< s3://.../output/output.tar.gz
  bool Compress = true;
};
template <class V> void fields(V& v, OutputSpec& o) {
  v("ModelUri", o.ModelUri, required);
  v("OutputUri", o.OutputUri, required);
  v("Compress", o.Compress);
}

struct InstanceSpec {
  std::int64_t V = instance_format;
  std::string Id;  ///< "<job id>.<attempt>.<n>"
  std::int64_t Attempt = 1, N = 0;
  std::string JobName, JobArn, Account, Region;
  /// "service": reports go to `Service` with `Token`. "none": no service; exit.json tells the end.
  std::string Report = "service";
  std::string Service;       ///< URL that the door passes requests to: http://127.0.0.1:8430
  std::string AgentSocket;   ///< unix socket for reports and commands
  std::string DoorSocket;    ///< unix socket for the job's requests and for uploads
  std::string Token;         ///< proves (job, attempt, n); also the job's credential token
  std::string LogDirectory;  ///< raw.log and its index live here
  std::vector<std::string> Hosts{"algo-1"};
  std::string CurrentHost = "algo-1";
  std::string InstanceType, InstanceGroupName = "homogeneousCluster";
  std::string Image;
  EnvironmentSpec Environment;
  PackagesSpec Packages;
  std::map<std::string, std::string> Caches;  ///< a variable, and the host directory it leads to
  std::vector<std::string> Entrypoint, Arguments;
  std::map<std::string, std::string> Variables;  ///< the request's Environment
  std::map<std::string, std::string> HyperParameters;
  std::vector<ChannelSpec> Channels;
  std::vector<OriginSpec> Origins;  ///< those that channels read from
  CacheSpec Cache;
  bool Strict = false;  ///< fail where something else would do instead of what was asked for
  OutputSpec Output;
  std::optional<CheckpointSpec> Checkpoint;  ///< synced, too
  std::vector<SyncSpec> Syncs;
  std::int64_t SyncEveryMs = 10'000;  ///< at most so often while the script runs
  LimitSpec Limits;
  std::vector<GpuSpec> Gpus;
  std::string GpuLocks;  ///< host directory of a lock a GPU, of its UUID's name; with `Gpus`
  bool NetworkIsolation = false;
  std::int64_t MaxRuntimeMs = 0;                         ///< 0 = none
  std::int64_t OutputBytesMax = std::int64_t(30) << 30;  ///< of model, output, checkpoints each
  std::int64_t LogBytesMax = std::int64_t(64) << 30;     ///< what is written past it is not kept
  std::int64_t StopGraceMs = 120'000;
  std::int64_t HostUid = 0, HostGid = 0;  ///< who the job's processes are outside
  std::string Request;                    ///< CreateTrainingJob's body, for trainingjobconfig.json
  std::vector<std::string> Notices;       ///< first lines of the job's log
};
template <class V> void fields(V& v, InstanceSpec& s) {
  v("V", s.V, required, range(1, double(instance_format)));
  v("Id", s.Id, required, length(1, 128), pattern("[A-Za-z0-9._-]+"));
  v("Attempt", s.Attempt);
  v("N", s.N);
  v("JobName", s.JobName, required);
  v("JobArn", s.JobArn);
  v("Account", s.Account);
  v("Region", s.Region);
  v("Report", s.Report);
  v("Service", s.Service);
  v("AgentSocket", s.AgentSocket);
  v("DoorSocket", s.DoorSocket);
  v("Token", s.Token);
  v("LogDirectory", s.LogDirectory);
  v("Hosts", s.Hosts);
  v("CurrentHost", s.CurrentHost);
  v("InstanceType", s.InstanceType);
  v("InstanceGroupName", s.InstanceGroupName);
  v("Image", s.Image);
  v("Environment", s.Environment);
  v("Packages", s.Packages);
  v("Caches", s.Caches);
  v("Entrypoint", s.Entrypoint);
  v("Arguments", s.Arguments);
  v("Variables", s.Variables);
  v("HyperParameters", s.HyperParameters);
  v("Channels", s.Channels);
  v("Origins", s.Origins);
  v("Cache", s.Cache);
  v("Strict", s.Strict);
  v("Output", s.Output);
  v("Checkpoint", s.Checkpoint);
  v("Syncs", s.Syncs);
  v("SyncEveryMs", s.SyncEveryMs);
  v("Limits", s.Limits);
  v("Gpus", s.Gpus);
  v("GpuLocks", s.GpuLocks);
  v("NetworkIsolation", s.NetworkIsolation);
  v("MaxRuntimeMs", s.MaxRuntimeMs);
  v("OutputBytesMax", s.OutputBytesMax);
  v("LogBytesMax", s.LogBytesMax);
  v("StopGraceMs", s.StopGraceMs);
  v("HostUid", s.HostUid);
  v("HostGid", s.HostGid);
  v("Request", s.Request);
  v("Notices", s.Notices);
}

}  // namespace trainyard::wire
