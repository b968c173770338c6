#pragma once
/// Whether what came is what was sent.

#include "base/result.hpp"
#include "origin/origin.hpp"
#include "wire/instance/origin.hpp"

#include <cstdint>

namespace trainyard::agent {

/// The first `size` bytes of a file are the object's, as far as its origin told by what that is
/// seen: else an error of kind `invalid`. Reads all of it.
Result<> verify(int fd, std::uint64_t size, const origin::Digest& expected);

/// An object as its origin knows it, as far as it was told; of an unknown size 0.
origin::Entry entry_of(const wire::OriginObject& object);

}  // namespace trainyard::agent
