#include "agent/outcome.hpp"

#include "base/encoding.hpp"

#include <fmt/format.h>

#include <array>
#include <signal.h>
#include <string.h>

namespace trainyard::agent {
namespace {

// A FailureReason has at most 1,024 characters; the exit code at its end is worth more than the
// last words of the text before it.
std::string algorithm_error(std::string_view text, std::string_view hint, int code) {
  constexpr std::size_t reason_bytes_max = 1024;
  constexpr std::string_view front = "AlgorithmError: ";
  const std::string end =
      fmt::format("{}{}, exit code: {}", hint.empty() || text.empty() ? "" : ". ", hint, code);
  return fmt::format("{}{}{}", front, cut_utf8(text, reason_bytes_max - front.size() - end.size()),
                     end);
}

// Modules that the service's framework images have, by the packages that bring them.
struct ImageModule {
  std::string_view module, package;
};
constexpr std::array<ImageModule, 40> image_modules{{
    {"torchvision", ""},  {"torchaudio", ""},
    {"torchtext", ""},    {"torchdata", ""},
    {"torch", ""},        {"tensorflow", ""},
    {"keras", ""},        {"mxnet", ""},
    {"xgboost", ""},      {"sklearn", "scikit-learn"},
    {"transformers", ""}, {"datasets", ""},
    {"accelerate", ""},   {"evaluate", ""},
    {"tokenizers", ""},   {"sentencepiece", ""},
    {"sagemaker", ""},    {"sagemaker_training", "sagemaker-training"},
    {"smdebug", ""},      {"boto3", ""},
    {"botocore", ""},     {"numpy", ""},
    {"pandas", ""},       {"scipy", ""},
    {"matplotlib", ""},   {"seaborn", ""},
    {"PIL", "Pillow"},    {"cv2", "opencv-python-headless"},
    {"imageio", ""},      {"h5py", ""},
    {"numba", ""},        {"tqdm", ""},
    {"yaml", "PyYAML"},   {"requests", ""},
    {"psutil", ""},       {"tensorboard", ""},
    {"spacy", ""},        {"fastai", ""},
    {"mpi4py", ""},       {"s3fs", ""},
}};

// The toolkit's words for a script that SIGKILL ended, which nobody of ours sent.
bool says_killed(std::string_view text) {
  return text.find("\nExitCode -9\n") != std::string_view::npos;
}

double gibibytes(std::uint64_t bytes) {
  return double(bytes) / double(1u << 30);
}

}  // namespace

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

Outcome judge(const Exit& exit, std::string_view failure_text, bool was_asked_to_end,
              std::string_view hint) {
  Outcome out;
  if (exit.setup_failed) {
    out.failure = std::string(exit.unrunnable ? "ClientError: " : "InternalServerError: ") +
                  "the container could not start the command: " + exit.message;
    return out;
  }
  if (exit.memory_peak_bytes > 0 && (exit.out_of_memory || exit.signal == SIGKILL))
    out.notes.push_back(fmt::format("peak memory {:.2f} GiB", gibibytes(exit.memory_peak_bytes)));
  if (was_asked_to_end || (exit.code == 0 && exit.signal == 0 && !exit.out_of_memory)) return out;
  if (exit.code == 0 && exit.signal == 0) return out;  // a child was killed, the script went on
  // As a shell counts: 128 + signal.
  const int code = exit.signal != 0 ? 128 + exit.signal : exit.code;
  std::string text(failure_text);
  if (exit.out_of_memory)
    text = fmt::format("OutOfMemory: the script was killed at its memory limit (peak {:.2f} GiB){}",
                       gibibytes(exit.memory_peak_bytes), text.empty() ? "" : ". " + text);
  else if (!exit.counts_memory_kills && says_killed(text))
    text = fmt::format("killed, likely out of memory (peak {:.2f} GiB). {}",
                       gibibytes(exit.memory_peak_bytes), text);
  else if (text.empty() && exit.signal != 0)
    text = exit.message.empty() ? "killed by " + signal_name(exit.signal) : exit.message;
  out.failure = algorithm_error(text, hint, code);
  return out;
}

std::string missing_module_hint(std::string_view log_end, std::string_view environment) {
  constexpr std::string_view mark = "ModuleNotFoundError: No module named '";
  const auto at = log_end.rfind(mark);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = log_end.substr(at + mark.size());
  const std::string_view module = rest.substr(0, rest.find_first_of(".'"));
  for (const auto& [name, package] : image_modules)
    if (name == module)
      return fmt::format(
          "The service's image has the module {}, the environment here ({}) has not: "
          "add {} to requirements.txt, or install it there",
          module, environment, package.empty() ? name : package);
  return "";
}

std::string setup_failure(const Error& error) {
  const bool theirs = error.kind == ErrorKind::invalid || error.kind == ErrorKind::not_found;
  return (theirs ? "ClientError: " : "InternalServerError: ") + error.message;
}

std::string upload_failure(const Error& error) {
  const bool is_the_jobs = error.kind == ErrorKind::limit && error.code != "StorageFull";
  return std::string(is_the_jobs ? "ClientError: " : "InternalServerError: ") +
         "the outputs could not be stored: " + error.message;
}

std::string agent_failure(const Error& error) {
  return "InternalServerError: the agent could not go on: " + error.message;
}

}  // namespace trainyard::agent
