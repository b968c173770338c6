#include "doctor.hpp"

#include "agent/runtime/probe.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace trainyard {

Result<int> doctor(const os::Path& data, const Settings& settings, bool json) {
  const agent::HostReport report = agent::probe_host({data, settings.sandbox_user});
  std::string out = json ? "[" : "";
  for (const auto& check : report) {
    if (json)
      out += fmt::format("{}{{\"name\":{},\"ok\":{},\"detail\":{},\"cure\":{}}}",
                         out.size() > 1 ? "," : "", wire::quote_json(check.name), check.ok,
                         wire::quote_json(check.detail), wire::quote_json(check.cure));
    else
      out += fmt::format("{:<4} {:<22} {}\n{}", check.ok ? "ok" : "no", check.name, check.detail,
                         check.cure.empty() ? "" : fmt::format("     cure: {}\n", check.cure));
  }
  std::printf("%s%s", out.c_str(), json ? "]\n" : "");
  return 0;
}

}  // namespace trainyard
