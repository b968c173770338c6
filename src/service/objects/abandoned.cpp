#include "service/objects/abandoned.hpp"

#include "base/log.hpp"
#include "service/store/uploads.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace trainyard::objects {
namespace {

constexpr Millis day{86'400'000};
constexpr std::size_t turn_max = 100;  // uploads in one transaction: others wait meanwhile

using Files = std::map<std::string, std::vector<std::string>>;  // of each upload

Result<Files> delete_abandoned(store::Txn& txn) {
  Files out;
  for (const auto& id :
       TRY(store::uploads_left_since(txn, txn.now() - abandoned_after, turn_max))) {
    auto& files = out[id];
    for (const auto& part : TRY(store::parts_of(txn, id)))
      files.push_back(part.file);
    TRY(store::delete_upload(txn, id));
  }
  return out;
}

void remove_abandoned(store::Control& control, Uploads& uploads) {
  const auto gone = std::make_shared<Files>();
  control.submit(
      [gone](store::Txn& txn) -> Result<> {
        *gone = TRY(delete_abandoned(txn));
        return {};
      },
      [gone, &control, &uploads](const Result<>& done) {
        if (!done) return log::warn("abandoned uploads stay", {{"error", done.error().message}});
        for (const auto& [id, files] : *gone)
          uploads.remove(id, files);
        if (gone->size() == turn_max) remove_abandoned(control, uploads);
      });
}

}  // namespace

void remove_abandoned_daily(store::Control& control, Uploads& uploads, const RunAfter& run_after) {
  remove_abandoned(control, uploads);
  run_after(day, [&control, &uploads, run_after] {
    remove_abandoned_daily(control, uploads, run_after);
  });
}

}  // namespace trainyard::objects
