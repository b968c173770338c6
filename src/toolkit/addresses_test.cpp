#include "toolkit/hosts.hpp"
#include "toolkit/http_get.hpp"
#include "toolkit/s3_object.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>

using namespace trainyard::toolkit;

namespace {

std::string found(std::string_view hosts, std::string_view name) {
  const auto address = address_in(hosts, name);
  char text[INET_ADDRSTRLEN] = "";
  if (address) ::inet_ntop(AF_INET, &*address, text, sizeof text);
  return text;
}

}  // namespace

TEST_CASE("a hosts file gives names and aliases their address") {
  const char* hosts = "# 10.0.0.9 algo-1\n::1 localhost\n127.0.0.1\tlocalhost\n"
                      "10.0.0.1 a.b algo-1 # algo-2\n10.0.0.2 algo-1\r\n10.0.0.3";
  CHECK(found(hosts, "localhost") == "127.0.0.1");
  CHECK(found(hosts, "ALGO-1") == "10.0.0.1");
  CHECK(found(hosts, "algo-2") == "");
  CHECK(found(hosts, "192.168.0.7") == "192.168.0.7");
  CHECK(found("", "algo-1") == "");
}

// SEMANTICS T13
TEST_CASE("an endpoint is plain HTTP") {
  CHECK(parse_http_url("http://h")->authority() == "h");
  CHECK(parse_http_url("http://h")->target == "/");
  CHECK(parse_http_url("http://h:8430/-/x?y=1")->port == 8430);
  CHECK(parse_http_url("http://h:8430/-/x?y=1")->target == "/-/x?y=1");
  CHECK(parse_http_url("http://h:8430?y=1")->target == "/?y=1");
  CHECK(parse_http_url("http://h:80")->authority() == "h");
  for (const char* url :
       {"https://h", "ftp://h", "h:80", "http://h:x", "http://h:70000", "http://h:"})
    CHECK_MESSAGE(!parse_http_url(url).has_value(), url);
}

TEST_CASE("an object is named by bucket and key") {
  CHECK(parse_s3_location("s3://b/k/x y.tar.gz")->bucket == "b");
  CHECK(parse_s3_location("s3://b/k/x y.tar.gz")->key == "k/x y.tar.gz");
  for (const char* uri : {"s3://b", "s3://b/", "s3:///k", "s3", "", "http://b/k"})
    CHECK_MESSAGE(!parse_s3_location(uri).has_value(), uri);
}

TEST_CASE("keys in variables need no service") {
  const Variables variables({{"AWS_ACCESS_KEY_ID", "id"},
                             {"AWS_SECRET_ACCESS_KEY", "secret"},
                             {"AWS_SESSION_TOKEN", "t"}});
  CHECK(find_credentials(variables)->session_token == "t");
  CHECK(find_credentials(Variables()).error().code == "NoCredentials");
}
