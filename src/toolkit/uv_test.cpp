#include "os/files.hpp"
#include "toolkit/uv.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

namespace trainyard::toolkit {

// SEMANTICS T23
TEST_CASE("of what uv would install a file is made, with the options of the one that asked") {
  CHECK(missing_by_uv("Using Python 3.11.2 environment at: /venv\nWould make no changes\n",
                      "six\n") == "");
  CHECK(missing_by_uv("Resolved 4 packages in 1ms\nWould install 3 packages\n - six==1.0\n"
                      " + six==1.16.0\n ~ same==1\n + a @ https://h/a.whl\n"
                      " + g==1.0 (from git+https://h/g.git@c0ffee)\n",
                      "-i https://h/simple\nsix\n") ==
        "-i https://h/simple\nsix==1.16.0\na @ https://h/a.whl\ng @ git+https://h/g.git@c0ffee\n");
}

// SEMANTICS T23
TEST_CASE("uv is chosen where it is, and comes to the same") {
  std::string name = "/tmp/trainyard-uv-XXXXXX";
  const os::Path venv = ::mkdtemp(name.data());
  REQUIRE(os::make_directories(venv / "bin"));
  REQUIRE(os::write_file(venv / "pyvenv.cfg", "home = /usr/bin\n"));
  const Variables variables({{"PATH", venv / "bin"}, {"PIP_INDEX_URL", "https://h"}});
  PackageWish wish{{"-r", "r.txt"}, "six\n", venv / "bin/python3", "", "/t", false, ""};
  const auto why = [&](const Variables& with) {
    return choose_installer(wish, with, venv).sentence();
  };
  CHECK(why(variables) == "Packages are installed by pip.");
  REQUIRE(os::write_file(venv / "bin/uv", "", 0755));
  CHECK(why(variables) == "Packages are installed by uv (" + (venv / "bin/uv").string() + ").");
  CHECK(choose_installer(wish, variables, venv).settings.variables.back() ==
        "UV_DEFAULT_INDEX=https://h");
  const std::string pip = "Packages are installed by pip and not by uv, for ";
  Variables other = variables;
  other.set("PIP_ONLY_BINARY", ":all:");
  CHECK(why(other) == pip + "a PIP_ variable that uv has no like for.");
  wish.requirements = "--pre\nsix\n";
  CHECK(why(variables) == pip + "--pre in requirements.txt.");
  wish.requirements = "six\n";
  wish.what = {".", "-r", "r.txt"};
  CHECK(why(variables) == pip + "what is installed is no requirements.txt.");
  wish.what = {"-r", "r.txt"};
  REQUIRE(os::write_file(venv / "pip.conf", ""));
  CHECK(why(variables) == pip + "a pip.conf.");
  REQUIRE(os::remove_tree(venv / "pip.conf"));
  REQUIRE(os::write_file(venv / "pyvenv.cfg", "include-system-site-packages = true\n"));
  CHECK(why(variables).find("packages of the system's") != std::string::npos);
  wish.python = "/usr/bin/python3";
  CHECK(why(variables).find("packages of the system's") != std::string::npos);
  CHECK(os::remove_tree(venv));
}

}  // namespace trainyard::toolkit
