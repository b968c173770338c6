#include "service/objects/collect.hpp"

#include "service/store/objects.hpp"

#include <memory>

namespace trainyard::objects {
namespace {

Result<std::vector<std::string>> without_rows(store::Snapshot& s,
                                              const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names)
    if (!TRY(store::is_blob_used(s, name))) out.push_back(name);
  return out;
}

}  // namespace

void collect(store::Control& control, Blobs& blobs, std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& name) { return name.empty(); });
  for (auto& name : blobs.take_put_off())
    names.push_back(std::move(name));
  if (names.empty()) return;
  auto candidates = std::make_shared<std::vector<std::string>>(std::move(names));
  control.submit(
      [candidates](store::Txn& txn) -> Result<> {
        *candidates = TRY(without_rows(txn, *candidates));
        return {};
      },
      [candidates, &blobs](const Result<>& done) {
        if (done)
          blobs.remove_unreferenced(*candidates);
        else
          blobs.put_off(std::move(*candidates));
      });
}

Result<> collect_after_start(store::Control& control, store::Readers& readers, Blobs& blobs) {
  for (unsigned fan = 0; fan < 256; ++fan) {
    const auto names = TRY(blobs.names_in(fan));
    auto suspects = TRY(readers.read([&](store::Snapshot& s) { return without_rows(s, names); }));
    // The control thread looks again: a PUT may have come between.
    collect(control, blobs, std::move(suspects));
  }
  return {};
}

}  // namespace trainyard::objects
