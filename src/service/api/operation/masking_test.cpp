#include "service/api/operation/masking.hpp"

#include <doctest/doctest.h>

namespace trainyard::api {
namespace {

// SEMANTICS J62
TEST_CASE("a secret is told by a word of its name") {
  for (const char* name :
       {"password", "DB_PASSWORD", "dbPassword", "PGPASSWORD", "MYSQL_PWD", "passphrase",
        "HF_TOKEN", "hf-token", "WANDB_API_KEY", "apikey", "api.key", "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID_SECRET", "secret_name", "GOOGLE_CREDENTIALS", "proxyAuth", "KEY"})
    CHECK_MESSAGE(is_secret_name(name), name);
  for (const char* name : {"", "epochs", "max_tokens", "tokenizer", "num_key_value_heads", "author",
                           "secretary", "keyword", "sagemaker_program", "SM_KEYS_FILE", "lr"})
    CHECK_MESSAGE(!is_secret_name(name), name);
}

// SEMANTICS J62
TEST_CASE("a secret is told by itself, whatever its name") {
  for (const char* value : {"AKIAIOSFODNN7EXAMPLE", "key=ASIAIOSFODNN7EXAMPLE;",
                            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                            "postgres://kim:hunter2@db/x", "\"redis://:pw@10.0.0.1:6379\"",
                            "hf_abcdefghijklmnopqrstuvwx", "-----BEGIN EC PRIVATE KEY-----\nx",
                            R"({"user": "kim", "db_password": "x"})", R"("{\"apiKey\": \"x\"}")"})
    CHECK_MESSAGE(is_secret_value(value), value);
  for (const char* value :
       {"", "32", "s3://bucket/a/b", "https://example.org/a:b@c", "https://kim@example.org/",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709", "hf_short", "http://127.0.0.1:8430",
        R"({"batch": 3, "max_tokens": 4})", "a:b", ":", "\"", "mask-abcdefghijklmnopqrstuvwxyz"})
    CHECK_MESSAGE(!is_secret_value(value), value);
}

// SEMANTICS J62
TEST_CASE("what is masked of a request, and of what tells of it") {
  wire::CreateTrainingJobRequest request;
  request.Environment = {{"HF_TOKEN", "abc123"}, {"MODE", "fast"}, {"DB", "pg://u:pw@h/d"}};
  request.HyperParameters = {{"api_key", "\"k-12345\""}, {"lr", "0.1"}};
  request.AlgorithmSpecification.emplace().ContainerArguments = {
      {"--password=hunter2", "--epochs", "3", "--api-key", "-k9", "NAME=x", "TOKEN=t"}};
  std::string reason = "Command \"train.py --api_key k-12345 --lr 0.1\" with hunter2";
  mask_secrets(request, {&reason});
  CHECK(*request.Environment ==
        std::map<std::string, std::string>{{"HF_TOKEN", mask}, {"MODE", "fast"}, {"DB", mask}});
  CHECK(*request.HyperParameters ==
        std::map<std::string, std::string>{{"api_key", mask}, {"lr", "0.1"}});
  CHECK(*request.AlgorithmSpecification->ContainerArguments ==
        std::vector<std::string>{"--password=******", "--epochs", "3", "--api-key", mask, "NAME=x",
                                 "TOKEN=******"});
  CHECK(reason == "Command \"train.py --api_key ****** --lr 0.1\" with ******");
}

}  // namespace
}  // namespace trainyard::api
