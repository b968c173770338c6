#pragma once
/// The outputs of a job, from a directory that the job wrote to keys that the job fixed:
/// `<S3OutputPath>/<job>/output/model.tar.gz` and `.../output.tar.gz`, or with CompressionType NONE
/// the model as files under `.../output/model/`. May be repeated: the same keys are written again.
///
/// What the service's documentation leaves open is decided so: a model archive is made also of an
/// empty directory (S3ModelArtifacts always names an object that exists); an output archive is not.

#include "agent/outputs/archive.hpp"
#include "agent/outputs/tree.hpp"
#include "s3/client.hpp"

#include <cstdint>

namespace trainyard::agent {

/// A directory that the job filled: see open_job_directory.
struct JobDirectory {
  os::Path trusted;  ///< ours: "/scratch/x/ml"
  os::Path below;    ///< the job's: "output/data"
};

struct UploadReport {
  std::uint64_t objects = 0;  ///< 0: there was nothing to upload
  std::uint64_t bytes = 0;    ///< of the objects
  Notes notes;
};

enum class WhenEmpty {
  upload,  ///< an archive with nothing in it
  leave,   ///< no object
};

/// Packs the directory and puts the archive under `to` while it is packed; nothing is written to
/// disk. One that does not exist, or that the job replaced by something else, counts as empty and
/// is noted. Errors: the service's; kind `limit` past 625 GiB.
Result<UploadReport> upload_archive(s3::Client& client, const JobDirectory& directory,
                                    const s3::Location& to, WhenEmpty when_empty,
                                    const PackOptions& options = {});

/// CompressionType NONE: each regular file becomes an object under `to`, which is read as a
/// directory. Symbolic links are left out and noted like all that an archive leaves out, and so are
/// names that cannot be keys (longer than 1024 bytes with the prefix, or no UTF-8). Nothing is
/// uploaded, with an error of kind `limit`, of more than `bytes_max` bytes, holes and all.
Result<UploadReport> upload_files(s3::Client& client, const JobDirectory& directory,
                                  const s3::Location& to, std::uint64_t bytes_max,
                                  const TreeLimits& limits = {});

}  // namespace trainyard::agent
