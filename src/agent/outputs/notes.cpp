#include "agent/outputs/notes.hpp"

#include <fmt/format.h>

namespace trainyard::agent {
namespace {

/// A name comes from the job: a newline in it must not start a line of its own in the log.
std::string printable(std::string_view path) {
  std::string out;
  for (char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

}  // namespace

void Notes::add(std::string_view path, std::string text) {
  ++count_;
  if (kept_.size() < kept_max) kept_.push_back({printable(path), std::move(text)});
}

void Notes::add_all(const Notes& others) {
  count_ += others.count_;
  for (const Note& note : others.kept_)
    if (kept_.size() < kept_max) kept_.push_back(note);
}

std::vector<std::string> Notes::lines(std::string_view tree) const {
  std::vector<std::string> out;
  const std::string whole(tree), front = tree.empty() ? "" : whole + "/";
  for (const Note& note : kept_)
    out.push_back(fmt::format(
        "{}: {}", !whole.empty() && note.path == "." ? whole : front + note.path, note.text));
  if (count_ > kept_.size())
    out.push_back(
        fmt::format("{}and {} more", tree.empty() ? "" : whole + ": ", count_ - kept_.size()));
  return out;
}

}  // namespace trainyard::agent
