#pragma once
/// A directory as a tar.gz stream: how model.tar.gz and output.tar.gz are made. The tree was
/// written by a hostile job; memory stays bounded whatever is in it, and no name leads out of it.
///
/// What is kept: regular files (holes too), directories (empty ones too), symbolic links as links,
/// hard links, permission bits, modification times in seconds. Owner is 0:0; setuid, setgid and
/// sticky bits are dropped, since the one who extracts may be root. Paths are relative, without
/// "./", in byte order: the same tree gives the same bytes.

#include "agent/outputs/gzip_stream.hpp"
#include "agent/outputs/notes.hpp"
#include "agent/outputs/tree.hpp"

#include <cstdint>
#include <string>

namespace trainyard::agent {

struct PackOptions {
  GzipOptions gzip;
  TreeLimits limits;
  std::uint64_t bytes_max = std::uint64_t(1) << 62;  ///< of the tar; past it: kind `limit`
};

/// More than may be stored of one directory of a job.
Failure too_large(std::uint64_t bytes_max);

struct ArchiveReport {
  std::uint64_t entries = 0;
  std::uint64_t tar_bytes = 0;      ///< before compression
  std::uint64_t archive_bytes = 0;  ///< what the sink was given
  /// Left out: sockets, FIFOs, devices, what cannot be read, what is past a limit. Changed: a file
  /// that shrank or grew while it was read has the size it was opened with, cut or filled with
  /// zeros.
  Notes notes;
};

/// Sends the archive of all below `directory` (open_job_directory) to `sink`, piece by piece, on
/// the calling thread. The only errors are those that the sink returned and `bytes_max`: nothing
/// in the tree is one.
Result<ArchiveReport> pack_directory(const os::Fd& directory, const Sink& sink,
                                     const PackOptions& options = {});

}  // namespace trainyard::agent
