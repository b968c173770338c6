#include "os/files.hpp"
#include "service/engine/environments.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>
#include <sys/stat.h>

namespace trainyard::engine {
namespace {

PythonEnvironment with_torch(std::string name, std::string torch, std::string python = "3.11") {
  return {std::move(name), "/x/bin/python", {}, std::move(python), {{"torch", std::move(torch)}}};
}
constexpr auto seed = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.10-gpu-py38";

// SEMANTICS E2
TEST_CASE("a framework image is read whatever account, region and suffix it has") {
  const auto w = parse_image(seed);
  CHECK(w.module == "torch");
  CHECK(w.version == "1.10");
  CHECK(w.python == "3.8");
  CHECK(parse_image("1.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:2.1.0-cpu-py310")
            .python == "3.10");
  CHECK(parse_image("my/image:1").module.empty());
}

// SEMANTICS E2
TEST_CASE("framework images of all kinds") {
  const auto asks = [](std::string_view image) {
    const auto w = parse_image(image);
    return w.module + " " + w.version + " " + w.python + " " + w.also;
  };
  CHECK(
      asks("1/huggingface-pytorch-training:1.10.2-transformers4.17.0-gpu-py38-cu113-ubuntu20.04") ==
      "torch 1.10.2 3.8 transformers");
  CHECK(asks("1/tensorflow-training:2.11.0-cpu-py39") == "tensorflow 2.11.0 3.9 ");
  CHECK(asks("1/sagemaker-scikit-learn:1.2-1-cpu-py3") == "sklearn 1.2  ");
  CHECK(asks("1/sagemaker-xgboost:1.7-1") == "xgboost 1.7  ");
  CHECK(asks("1/mxnet-training:1.9.0-gpu-py38") == "mxnet 1.9.0 3.8 ");
  CHECK(asks("1/pytorch-inference:1.10") == "   ");
}

// SEMANTICS E2
TEST_CASE("of two environments the one that has the image's other library") {
  auto with = with_torch("with", "2.1");
  with.frameworks["transformers"] = "4.30";
  const char* image = "1/huggingface-pytorch-training:1.10.2-transformers4.17.0-gpu-py38";
  CHECK(resolve_image(image, {}, {with_torch("closer", "1.10.2"), with}, false)->environment.name ==
        "with");
  const auto without = resolve_image(image, {}, {with_torch("closer", "1.10.2")}, false);
  REQUIRE(without);
  CHECK(without->sentence.ends_with("(closer), without transformers"));
}

// SEMANTICS E2
TEST_CASE("frameworks are found by what pip and Debian leave beside them") {
  char name[] = "/tmp/trainyard-environment-XXXXXX";
  const std::filesystem::path prefix = ::mkdtemp(name);
  const auto packages = prefix / "lib/python3.11/site-packages";
  for (const char* entry : {"scikit_learn-1.2.0.dist-info", "XGBoost-1.7.3-py3.11.egg-info",
                            "tensorflow_cpu-2.11.0.dist-info", "torch", "other-info"})
    REQUIRE(os::make_directories(packages / entry));
  REQUIRE(os::write_file(packages / "torch/version.py", "__version__ = '1.13.1'\n"));
  REQUIRE(os::make_directories(prefix / "bin"));
  std::filesystem::create_symlink("/bin/sh", prefix / "bin/python3");
  REQUIRE(os::write_file(prefix / "bin/python3.11", "", 0755));
  const auto found = inspect_environment(prefix / "bin/python3.11", "x");
  REQUIRE(found);
  const std::map<std::string, std::string> wanted{
      {"sklearn", "1.2.0"}, {"tensorflow", "2.11.0"}, {"torch", "1.13.1"}, {"xgboost", "1.7.3"}};
  CHECK(found->frameworks == wanted);
  CHECK(os::remove_tree(prefix));
}

// SEMANTICS E14
TEST_CASE("a root's Python and frameworks are found within it, wherever its links lead") {
  char name[] = "/tmp/trainyard-environment-XXXXXX";
  const std::filesystem::path root = ::mkdtemp(name);
  CHECK_FALSE(inspect_root(root, "x"));  // neither bin nor usr
  REQUIRE(os::make_directories(root / "bin"));
  CHECK(inspect_root(root, "x")->python == "");
  CHECK(inspect_root(root, "x")->root == root);
  const auto packages = root / "usr/local/lib/python3.9/site-packages";
  for (const char* module : {"torch", "transformers"})
    REQUIRE(os::make_directories(packages / module));
  REQUIRE(os::make_directories(root / "usr/local/bin"));
  REQUIRE(os::make_directories(root / "opt/it/bin"));
  REQUIRE(os::write_file(root / "opt/it/bin/python3.9", "", 0755));
  std::filesystem::create_symlink("/opt/it/bin/python3.9", root / "usr/local/bin/python3");
  REQUIRE(os::write_file(packages / "torch/version.py", "__version__ = '1.10.0'\n"));
  REQUIRE(::mkfifo((packages / "transformers/version.py").c_str(), 0600) == 0);
  const auto found = inspect_root(root, "x");
  REQUIRE(found);
  CHECK(found->python == "/usr/local/bin/python3");
  CHECK(found->python_version == "3.9");
  CHECK(found->mounts.empty());
  CHECK(found->frameworks == std::map<std::string, std::string>{{"torch", "1.10.0"}});
  std::filesystem::remove(root / "usr/local/bin/python3");
  std::filesystem::create_symlink("/usr/bin/python3", root / "usr/local/bin/python3");
  CHECK(inspect_root(root, "x")->python == "");  // this machine has that, the root has not
  CHECK(os::remove_tree(root));
}

// SEMANTICS E12
TEST_CASE("a rule whose environment is not there says which is, and how to add it") {
  const auto r = resolve_image(seed, {{"*", "torch-2"}}, {with_torch("torch-1", "1.10")}, false);
  CHECK(r.error().message ==
        "image " + std::string(seed) +
            ": the rule \"*\" names environment 'torch-2', which is not known "
            "here (the closest is 'torch-1'); add it: trainyard envs add torch-2 "
            "--python VENV");
}

// SEMANTICS E2, E3
TEST_CASE("the closest version wins, and of equals the first") {
  const auto r = resolve_image(
      seed, {},
      {with_torch("two", "2.1.0"), with_torch("near", "1.13.1"), with_torch("same", "1.13.1")},
      false);
  REQUIRE(r);
  CHECK(r->environment.name == "near");
  CHECK(r->sentence ==
        "image pytorch-training:1.10-gpu-py38 asks for torch 1.10 on Python 3.8; here runs "
        "torch 1.13.1 on Python 3.11 (near)");
}

// SEMANTICS E1
TEST_CASE("a rule comes before everything else") {
  const auto r = resolve_image(seed, {{"*pytorch*", "mine"}},
                               {with_torch("near", "1.10"), with_torch("mine", "9.9")}, false);
  REQUIRE(r);
  CHECK(r->environment.name == "mine");
}

// SEMANTICS E7
TEST_CASE("the caller's own comes before a closer one, if it has the framework") {
  auto own = with_torch("own", "2.5");
  own.is_callers = true;
  const auto r = resolve_image(seed, {}, {own, with_torch("near", "1.10")}, false);
  REQUIRE(r);
  CHECK(r->environment.name == "own");
  own.frameworks.clear();
  CHECK(resolve_image(seed, {}, {own, with_torch("near", "1.10")}, false)->environment.name ==
        "near");
}

// SEMANTICS E5
TEST_CASE("what nothing covers fails with what to add") {
  CHECK(
      resolve_image("my:1", {}, {with_torch("a", "1")}, false).error().message.find("[[images]]") !=
      std::string::npos);
  CHECK(resolve_image(seed, {}, {}, false).error().message.find("python3-torch") !=
        std::string::npos);
  CHECK(!resolve_image(seed, {{"*", "gone"}}, {}, false));
}

// SEMANTICS E4
TEST_CASE("strict refuses another version, and takes the one asked for") {
  CHECK(!resolve_image(seed, {}, {with_torch("a", "1.13.1")}, true));
  CHECK(resolve_image(seed, {}, {with_torch("a", "1.10.2", "3.8")}, true));
}

// SEMANTICS E1
TEST_CASE("globs") {
  CHECK(glob_matches("*my:*", "x/my:1"));
  CHECK(glob_matches("a?c", "abc"));
  CHECK(!glob_matches("a?c", "ac"));
  CHECK(!glob_matches("a*b", "abc"));
}

}  // namespace
}  // namespace trainyard::engine
