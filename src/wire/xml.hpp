#pragma once
/// The XML of the S3 and Query protocols: a writer, and a strict reader.

#include "base/result.hpp"

#include <pugixml.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

/// Text as XML character data: markup and control characters become references ("&#13;", as S3
/// writes them), bytes that are not UTF-8 become U+FFFD.
std::string escape_xml(std::string_view text);

/// Builds one document in a string. Names are trusted, text is escaped.
///
///   XmlWriter xml;
///   xml.open("Error").element("Code", "NoSuchKey").close();
///   return std::move(xml).finish();
class XmlWriter {
public:
  /// Starts with the XML declaration.
  XmlWriter();
  /// `space` is written as the element's default name space.
  XmlWriter& open(std::string_view name, std::string_view space = "");
  XmlWriter& text(std::string_view text);
  XmlWriter& close();
  /// `<name>text</name>`, or `<name/>` for "".
  XmlWriter& element(std::string_view name, std::string_view text);
  XmlWriter& element(std::string_view name, std::int64_t number);
  XmlWriter& element(std::string_view name, bool value);
  // A literal would become a bool.
  XmlWriter& element(std::string_view name, const char* text) {
    return element(name, std::string_view(text));
  }
  /// Closes what is open and gives the document away.
  std::string finish() &&;

private:
  std::string out_;
  std::vector<std::string> open_;
};

/// Parses a request's body: UTF-8, well-formed, at most `bytes_max` long and 32 deep, without a
/// document type (so without entities of its own). Errors: MalformedXML, saying where.
Result<pugi::xml_document> parse_xml(std::string_view text, std::size_t bytes_max);

}  // namespace trainyard::wire
