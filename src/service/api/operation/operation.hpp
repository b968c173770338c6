#pragma once
/// What an operation of the SageMaker, Logs, STS and IAM APIs is: a plain function of its request.
/// Operations do not wait and know no sockets; the front door verifies, decodes the protocol and
/// runs them where they belong.

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "service/disk/disk.hpp"
#include "service/engine/engine.hpp"
#include "service/engine/world.hpp"
#include "service/identity/identity.hpp"
#include "service/store/control.hpp"
#include "service/store/paths.hpp"
#include "wire/query.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace trainyard::api {

/// What operations work with; made once by serve.cpp.
struct Services {
  const Settings& settings;
  const store::DataPaths& paths;
  const Clock& clock;
  engine::Engine& engine;
  identity::Identity& identity;
  engine::JobWorld& world;
  disk::Disk& disk;
  Pool& pool;  ///< for what blocks and has time until a write is durable
};

/// One verified request.
struct Call {
  identity::Caller caller;
  std::string region;  ///< of the signature's scope
  std::string body;    ///< JSON protocols
  wire::Query form;    ///< Query protocol: the form's fields
  std::string request_id;
};

/// A write, decoded and checked: `write` runs in the control thread's transaction and gives the
/// answer's body; `committed` runs there once that is durable.
struct Write {
  std::function<Result<std::string>(store::Txn&)> write;
  std::function<void()> committed = [] {};
};

/// An operation is either a write, prepared on the pool, or a read of one snapshot, on the pool.
struct Operation {
  std::string_view name;  ///< X-Amz-Target, or the Query protocol's "sts:Action"
  Result<Write> (*prepare)(Services&, const Call&) = nullptr;
  Result<std::string> (*read)(Services&, store::Snapshot&, const Call&) = nullptr;
};

/// The operation of that name, or nothing.
const Operation* find_operation(std::string_view name);

}  // namespace trainyard::api
