#include "agent/channels/fetched_tree.hpp"

#include "agent/channels/look_up.hpp"

#include <fmt/format.h>

#include <deque>
#include <fcntl.h>
#include <sys/stat.h>

namespace trainyard::agent {
namespace {

constexpr std::size_t begun_max = 512;  // each has a descriptor

struct Begun {
  const wire::SequenceItem* item;
  Fetcher::FetchPtr fetch;
};

Failure no_file(const wire::OriginObject& object, std::string_view why) {
  return fail(ErrorKind::invalid, "ValidationException",
              fmt::format("the object '{}' cannot become a file of a channel: {}. Rename it, or "
                          "give the channel another prefix.",
                          object.Key, why));
}

// Of a key that a manifest names it is known only now whether it is a directory's marker.
Result<> place(os::LinkTree& tree, Fetcher& fetcher, const Begun& begun) {
  const auto file = fetcher.wait(begun.fetch);
  if (!file) return of_item(file.error(), *begun.item);
  const std::string place = begun.item->Place.value_or("");
  const bool is_directory = place.empty() || place.back() == '/';
  struct stat st{};
  if (::fstat(*file, &st) != 0) return fail_errno("look at what was fetched of " + place);
  if (is_directory && st.st_size > 0) return content_of_directory(*begun.item->Object);
  auto added = is_directory ? tree.add_directory(place)
                            : tree.add(place, {AT_FDCWD, fmt::format("/proc/self/fd/{}", *file),
                                               Fetcher::name(begun.fetch)});
  if (added || added.error().kind != ErrorKind::conflict) return added;
  return two_of_one_name(*begun.item->Object);
}

}  // namespace

Failure two_of_one_name(const wire::OriginObject& object) {
  return no_file(object, "another object has a directory of it for its name, or is named like its "
                         "directory");
}

Failure content_of_directory(const wire::OriginObject& object) {
  return no_file(object, "it ends in '/', as a directory's key does, but has content");
}

Result<> make_fetched_tree(const std::vector<wire::SequenceUnit>& units, const os::Path& to,
                           os::Owner owner, Fetcher& fetcher) {
  os::LinkTree tree = TRY(os::LinkTree::make(to, owner, {}));
  std::deque<Begun> begun;
  const auto place_first = [&]() -> Result<> {
    TRY(place(tree, fetcher, begun.front()));
    begun.pop_front();
    return {};
  };
  for (const auto& unit : units)
    for (const auto& item : unit.Items) {
      if (!item.Object) {
        TRY(tree.add_directory(item.Place.value_or("")));
        continue;
      }
      if (begun.size() == begun_max) TRY(place_first());
      begun.push_back({&item, fetcher.begin(*item.Object, Fetcher::Use::keep)});
    }
  while (!begun.empty())
    TRY(place_first());
  return {};
}

}  // namespace trainyard::agent
