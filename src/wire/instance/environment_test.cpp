#include "wire/instance/environment.hpp"

#include <doctest/doctest.h>

namespace trainyard::wire {
namespace {

std::string refusal(const std::string& python, const std::string& real,
                    std::vector<std::string> mounts) {
  const auto checked = check_environment({"", python, std::move(mounts), ""}, real, "/people/kim");
  if (checked) return "";
  CHECK(checked.error().kind == ErrorKind::invalid);
  return checked.error().message;
}

}  // namespace

// SEMANTICS X3
TEST_CASE("an environment shows no home directory and not the machine's files") {
  for (const std::string prefix :
       {"/home/kim", "/home", "/root", "/etc", "/var", "/opt", "/people", "/people/kim", "/tmp"}) {
    INFO(prefix);
    const std::string python = prefix + "/bin/python3";
    CHECK(refusal(python, python, {prefix}).find("would see all of " + prefix + ";") !=
          std::string::npos);
    CHECK(refusal("/venv/bin/python3", python, {"/venv", prefix}) != "");
  }
  CHECK(refusal("/bin/python3", "/bin/python3", {"/"}) != "");
  for (const std::string prefix : {"/home/kim/venv", "/root/.venv", "/opt/conda", "/venv",
                                   "/people/kim/venv", "/var/lib/env", "/people/ki"})
    CHECK(refusal(prefix + "/bin/python3", prefix + "/bin/python3", {prefix}) == "");
  CHECK(refusal("/usr/bin/python3", "/usr/bin/python3.11", {}) == "");
}

// SEMANTICS X3, E14
TEST_CASE("a root is a directory of its own, and lies where it says") {
  const auto refused = [](const std::string& root, const std::string& real) {
    const auto checked = check_environment({"", "", {}, root}, real, "/people/kim");
    return checked ? "" : checked.error().message;
  };
  for (const std::string root : {"/", "/home/kim", "/home", "/root", "/etc", "/var", "/people"})
    CHECK(refused(root, root).find("jobs would see all of " + root + ";") != std::string::npos);
  CHECK(refused("/srv/root", "/").find("a symbolic link leads to /;") != std::string::npos);
  CHECK(refused("/srv/root", "/srv/root") == "");
}

TEST_CASE("what the settings mount besides is the administrator's choice") {
  CHECK(refusal("/usr/bin/python3", "/usr/bin/python3", {"/srv", "/home/kim"}) == "");
}

}  // namespace trainyard::wire
