#include "service/api/trainyard/trainyard.hpp"
#include "service/identity/permission.hpp"
#include "wire/json.hpp"
#include "wire/shapes/trainyard.hpp"

// POST /  X-Amz-Target: Trainyard.DescribeDisk  {}
// POST /  X-Amz-Target: Trainyard.Prune  {"OlderSeconds": 2592000, "DryRun": true, "KeepLogs":
// true}

namespace trainyard::api {
namespace {

std::vector<wire::DiskShare> shares_of(const std::vector<disk::Share>& shares) {
  std::vector<wire::DiskShare> out;
  for (const auto& share : shares)
    out.push_back({share.name, std::int64_t(share.bytes), std::int64_t(share.count), share.what});
  return out;
}

// Nothing is written into rows: what waits does so before the control thread is asked.
Write answered(std::string body) {
  Write out;
  out.write = [body = std::move(body)](store::Txn&) -> Result<std::string> { return body; };
  return out;
}

}  // namespace

Result<Write> describe_disk(Services& services, const Call&) {
  const auto usage = TRY(services.disk.usage());
  wire::DescribeDiskResponse out;
  out.FreeBytes = std::int64_t(usage.free_bytes);
  out.TotalBytes = std::int64_t(usage.total_bytes);
  out.CacheBytesMax = std::int64_t(services.settings.cache_bytes);
  out.Shares = shares_of(usage.shares);
  for (const auto& bucket : usage.buckets)
    out.Buckets.push_back({bucket.name, bucket.bytes, bucket.objects, "objects"});
  return answered(wire::encode(out));
}

Result<Write> prune(Services& services, const Call& call) {
  const auto request = TRY(wire::decode<wire::PruneRequest>(call.body));
  if (!request.DryRun) TRY(identity::check_admin(call.caller, "trainyard:Prune"));
  const auto pruned = TRY(services.disk.prune(
      {Millis(request.OlderSeconds * 1000), request.DryRun, !request.KeepLogs}));
  return answered(wire::encode(wire::PruneResponse{shares_of(pruned)}));
}

}  // namespace trainyard::api
