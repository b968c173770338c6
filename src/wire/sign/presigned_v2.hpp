#pragma once
/// SigV2 in a query: the text that is signed. Private to this folder.

#include "wire/sign/canonical.hpp"

#include <string>
#include <string_view>

namespace trainyard::wire {

/// The string to sign of a path-style S3 request whose URL expires at `expires` (epoch seconds, as
/// sent). Source: "Signing and authenticating REST requests", S3 developer guide.
std::string presigned_v2_text(const RequestView& request, std::string_view expires);

}  // namespace trainyard::wire
