#include "toolkit/machine.hpp"

#include "os/process.hpp"

#include <optional>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t answer_bytes_max = 1 << 20;

// The output of a program that ends well; nothing if PATH lacks it or it fails.
Result<std::optional<std::string>> ask(const Variables& variables, std::string_view name,
                                       const std::string& argument) {
  const auto program = variables.find_program(name);
  if (!program) return std::nullopt;
  os::Pipe pipe = TRY(os::make_pipe());
  os::SpawnSpec spec;
  spec.program = *program;
  spec.arguments = {std::string(name), argument};
  spec.environment = variables.entries();
  spec.fds = {{pipe.write.get(), 1}, {2, 2}};
  const auto child = os::spawn(spec);
  if (!child) return std::nullopt;  // a broken file is as good as none
  pipe.write.reset();
  std::string text;
  char buffer[4096];
  while (const std::size_t n = TRY(os::read_some(pipe.read.get(), buffer, *program)))
    if (text.size() < answer_bytes_max) text.append(buffer, n);
  const os::ExitStatus status = TRY(os::wait(*child));
  if (status.code != 0 || status.signal != 0) return std::nullopt;
  return text;
}

// Lines of `nvidia-smi --list-gpus` that begin with "GPU "; those of MIG slices are indented.
long long count_gpus(std::string_view listing) {
  long long count = listing.starts_with("GPU ") ? 1 : 0;
  for (std::size_t at = 0; (at = listing.find("\nGPU ", at)) != listing.npos; ++at)
    ++count;
  return count;
}

// The sum of nc_count over the list that `neuron-ls -j` prints.
Result<Json> count_neurons(const std::string& listing) {
  const auto parsed = parse_json(listing);
  if (!parsed) return in_context(parsed.error(), "read the answer of neuron-ls -j");
  long long sum = 0;
  for (const Json& device : parsed->items())
    if (const Json* count = device.find("nc_count"); count && count->kind() == Json::Kind::integer)
      sum += std::strtoll(count->characters().c_str(), nullptr, 10);
  return Json::integer(sum);
}

}  // namespace

Result<MachineFacts> look_at_machine(const Variables& variables, std::string_view instance_type) {
  MachineFacts facts;
  facts.cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (const auto listing = TRY(ask(variables, "nvidia-smi", "--list-gpus")))
    facts.gpus = count_gpus(*listing);
  else
    facts.notes.push_back("No GPUs detected (normal if no gpus installed)");
  bool has_neurons = true;
  if (instance_type.find("trn2.48xlarge") != instance_type.npos)
    facts.neurons = Json::integer(64);
  else if (const auto listing = TRY(ask(variables, "neuron-ls", "-j")))
    facts.neurons = TRY(count_neurons(*listing));
  else
    has_neurons = false;
  facts.notes.push_back(has_neurons
                            ? "Found " + facts.neurons.characters() + " neurons on this instance"
                            : "No Neurons detected (normal if no neurons installed)");
  facts.has_smddprun = variables.find_program("smddprun").has_value();
  facts.has_smddpmprun = variables.find_program("smddpmprun").has_value();
  return facts;
}

}  // namespace trainyard::toolkit
