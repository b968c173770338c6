#include "toolkit/packages.hpp"

#include <doctest/doctest.h>

namespace trainyard::toolkit {
namespace {

std::string item(const std::string& name, const std::string& version, const std::string& download,
                 bool is_direct = false) {
  return R"({"metadata":{"name":")" + name + R"(","version":")" + version + R"("},"is_direct":)" +
         (is_direct ? "true" : "false") + R"(,"download_info":)" + download + "}";
}

std::string report(const std::string& items) {
  return R"({"version":"1","install":[)" + items + "]}";
}

const std::string hashed = R"({"url":"https://h/x.whl","archive_info":{"hashes":{"sha256":"ab"}}})";

}  // namespace

// SEMANTICS T19
TEST_CASE("what is missing is named by version and hash, with the file's own options") {
  CHECK(missing_packages(report(""), "six\n").value() == "");
  CHECK(missing_packages(report(item("six", "1.16.0", hashed)),
                         "--index-url https://h\n-r more.txt\n-c c.txt\n-e .\nsix\n--pre\n")
            .value() == "--index-url https://h\n--pre\nsix==1.16.0 --hash=sha256:ab\n");
  CHECK(missing_packages(report(item("a", "1", hashed, true) + "," +
                                item("b", "2", R"({"url":"https://h/b","archive_info":{}})")),
                         "--require-hashes\n")
            .value() == "a @ https://h/x.whl\nb==2\n");
  CHECK(missing_packages(
            report(item("g", "1",
                        R"({"url":"https://h/g.git","vcs_info":{"vcs":"git",)"
                        R"("commit_id":"c0ffee"}})",
                        true) +
                   "," + item("app", "1", R"({"url":"file:///opt/ml/code","dir_info":{}})", true)),
            "")
            .value() == "g @ git+https://h/g.git@c0ffee\n/opt/ml/code\n");
  CHECK_FALSE(missing_packages("no report", ""));
}

TEST_CASE("packages come before the environment's own modules and programs") {
  Variables variables({{"PATH", "/bin"}});
  use_packages("/p", variables);
  CHECK(variables.get("PYTHONPATH") == "/p");
  CHECK(variables.get("PATH") == "/p/bin:/bin");
  use_packages("/q", variables);
  CHECK(variables.get("PYTHONPATH") == "/q:/p");
}

}  // namespace trainyard::toolkit
