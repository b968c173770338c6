#pragma once
/// What `[roles.NAME]` of the settings lets a role's credentials do. Pure.

#include "base/settings.hpp"

#include <string>
#include <string_view>

namespace trainyard {

enum class Access {
  read,   ///< the object `key`
  write,  ///< the object `key`, also away; with a prefix: all that may be written below it
  list,   ///< the keys that begin with `key`
  look,   ///< the bucket itself: that it is there, its settings
  own,    ///< the bucket itself, made or removed
};

/// Why a role may not do this there, in words that name the setting; "" where it may. A role that
/// the settings do not name may do everything.
std::string role_denial(const Settings& settings, std::string_view role, Access access,
                        std::string_view bucket, std::string_view key);

}  // namespace trainyard
