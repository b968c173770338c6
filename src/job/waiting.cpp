#include "job/waiting.hpp"

#include "base/result.hpp"

namespace trainyard::job {

const Request* UserLines::next_head(const std::string& order) const {
  const auto it = heads_.upper_bound(order);
  return it == heads_.end() ? nullptr : it->second;
}

const Request* UserLines::next_head(const std::string& order, const Size& size) const {
  const Request* out = nullptr;
  for (auto it = lines_.lower_bound({size, ""}); it != lines_.end() && it->first.first == size;
       ++it) {
    const Request& head = it->second.begin()->second;
    if (head.order > order && (!out || head.order < out->order)) out = &head;
  }
  return out;
}

void UserLines::add(Request request) {
  Line& line = lines_[{Size(request), request.instance_type}];
  if (!line.empty()) heads_.erase(line.begin()->first);
  const std::string order = request.order;
  jobs_[order] = &line.emplace(order, std::move(request)).first->second;
  heads_[line.begin()->first] = &line.begin()->second;
}

Request UserLines::remove(const Request& request) {
  const auto at = lines_.find({Size(request), request.instance_type});
  CHECK(at != lines_.end());
  Line& line = at->second;
  heads_.erase(line.begin()->first);
  auto node = line.extract(request.order);
  CHECK(!node.empty());
  if (line.empty())
    lines_.erase(at);
  else
    heads_[line.begin()->first] = &line.begin()->second;
  jobs_.erase(request.order);
  return std::move(node.mapped());
}

void WaitingJobs::add(Request request) {
  by_id_.emplace(request.id, request);
  gpu_jobs_ += request.need.gpus > 0;
  LevelJobs& level = levels_[Level(request)];
  ++level.sizes[Size(request)];
  level.users[request.user].add(std::move(request));
}

std::optional<Request> WaitingJobs::remove(const std::string& id) {
  const auto node = by_id_.extract(id);
  if (node.empty()) return std::nullopt;
  const Request& request = node.mapped();
  const auto at = levels_.find(Level(request));
  LevelJobs& level = at->second;
  const auto user = level.users.find(request.user);
  Request out = user->second.remove(request);
  gpu_jobs_ -= out.need.gpus > 0;
  if (user->second.is_empty()) level.users.erase(user);
  const auto size = level.sizes.find(Size(out));
  if (--size->second == 0) level.sizes.erase(size);
  if (level.users.empty()) levels_.erase(at);
  return out;
}

const Request* WaitingJobs::find(const std::string& id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

}  // namespace trainyard::job
