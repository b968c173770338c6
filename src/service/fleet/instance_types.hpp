#pragma once
/// What an instance type has: from the table instances.csv, else by the rule of its name.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::fleet {

struct InstanceSize {
  double cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::int64_t gpus = 0;
  std::string accelerator;  ///< "A100", or ""
};

/// Pure. A type the table lacks is sized by its name: `ml.FAMILY.SIZE`, where large is 2 cores,
/// xlarge 4, Nxlarge 4 N, and a core has 2 GiB in families c, 8 in r and x, else 4; families g, p
/// and trn have an accelerator for every 8 cores, at least one.
InstanceSize instance_size(std::string_view type);

/// All types of the table.
std::vector<std::string_view> known_types();

}  // namespace trainyard::fleet
