#pragma once
/// Answers that are XML documents.

#include "wire/http.hpp"
#include "wire/xml.hpp"

#include <string_view>
#include <utility>

namespace trainyard::api {

inline constexpr std::string_view s3_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

inline wire::Response xml_answer(wire::XmlWriter xml) {
  wire::Response out;
  out.headers.add("Content-Type", "application/xml");
  out.body = std::move(xml).finish();
  return out;
}

}  // namespace trainyard::api
