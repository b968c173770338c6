#pragma once
/// uv in pip's place: many times as fast, where it comes to the same.

#include "base/result.hpp"
#include "toolkit/packages.hpp"
#include "wire/packages/packages.hpp"

#include <string>
#include <string_view>

namespace trainyard::toolkit {

/// Which of the two installs.
struct Installer {
  std::string uv;  ///< its path; "" = pip does
  wire::UvSettings settings;
  std::string why_pip;  ///< where uv is there and does not suit
  /// For the log.
  std::string sentence() const;
};

/// uv where PATH has one, if all that is asked for and all of pip's variables have a like in it and
/// it sees the packages that the environment has: of Debian's own Python it does not. `etc` is
/// where pip's settings may be.
Installer choose_installer(const PackageWish& wish, const Variables& variables,
                           const std::string& etc = "/etc");

/// install_packages() by uv.
Result<> install_by_uv(const Installer& installer, const PackageWish& wish, Variables variables,
                       SignalForwarding& signals);

/// From what `uv pip install --dry-run` says to a requirements.txt of what it would install, with
/// the options of `requirements`. "" when there is nothing to install. Pure.
std::string missing_by_uv(std::string_view said, std::string_view requirements);

}  // namespace trainyard::toolkit
