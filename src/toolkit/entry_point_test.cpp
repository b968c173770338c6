#include "toolkit/entry_point.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::toolkit;

TEST_CASE("plain relative names may be used") {
  for (const char* name :
       {"train.py", "src/train.py", "a/b+c/d-e_f.sh", "_x", ".hidden", "0", "a..b"})
    CHECK_MESSAGE(check_entry_point_name(name).has_value(), name);
}

TEST_CASE("other names are refused as the user's mistake") {
  for (const char* name : {"", "./a.py", "../a.py", "a/../b.py", "/a.py", "-a.py", "+a.py",
                           "a b.py", "a;b", "a//b", "a/", "$(x)", "\xc3\xa9.py"}) {
    const auto checked = check_entry_point_name(name);
    CHECK_MESSAGE(!checked.has_value(), name);
    CHECK(checked.error().code == "ClientError");
  }
}

TEST_CASE("a command goes through one shell, quoted") {
  const auto argv =
      entry_point_command(EntryPointKind::command, "run.sh", "", {"--a", "it's", "--b", ""});
  CHECK(*argv == std::vector<std::string>{"/bin/sh", "-c", "./run.sh --a 'it'\"'\"'s' --b ''"});
  CHECK(entry_point_command(EntryPointKind::command, "run.sh", "", {})->back() == "./run.sh ");
}

TEST_CASE("a program follows the end of the interpreter's options, a package is a module") {
  CHECK(*entry_point_command(EntryPointKind::python_program, "t.py", "/py", {"-x", "1"}) ==
        std::vector<std::string>{"/py", "--", "t.py", "-x", "1"});
  CHECK(*entry_point_command(EntryPointKind::python_package, "t.py", "/py", {}) ==
        std::vector<std::string>{"/py", "-m", "t"});
}
