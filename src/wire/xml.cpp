#include "wire/xml.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace trainyard::wire {
namespace {

constexpr int depth_max = 32;

Failure malformed(std::string_view why) {
  return fail(ErrorKind::invalid, "MalformedXML",
              "The XML you provided was not well-formed or did not validate against our published "
              "schema: " +
                  std::string(why));
}

// The bytes of the character at the front of `text`; 0 where it is no UTF-8.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(4, text.size()); ++n)
    if (is_utf8(text.substr(0, n))) return n;
  return 0;
}

// Walks without recursion: how deep the nodes go is the sender's choice.
Result<> check_shape(const pugi::xml_document& document) {
  int depth = 0;
  for (pugi::xml_node at = document.first_child(); at;) {
    if (at.type() == pugi::node_doctype) return malformed("a document type is not allowed.");
    if (at.first_child()) {
      if (++depth >= depth_max) return malformed("it is nested more than 32 deep.");
      at = at.first_child();
      continue;
    }
    while (at != document && !at.next_sibling()) {
      at = at.parent();
      --depth;
    }
    at = at == document ? pugi::xml_node() : at.next_sibling();
  }
  if (document.document_element().next_sibling())
    return malformed("something follows its outermost element.");
  return {};
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t bytes = character_bytes(text);
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (bytes == 0)
      out += "\xef\xbf\xbd";
    else if (bytes == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n')
      out += "&#" + std::to_string(int(c)) + ";";
    else
      out += text.substr(0, bytes);
    text.remove_prefix(std::max<std::size_t>(1, bytes));
  }
  return out;
}

XmlWriter::XmlWriter() : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

XmlWriter& XmlWriter::open(std::string_view name, std::string_view space) {
  (out_ += '<') += name;
  if (!space.empty()) ((out_ += " xmlns=\"") += escape_xml(space)) += '"';
  out_ += '>';
  open_.emplace_back(name);
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view text) {
  out_ += escape_xml(text);
  return *this;
}

XmlWriter& XmlWriter::close() {
  CHECK(!open_.empty());
  ((out_ += "</") += open_.back()) += '>';
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text) {
  if (text.empty()) {
    ((out_ += '<') += name) += "/>";
    return *this;
  }
  return open(name).text(text).close();
}

XmlWriter& XmlWriter::element(std::string_view name, std::int64_t number) {
  return element(name, std::string_view(std::to_string(number)));
}

XmlWriter& XmlWriter::element(std::string_view name, bool value) {
  return element(name, std::string_view(value ? "true" : "false"));
}

std::string XmlWriter::finish() && {
  while (!open_.empty())
    close();
  return std::move(out_);
}

Result<pugi::xml_document> parse_xml(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max)
    return malformed("it is longer than " + std::to_string(bytes_max) + " bytes.");
  if (!is_utf8(text)) return malformed("it is not UTF-8.");
  pugi::xml_document document;
  // White space alone may be a key: "<Key> </Key>".
  constexpr unsigned options =
      pugi::parse_default | pugi::parse_doctype | pugi::parse_ws_pcdata_single;
  const auto result = document.load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
  if (!result)
    return malformed(std::string(result.description()) + " at byte " +
                     std::to_string(result.offset) + ".");
  TRY(check_shape(document));
  return document;
}

}  // namespace trainyard::wire
