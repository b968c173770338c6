#pragma once
/// Objects that a manifest names: more than their keys nobody knows until somebody looks.

#include "agent/channels/fetcher.hpp"
#include "base/result.hpp"
#include "wire/instance/sequence.hpp"

#include <string>
#include <vector>

namespace trainyard::agent {

/// Gives each object its size and its ETag where they are not known, so that from now on another
/// version of it is no longer the object that was asked for. Waits for all of it. An error is as
/// of_item() has it.
Result<> look_up(std::vector<wire::SequenceUnit>& units, Fetcher& fetcher);

/// What went wrong with an item's object, with the manifest's line or entry that names it.
Failure of_item(const Error& error, const wire::SequenceItem& item);

/// An item for people: the object, with the manifest's line or entry that names it.
std::string title(const wire::SequenceItem& item);

}  // namespace trainyard::agent
