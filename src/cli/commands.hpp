#pragma once
/// The commands a person types. Each prints to standard output and returns its exit code.

#include "base/result.hpp"
#include "os/files.hpp"
#include "wire/shapes/trainyard.hpp"

#include <functional>
#include <string>
#include <vector>

namespace trainyard::cli {

/// Exit codes, the same for every command.
enum ExitCode { ok = 0, job_failed = 1, usage = 2, no_service_there = 3, refused = 4 };

/// What all commands share.
struct Common {
  os::Path data;
  bool json = false;
};

Result<int> list_jobs(const Common& common, int count);
/// Those that wait for machines, with the reason of each.
Result<int> list_waiting(const Common& common, int count);
Result<int> set_priority(const Common& common, const std::string& name, int priority);
Result<int> describe_job(const Common& common, const std::string& name);
Result<int> show_logs(const Common& common, const std::string& name, bool follow);
/// What happened to jobs, oldest first.
struct EventsWish {
  int count = 20;       ///< the last ones
  std::string job;      ///< "" = all
  bool follow = false;  ///< goes on: to the job's end, or for good
};
Result<int> show_events(const Common& common, const EventsWish& wish);
Result<int> interrupt_job(const Common& common, const std::string& name);
Result<int> stop_job(const Common& common, const std::string& name);
Result<int> explain_job(const Common& common, const std::string& name);
/// One of the three says what it is.
struct NewEnvironment {
  std::string name;
  std::string python;        ///< a virtual environment's directory, or an interpreter
  std::string requirements;  ///< a file; an environment is made of what it asks for
  std::string root;          ///< a directory with a whole Linux root in it
};
Result<int> add_environment(const Common& common, const NewEnvironment& wish);
Result<int> remove_environment(const Common& common, const std::string& name);
Result<int> list_environments(const Common& common);
Result<int> explain_image(const Common& common, const std::string& image);
/// Prints the new user's key, which is told this once.
Result<int> add_user(const Common& common, const std::string& name, bool is_admin);
Result<int> revoke_user(const Common& common, const std::string& name);
Result<int> list_users(const Common& common);
/// agent::copy_out(); the lines tell what was left out.
using CopyOut = std::function<Result<std::vector<std::string>>(
    const os::Path& trusted, const os::Path& below, const os::Path& to)>;
/// Copies NAME:PATH, what a job wrote, to a place of the caller's.
Result<int> copy_files(const Common& common, const std::string& from, const os::Path& to,
                       const CopyOut& copy_out);
Result<int> show_disk(const Common& common);
/// Snapshots, packages, fetched contents: what jobs make again where it is not there.
Result<int> show_caches(const Common& common);
Result<int> prune(const Common& common, const wire::PruneRequest& request);
Result<int> print_environment(const Common& common);
/// How to log in at a service elsewhere.
struct Login {
  std::string url;          ///< "" = the service of this machine
  std::string fingerprint;  ///< of its authority; "" = a person is asked
  std::string key_id, secret_file, region;
};
Result<int> log_in(const Common& common, const Login& login);
/// Runs the command with everything in place and returns its exit code.
Result<int> run_client(const Common& common, const std::vector<std::string>& command);

}  // namespace trainyard::cli
