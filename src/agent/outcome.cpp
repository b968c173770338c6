#include "agent/outcome.hpp"

#include <fmt/format.h>

#include <signal.h>
#include <string.h>

namespace trainyard::agent {
namespace {

constexpr std::size_t failure_bytes_max = 1024;

// The first 1,024 characters at most, never half a character.
std::string_view cut(std::string_view text) {
  if (text.size() <= failure_bytes_max) return text;
  std::size_t n = failure_bytes_max;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80)
    --n;
  return text.substr(0, n);
}

double gibibytes(std::uint64_t bytes) {
  return double(bytes) / double(1u << 30);
}

}  // namespace

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

Outcome judge(const Exit& exit, std::string_view failure_text, bool was_asked_to_end) {
  Outcome out;
  if (exit.setup_failed) {
    out.failure = "InternalServerError: the container could not start the command: " + exit.message;
    return out;
  }
  if (exit.memory_peak_bytes > 0 && (exit.out_of_memory || exit.signal == SIGKILL))
    out.notes.push_back(fmt::format("peak memory {:.2f} GiB", gibibytes(exit.memory_peak_bytes)));
  if (was_asked_to_end || (exit.code == 0 && exit.signal == 0 && !exit.out_of_memory)) return out;
  if (exit.code == 0 && exit.signal == 0) return out;  // a child was killed, the script went on
  // As a shell counts: 128 + signal.
  const int code = exit.signal != 0 ? 128 + exit.signal : exit.code;
  std::string text(cut(failure_text));
  if (exit.out_of_memory)
    text =
        fmt::format("OutOfMemory: the script was killed at its memory limit (peak {:.2f} GiB). {}",
                    gibibytes(exit.memory_peak_bytes), text);
  else if (text.empty() && exit.signal != 0)
    text = exit.message.empty() ? "killed by " + signal_name(exit.signal) : exit.message;
  out.failure = fmt::format("AlgorithmError: {}, exit code: {}", text, code);
  return out;
}

std::string setup_failure(const Error& error) {
  const bool theirs = error.kind == ErrorKind::invalid || error.kind == ErrorKind::not_found;
  return (theirs ? "ClientError: " : "InternalServerError: ") + error.message;
}

}  // namespace trainyard::agent
