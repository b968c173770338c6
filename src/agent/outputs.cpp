#include "agent/outputs.hpp"

#include "agent/job_store.hpp"
#include "agent/outputs/upload_archive.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

// `tree` is where the job wrote, or was to find, what they speak of.
void add_notes(const std::string& tree, const Notes& notes, std::vector<std::string>& out) {
  for (auto& line : notes.lines(tree))
    out.push_back(std::move(line));
}

}  // namespace

Result<> upload_outputs(const wire::InstanceSpec& spec, const InstancePaths& paths, bool with_model,
                        int stop_fd, Uploaded& uploaded) {
  if (spec.Service.empty()) return {};  // no service: what was written stays where it is
  const auto store = TRY(JobStore::open(spec, paths, stop_fd));
  PackOptions options;
  options.bytes_max = std::uint64_t(spec.OutputBytesMax);
  const JobDirectory data{paths.ml(), "output/data"};
  auto output = upload_archive(store->client, data, TRY(s3::parse_uri(spec.Output.OutputUri)),
                               WhenEmpty::leave, options);
  if (!output) return in_context(std::move(output).error(), "/opt/ml/output/data");
  add_notes("output/data", output->notes, uploaded.notes);
  if (!with_model) return {};
  const JobDirectory directory{paths.ml(), "model"};
  const s3::Location to = TRY(s3::parse_uri(spec.Output.ModelUri));
  auto model = spec.Output.Compress
                   ? upload_archive(store->client, directory, to, WhenEmpty::upload, options)
                   : upload_files(store->client, directory, to, options.bytes_max);
  if (!model) return in_context(std::move(model).error(), "/opt/ml/model");
  add_notes("model", model->notes, uploaded.notes);
  uploaded.model_uri = spec.Output.ModelUri;
  return {};
}

}  // namespace trainyard::agent
