#pragma once
/// A channel's directory, made of objects that are fetched.

#include "agent/channels/fetcher.hpp"
#include "base/result.hpp"
#include "os/link_tree.hpp"
#include "wire/instance/sequence.hpp"

#include <string>
#include <vector>

namespace trainyard::agent {

/// Makes the directory `to`, which must not exist: each item at its place. Waits for all of them.
/// An error names the object.
Result<> make_fetched_tree(const std::vector<wire::SequenceUnit>& units, const os::Path& to,
                           os::Owner owner, Fetcher& fetcher);

/// What to say of an object whose place is taken by a directory, or by another object.
Failure two_of_one_name(const wire::OriginObject& object);

/// What to say of an object whose place is a directory's, but which has content.
Failure content_of_directory(const wire::OriginObject& object);

}  // namespace trainyard::agent
