/// Any request head: read, and refused. What nobody signed is never verified, and what is signed
/// here always is.

#include "wire/http.hpp"
#include "wire/sign/signer.hpp"
#include "wire/sign/verify.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

// "METHOD TARGET\nName:value\n..."; whatever is missing is empty.
RequestHead head_of(std::string_view text) {
  const auto next = [&text](char end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
  };
  RequestHead out;
  out.method = next(' ');
  out.target = next('\n');
  out.path = out.target.substr(0, out.target.find('?'));
  if (out.path.size() < out.target.size()) out.query = out.target.substr(out.path.size() + 1);
  while (!text.empty()) {
    const std::string_view line = next('\n');
    const std::size_t colon = std::min(line.find(':'), line.size());
    out.headers.add(std::string(line.substr(0, colon)),
                    std::string(line.substr(std::min(colon + 1, line.size()))));
  }
  return out;
}

bool is_token(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c == '-' || (c < 0x80 && std::isalnum(c)); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RequestHead head = head_of(as_text(std::span(data, size)));
  const Time now = from_ms(1'795'461'000'000);
  const std::string hash = sha256_hex("");
  if (const auto signature = parse_signature(head)) {
    CHECK(signature->signed_headers.size() <= 100);
    const Time then = signature->expires_at ? *signature->expires_at : signature->signed_at;
    CHECK(!verify_signature(*signature, head, "a secret that nobody has", hash, then));
  }
  // What the HTTP server would let through: names are tokens there.
  RequestHead ours;
  ours.method = head.method;
  ours.path = head.path;
  ours.headers.add("Host", "h");
  for (const auto& [name, value] : head.headers)
    if (lower_case(name).starts_with("x-amz-meta-") && is_token(name))
      ours.headers.add(name, value);
  sign_head(ours, {"AKID", "secret", ""}, "us-east-1", "s3", hash, now);
  if (const auto signature = parse_signature(ours))
    CHECK(verify_signature(*signature, ours, "secret", hash, now));
  return 0;
}
