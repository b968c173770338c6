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

// SEMANTICS T21
TEST_CASE("of what pip or uv said the errors are told, or its last words") {
  CHECK(errors_of_installer("") == "");
  CHECK(errors_of_installer("Collecting x\nNo module named pip\n\n") == "No module named pip");
  CHECK(errors_of_installer("ERROR: a\nmore\n") == "ERROR: a\nmore");
  CHECK(errors_of_installer("Collecting x\nan ERROR: not\nERROR: a\n  b\nERROR: c\n") ==
        "ERROR: a\n  b\nERROR: c");
  CHECK(errors_of_installer("Using Python\nerror: No solution\n  cause: ty-x\n") ==
        "error: No solution\n  cause: ty-x");
  CHECK(errors_of_installer("Using Python\n  \u00d7 No solution:\n  \u2570 ty-x\n") ==
        "  \u00d7 No solution:\n  \u2570 ty-x");
  CHECK(errors_of_installer("error: quoted\nERROR: pip's\n") == "ERROR: pip's");
  CHECK(errors_of_installer("ERROR: " + std::string(9000, 'x')).size() == 2000);
}

// SEMANTICS T23
TEST_CASE("uv is told what pip would listen to, in its own words, or is not asked") {
  using Said = std::vector<std::string>;
  const std::string best = "UV_INDEX_STRATEGY=unsafe-best-match";
  const auto said = [](const Said& variables) { return settings_for_uv(variables)->variables; };
  CHECK(said({"PATH=/x", "PIP_NO_INPUT=1", "PIP_INDEX_URL="}) == Said{best});
  CHECK(said({"PIP_INDEX_URL=https://h/s", "PIP_EXTRA_INDEX_URL=https://a  https://b",
              "PIP_FIND_LINKS=/w https://h/w", "PIP_TRUSTED_HOST=h:1", "PIP_RETRIES=0",
              "PIP_TIMEOUT=3", "REQUESTS_CA_BUNDLE=/ca.pem"}) ==
        Said{best, "UV_DEFAULT_INDEX=https://h/s", "UV_EXTRA_INDEX_URL=https://a https://b",
             "UV_FIND_LINKS=/w,https://h/w", "UV_INSECURE_HOST=h:1", "UV_HTTP_RETRIES=0",
             "UV_HTTP_TIMEOUT=3", "SSL_CERT_FILE=/ca.pem"});
  for (const char* cert : {"PIP_CERT=", "PIP_CERT=/own.pem"})  // pip's own wins
    CHECK(said({"REQUESTS_CA_BUNDLE=/ca.pem", cert}) ==
          Said{best, std::string("SSL_CERT_FILE=") + (cert[9] ? "/own.pem" : "/ca.pem")});
  for (const char* yes : {"1", "true", "on"})
    CHECK(settings_for_uv({std::string("PIP_NO_INDEX=") + yes})->options == Said{"--no-index"});
  for (const char* no : {"0", "False", "off", ""})
    CHECK(settings_for_uv({std::string("PIP_NO_INDEX=") + no})->options == Said{});
  for (const char* other : {"PIP_ONLY_BINARY=:all:", "PIP_CLIENT_CERT=/x", "PIP_INDEX_URL=a b",
                            "PIP_FIND_LINKS=/a,b", "PIP_UNHEARD_OF=1", "PIP_NO_BUILD_ISOLATION=0"})
    CHECK_FALSE(settings_for_uv({other}));
}

// SEMANTICS T23
TEST_CASE("what uv has no like for is named") {
  for (const char* text :
       {"six\nnumpy>=1 ; python_version >= '3.8'", "-i https://h/s\nsix",
        "--extra-index-url=https://h/s\n-f https://h/w\n--no-index\nsix", "a @ https://h/a.whl"})
    CHECK_MESSAGE(unlike_uv(text) == "", text);
  CHECK(unlike_uv("--pre\nsix") == "--pre in requirements.txt");
  CHECK(unlike_uv("--trusted-host h\nsix") == "--trusted-host in requirements.txt");
  CHECK(unlike_uv("six==1 --hash=sha256:ab") == "--hash in requirements.txt");
  CHECK(unlike_uv("-r more.txt") == "another file in requirements.txt");
  CHECK(unlike_uv("./x.whl") == "another file in requirements.txt");
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
