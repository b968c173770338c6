#pragma once
/// What GET and HEAD of an object have in common.

#include "service/api/s3/operation.hpp"
#include "service/store/objects.hpp"

namespace trainyard::api {

/// A part of an object's content.
struct Stretch {
  std::uint64_t offset = 0, length = 0;
};

/// What a Range header asks for of `size` bytes: nothing for none, a malformed one or several
/// ranges (the whole is answered then, as S3 does). InvalidRange where it begins past the end.
Result<std::optional<Stretch>> parse_range(std::string_view range, std::uint64_t size);

/// Status, headers and length of the answer, conditions judged; no body yet. `stretch` is set to
/// what the body is to be, unless the answer is a refusal that says more than its code (304, 416).
Result<wire::Response> object_answer(const S3Call& call, const store::ObjectRow& object,
                                     Stretch& stretch);

}  // namespace trainyard::api
