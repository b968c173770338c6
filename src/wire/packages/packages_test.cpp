#include "wire/packages/packages.hpp"

#include <doctest/doctest.h>

namespace trainyard::wire {

// SEMANTICS T19
TEST_CASE("which requirements say all by themselves") {
  for (const char* text :
       {"", "# none\n", "six", "six==1.16.0\nnumpy>=1,<2 ; python_version >= '3.8'",
        "requests[socks] ~= 2.1  # why", "Pillow(>=9)", "a @ https://h/a-1.whl",
        "git+https://host/x.git@v1#egg=x", "https://host/a.whl",
        "--index-url https://h/simple\nsix", "--extra-index-url=https://u:${TOKEN}@h/s\nsix",
        "-f https://h/wheels\nsix", "six==1 \\\n  --hash=sha256:ab \\\n  --hash=sha256:cd\n"})
    CHECK_MESSAGE(is_self_contained(text), text);
  for (const char* text : {"-r other.txt",
                           "-c constraints.txt",
                           "-e .",
                           ".",
                           "./lib",
                           "lib/",
                           "../x",
                           "a.whl",
                           "x.tar.gz",
                           "a @ file:///x",
                           "a @ ./x",
                           "-f wheels\nsix",
                           "-i file:///x\nsix",
                           "--index-url=/x",
                           "--pre -r more.txt",
                           "x.tgz",
                           "x.tar.bz2",
                           "x.tar.xz",
                           "six --config-settings=x",
                           "-f /x",
                           "--find-links=./w",
                           "file:///x",
                           "six\n-rmore.txt",
                           "--unheard-of",
                           "[dev]",
                           "git+ssh://host/x"})
    CHECK_MESSAGE(!is_self_contained(text), text);
}

TEST_CASE("requests and answers come as they went") {
  const auto request =
      decode_packages_request(encode_packages(PackagesRequest{"six\n", {"A=b", "C="}}));
  CHECK(request.requirements == "six\n");
  CHECK(request.variables == std::vector<std::string>{"A=b", "C="});
  const auto answer = decode_packages_answer(
      encode_packages(PackagesAnswer{PackagesAnswer::Kind::failed, 2, "", "ERROR: no"}));
  CHECK(answer.kind == PackagesAnswer::Kind::failed);
  CHECK(answer.exit_code == 2);
  CHECK(answer.text == "ERROR: no");
  CHECK(decode_packages_answer("").kind == PackagesAnswer::Kind::own);
  CHECK(decode_packages_request("").requirements.empty());
}

// SEMANTICS T22
TEST_CASE("pip is told what concerns it") {
  const std::vector<std::string> all{"PATH=/x",   "PIP_RETRIES=0", "LD_PRELOAD=/x",
                                     "TOKEN=t=1", "https_proxy=h", "=x",
                                     "PIP_ALONE", "TOKEN2=t"};
  CHECK(variables_for_pip("-i https://${TOKEN}@h/s", all) ==
        std::vector<std::string>{"PIP_RETRIES=0", "TOKEN=t=1", "https_proxy=h"});
}

}  // namespace trainyard::wire
