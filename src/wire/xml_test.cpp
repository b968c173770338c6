#include "wire/xml.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

std::string code_of(std::string_view text, std::size_t bytes_max = 1 << 20) {
  const auto document = parse_xml(text, bytes_max);
  return document ? "" : document.error().code;
}

std::string nested(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i)
    out += "<a>";
  for (int i = 0; i < depth; ++i)
    out += "</a>";
  return out;
}

}  // namespace

TEST_CASE("a document is written with its text escaped") {
  XmlWriter xml;
  xml.open("R", "http://s3.amazonaws.com/doc/2006-03-01/").element("Key", "a<&>\"b");
  xml.element("Size", std::int64_t(5)).element("IsTruncated", false).element("Empty", "");
  xml.open("Owner").text("x").close();
  CHECK(std::move(xml).finish() ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<R xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Key>a&lt;&amp;&gt;&quot;b</Key>"
        "<Size>5</Size><IsTruncated>false</IsTruncated><Empty/><Owner>x</Owner></R>");
}

TEST_CASE("what XML cannot hold is replaced") {
  CHECK(escape_xml("a\x01\r\n\tb") == "a&#1;&#13;\n\tb");
  CHECK(escape_xml("\xc3\xbc\xf0\x9f\x9a\x82") == "\xc3\xbc\xf0\x9f\x9a\x82");
  CHECK(escape_xml("\xff\xc3") == "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("a request's document is read") {
  const auto document = parse_xml(
      "<?xml version=\"1.0\"?><Delete xmlns=\"x\"><Object><Key> a&amp;&#252; </Key></Object>"
      "<Object><Key> </Key></Object></Delete>",
      1000);
  REQUIRE(document);
  const auto first = document->child("Delete").child("Object");
  CHECK(std::string(first.child_value("Key")) == " a&\xc3\xbc ");
  CHECK(std::string(first.next_sibling("Object").child_value("Key")) == " ");
}

TEST_CASE("document types, depth, length and broken text are refused") {
  for (const std::string bad :
       {"", "<a>", "<a></b>", "text", "<!DOCTYPE a><a/>", "<a>\xff</a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><!DOCTYPE b></a>", "<a/><b/>"}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "MalformedXML");
  }
  CHECK(code_of("<!-- a --><a/>\n") == "");
  CHECK(code_of(nested(32)) == "");
  CHECK(code_of(nested(33)) == "MalformedXML");
  CHECK(code_of(nested(100'000)) == "MalformedXML");
  CHECK(code_of("<a/>", 4) == "");
  CHECK(code_of("<a/>", 3) == "MalformedXML");
}
