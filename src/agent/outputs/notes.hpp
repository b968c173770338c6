#pragma once
/// What an archive or a sync had to leave out or found changed: for the job's log, never fatal.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::agent {

struct Note {
  std::string path;  ///< printable: bytes below 0x20 and 0x7f are written as \xNN
  std::string text;  ///< "a socket: left out"
};

/// The first `kept_max` notes and how many there were: a hostile tree cannot fill memory or log.
class Notes {
public:
  static constexpr std::size_t kept_max = 100;

  void add(std::string_view path, std::string text);
  void add_all(const Notes& others);

  const std::vector<Note>& kept() const { return kept_; }
  std::size_t count() const { return count_; }
  /// One line a note for the log, and one that says how many were not kept. Paths are told below
  /// `tree`, which "." is itself.
  std::vector<std::string> lines(std::string_view tree = "") const;

private:
  std::vector<Note> kept_;
  std::size_t count_ = 0;
};

}  // namespace trainyard::agent
