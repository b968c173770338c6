#pragma once
/// Operations of this service's own, JSON 1.1 like SageMaker's: X-Amz-Target "Trainyard.NAME".

#include "wire/fields.hpp"

#include <string>
#include <vector>

namespace trainyard::wire {

/// Why: what a job waits for, where its time goes, or why it failed, in one sentence. Asked like
/// DescribeTrainingJob.
struct WhyResponse {
  std::string TrainingJobStatus, Sentence;
};
template <class V> void fields(V& v, WhyResponse& r) {
  v("TrainingJobStatus", r.TrainingJobStatus);
  v("Sentence", r.Sentence);
}

/// ListWaiting: the jobs that wait for machines, those first that begin first.
struct ListWaitingRequest {
  std::int64_t MaxResults = 20;
};
template <class V> void fields(V& v, ListWaitingRequest& r) {
  v("MaxResults", r.MaxResults, range(1, 100));
}
struct WaitingJob {
  std::string TrainingJobName, User;
  std::int64_t Priority = 0;
  Time CreationTime{};
  std::string Sentence;  ///< why it waits
};
template <class V> void fields(V& v, WaitingJob& j) {
  v("TrainingJobName", j.TrainingJobName);
  v("User", j.User);
  v("Priority", j.Priority);
  v("CreationTime", j.CreationTime);
  v("Sentence", j.Sentence);
}
struct ListWaitingResponse {
  std::vector<WaitingJob> Jobs;
};
template <class V> void fields(V& v, ListWaitingResponse& r) {
  v("Jobs", r.Jobs);
}

/// SetPriority: of a job in the queue, the higher the earlier.
struct SetPriorityRequest {
  std::string TrainingJobName;
  std::int64_t Priority = 0;
};
template <class V> void fields(V& v, SetPriorityRequest& r) {
  v("TrainingJobName", r.TrainingJobName, required);
  v("Priority", r.Priority, required, range(-1000, 1000));
}

/// LocateFiles: where what a job wrote lies on this machine. Asked like DescribeTrainingJob.
struct FilesDirectory {
  std::string Path;       ///< as the job sees it: "/opt/ml"
  std::string Directory;  ///< of this machine; hostile: a job may change it meanwhile
};
template <class V> void fields(V& v, FilesDirectory& d) {
  v("Path", d.Path);
  v("Directory", d.Directory);
}
struct LocateFilesResponse {
  std::vector<FilesDirectory> Directories;  ///< longest paths first
};
template <class V> void fields(V& v, LocateFilesResponse& r) {
  v("Directories", r.Directories);
}

struct EnvironmentSummary {
  std::string Name, Python, PythonVersion, Frameworks;
  std::string Root;  ///< that `Python` is in, where it is not this machine's
};
template <class V> void fields(V& v, EnvironmentSummary& e) {
  v("Name", e.Name);
  v("Python", e.Python);
  v("PythonVersion", e.PythonVersion);
  v("Frameworks", e.Frameworks);
  v("Root", e.Root);
}

struct ListEnvironmentsResponse {
  std::vector<EnvironmentSummary> Environments;
};
template <class V> void fields(V& v, ListEnvironmentsResponse& r) {
  v("Environments", r.Environments);
}

/// AddEnvironment: an environment beside those of the settings. Its directory is the one that was
/// handed over with the key that signs the request (wire/instance/handover.hpp).
struct AddEnvironmentRequest {
  std::string Name;
  std::string Python;  ///< the interpreter, as a path below the directory
  bool Root = false;   ///< the directory is a whole Linux root instead
};
template <class V> void fields(V& v, AddEnvironmentRequest& r) {
  v("Name", r.Name, required, length(1, 64), pattern("[a-zA-Z0-9][a-zA-Z0-9._-]*"));
  v("Python", r.Python, length(0, 255));
  v("Root", r.Root);
}

/// RemoveEnvironment: one that was added.
struct RemoveEnvironmentRequest {
  std::string Name;
};
template <class V> void fields(V& v, RemoveEnvironmentRequest& r) {
  v("Name", r.Name, required, length(1, 64));
}

/// ExplainImage: which environment would run for an image URI, and why.
struct ExplainImageRequest {
  std::string Image;
};
template <class V> void fields(V& v, ExplainImageRequest& r) {
  v("Image", r.Image, required, length(1, 255));
}
struct ExplainImageResponse {
  std::string Environment;  ///< its name; empty where none would run
  std::string Sentence;
};
template <class V> void fields(V& v, ExplainImageResponse& r) {
  v("Environment", r.Environment);
  v("Sentence", r.Sentence);
}

/// AddUser: somebody who may use this service, and their key, which is told here alone.
struct AddUserRequest {
  std::string Name;
  bool Admin = false;  ///< may change what is others', and say who users are
};
template <class V> void fields(V& v, AddUserRequest& r) {
  v("Name", r.Name, required, length(1, 64), pattern("[a-zA-Z0-9][a-zA-Z0-9._-]*"));
  v("Admin", r.Admin);
}
struct AddUserResponse {
  std::string Name;
  bool Admin = false;
  std::string AccessKeyId, SecretAccessKey;
};
template <class V> void fields(V& v, AddUserResponse& r) {
  v("Name", r.Name);
  v("Admin", r.Admin);
  v("AccessKeyId", r.AccessKeyId);
  v("SecretAccessKey", r.SecretAccessKey);
}

/// RevokeUser: their keys end; their jobs go on.
struct RevokeUserRequest {
  std::string Name;
};
template <class V> void fields(V& v, RevokeUserRequest& r) {
  v("Name", r.Name, required, length(1, 64));
}

struct UserSummary {
  std::string Name;
  bool Admin = false;
  bool You = false;  ///< who asks
  Time Created{};
  std::optional<Time> Revoked;
};
template <class V> void fields(V& v, UserSummary& u) {
  v("Name", u.Name);
  v("Admin", u.Admin);
  v("You", u.You);
  v("Created", u.Created);
  v("Revoked", u.Revoked);
}
struct ListUsersResponse {
  std::vector<UserSummary> Users;
};
template <class V> void fields(V& v, ListUsersResponse& r) {
  v("Users", r.Users);
}

/// What takes space, or was removed.
struct DiskShare {
  std::string Name;
  std::int64_t Bytes = 0, Count = 0;
  std::string What;  ///< what is counted
};
template <class V> void fields(V& v, DiskShare& d) {
  v("Name", d.Name);
  v("Bytes", d.Bytes);
  v("Count", d.Count);
  v("What", d.What);
}

/// DescribeDisk: what takes how much of the service's directory.
struct DescribeDiskResponse {
  std::int64_t FreeBytes = 0, TotalBytes = 0;
  std::int64_t CacheBytesMax = 0;  ///< of the share "cache", by the settings
  std::vector<DiskShare> Shares, Buckets;
};
template <class V> void fields(V& v, DescribeDiskResponse& d) {
  v("FreeBytes", d.FreeBytes);
  v("TotalBytes", d.TotalBytes);
  v("CacheBytesMax", d.CacheBytesMax);
  v("Shares", d.Shares);
  v("Buckets", d.Buckets);
}

/// Prune: removes logs and caches that nobody has used for so long.
struct PruneRequest {
  std::int64_t OlderSeconds = 0;
  bool DryRun = false;    ///< only tells what would go
  bool KeepLogs = false;  ///< caches alone
};
template <class V> void fields(V& v, PruneRequest& p) {
  v("OlderSeconds", p.OlderSeconds, required, range(3600, 315'360'000));
  v("DryRun", p.DryRun);
  v("KeepLogs", p.KeepLogs);
}
struct PruneResponse {
  std::vector<DiskShare> Shares;
};
template <class V> void fields(V& v, PruneResponse& p) {
  v("Shares", p.Shares);
}

}  // namespace trainyard::wire
