/// Any bytes as a configuration file: refused, or read into what is written and read back the same.

#include "base/result.hpp"
#include "toolkit/json.hpp"
#include "toolkit/python_text.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace trainyard::toolkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto json = parse_json(bytes)) {
    const std::string text = dump_json(*json);
    const auto again = parse_json(text);
    CHECK(again.has_value());
    CHECK(dump_json(*again) == text);
    (void)dump_json_indented(*json);
    (void)python_repr(*json);
    if (json->is_text()) (void)python_upper(json->characters());
  }
  const std::string text = from_system(bytes);
  if (const auto back = to_system(text)) CHECK(*back == bytes);
  (void)python_repr(std::string_view(text));
  (void)escape_surrogates(bytes);
  CHECK(is_text(replace_invalid(bytes)));
  return 0;
}
