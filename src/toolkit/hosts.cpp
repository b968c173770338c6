#include "toolkit/hosts.hpp"

#include "os/files.hpp"

#include <arpa/inet.h>
#include <strings.h>

namespace trainyard::toolkit {
namespace {

// Takes the next word off a line; "" at its end.
std::string take_word(std::string_view& line) {
  const std::size_t from = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(from);
  std::string word(line.substr(0, line.find_first_of(" \t\r")));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::optional<in_addr> address_in(std::string_view hosts_file, std::string_view name) {
  in_addr address{};
  const std::string wanted(name);
  if (::inet_pton(AF_INET, wanted.c_str(), &address) == 1) return address;
  while (!hosts_file.empty()) {
    std::string_view line = hosts_file.substr(0, hosts_file.find('\n'));
    hosts_file.remove_prefix(std::min(line.size() + 1, hosts_file.size()));
    line = line.substr(0, line.find('#'));
    if (::inet_pton(AF_INET, take_word(line).c_str(), &address) != 1) continue;
    for (std::string word = take_word(line); !word.empty(); word = take_word(line))
      if (::strcasecmp(word.c_str(), wanted.c_str()) == 0) return address;
  }
  return std::nullopt;
}

Result<in_addr> address_of(const std::string& name) {
  const auto file = os::read_file("/etc/hosts", 1 << 20);
  if (const auto found = address_in(file ? *file : "", name)) return *found;
  if (name == "localhost") return in_addr{htonl(INADDR_LOOPBACK)};
  return fail(ErrorKind::not_found, "UnknownHost",
              "look up host " + name +
                  ": /etc/hosts does not have it (other name services are not asked)");
}

}  // namespace trainyard::toolkit
