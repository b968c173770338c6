#include "s3/answers.hpp"

#include "base/encoding.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <charconv>

namespace trainyard::s3 {
namespace {

/// pugixml expands no entity but XML's five and never reads a DTD's.
Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml,
                               std::string_view expected) {
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node root = document.document_element();
  if (!parsed || root.name() != expected)
    return fail(ErrorKind::unavailable, "InternalError",
                fmt::format("the answer is no <{}> ({})", expected,
                            parsed ? root.name() : parsed.description()));
  return root;
}

ErrorKind kind_of(int status, std::string_view code) {
  if (status == 507) return ErrorKind::limit;  // its disk is full: waiting makes no room
  if (status >= 500 || status == 429 || code == "RequestTimeout" || code == "InternalError" ||
      code == "SlowDown")
    return ErrorKind::unavailable;
  if (code.starts_with("NoSuch")) return ErrorKind::not_found;  // also behind a 200
  switch (status) {
  case 401:
  case 403:
    return ErrorKind::denied;
  case 404:
    return ErrorKind::not_found;
  case 409:
  case 412:
    return ErrorKind::conflict;
  default:
    return ErrorKind::invalid;
  }
}

}  // namespace

Result<Page> parse_list(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(root_of(document, xml, "ListBucketResult"));
  // A space may come as a plus: S3 encodes as forms do.
  const bool encoded = std::string_view(root.child_value("EncodingType")) == "url";
  Page page;
  for (const pugi::xml_node node : root.children("Contents")) {
    Object object;
    const std::string_view key = node.child_value("Key");
    object.key = encoded ? TRY(percent_decode(key, true)) : std::string(key);
    const std::string_view size = node.child_value("Size");
    const auto [end, failed] = std::from_chars(size.data(), size.data() + size.size(), object.size);
    if (failed != std::errc() || end != size.data() + size.size())
      return fail_internal(fmt::format("the list gives {} a size of \"{}\"", object.key, size));
    object.etag = node.child_value("ETag");
    object.modified = node.child_value("LastModified");
    page.objects.push_back(std::move(object));
  }
  for (const pugi::xml_node node : root.children("CommonPrefixes")) {
    const std::string_view prefix = node.child_value("Prefix");
    page.prefixes.push_back(encoded ? TRY(percent_decode(prefix, true)) : std::string(prefix));
  }
  if (std::string_view(root.child_value("IsTruncated")) == "true") {
    page.next = root.child_value("NextContinuationToken");
    if (page.next.empty())
      return fail_internal("the list goes on but names no token to go on with");
  }
  return page;
}

Result<std::string> parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = TRY(root_of(document, xml, "InitiateMultipartUploadResult"));
  std::string id = root.child_value("UploadId");
  if (id.empty()) return fail_internal("the answer to CreateMultipartUpload holds no UploadId");
  return id;
}

Result<std::string> parse_completed(std::string_view xml, std::string_view peer) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "CompleteMultipartUploadResult");
  if (root) return std::string(root->child_value("ETag"));
  if (std::string_view(document.document_element().name()) == "Error")
    return Failure(parse_error(200, xml, "the upload was not completed", peer));
  return Failure(root.error());
}

std::string complete_request(const std::vector<std::string>& etags) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CompleteMultipartUpload");
  for (std::size_t i = 0; i < etags.size(); ++i) {
    pugi::xml_node part = root.append_child("Part");
    part.append_child("PartNumber").text().set(static_cast<unsigned>(i + 1));
    part.append_child("ETag").text().set(etags[i].c_str());
  }
  struct Writer final : pugi::xml_writer {
    std::string text;
    void write(const void* data, std::size_t size) override {
      text.append(static_cast<const char*>(data), size);
    }
  } writer;
  document.save(writer, "", pugi::format_raw | pugi::format_no_declaration);
  return writer.text;
}

Error parse_error(int status, std::string_view xml, std::string_view doing, std::string_view peer) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "Error");
  const std::string code = root ? root->child_value("Code") : "";
  const std::string said = root ? root->child_value("Message") : std::string(xml.substr(0, 200));
  return {kind_of(status, code), code.empty() ? fmt::format("Http{}", status) : code,
          fmt::format("{}: {} answered {} {}{}{}", doing, peer, status, code,
                      said.empty() ? "" : ": ", said)};
}

}  // namespace trainyard::s3
