#include "base/settings.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <numeric>

namespace trainyard {
namespace {

// Levenshtein's distance: for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

struct Reader {
  const std::string& file;
  std::optional<Error> problem;

  void complain(const toml::node& node, std::string message) {
    if (problem) return;
    problem = Error{ErrorKind::invalid, "InvalidSettings",
                    fmt::format("{}:{}: {}", file, node.source().begin.line, message)};
  }

  /// Reads each key of `table` by its reader; any other key is an error.
  using KeyReaders = std::map<std::string, std::function<void(const toml::node&)>, std::less<>>;
  void read(const toml::node& node, std::string_view where, const KeyReaders& readers) {
    const toml::table* table = node.as_table();
    if (!table) return complain(node, fmt::format("[{}] must be a table", where));
    for (const auto& [key, value] : *table) {
      const auto it = readers.find(key.str());
      if (it != readers.end()) {
        it->second(value);
        continue;
      }
      const auto closest = std::min_element(readers.begin(), readers.end(), [&](auto& a, auto& b) {
        return distance(key.str(), a.first) < distance(key.str(), b.first);
      });
      const std::string in = where.empty() ? "" : fmt::format(" in [{}]", where);
      return complain(value, fmt::format("'{}' is no setting{}; did you mean '{}'?", key.str(), in,
                                         closest->first));
    }
  }

  void text(const toml::node& node, std::string& out) {
    if (const auto v = node.value_exact<std::string>())
      out = *v;
    else
      complain(node, "must be a text in quotes");
  }
  void flag(const toml::node& node, bool& out) {
    if (const auto v = node.value_exact<bool>())
      out = *v;
    else
      complain(node, "must be true or false");
  }
  void bytes(const toml::node& node, std::uint64_t& out) {
    const auto v = node.value_exact<std::string>();
    const auto size = v ? parse_size(*v) : Result<std::uint64_t>(fail_internal(""));
    if (size)
      out = *size;
    else
      complain(node, "must be a size in quotes, as \"16GiB\"");
  }
  void whole(const toml::node& node, std::int64_t min, std::int64_t max, std::int64_t& out) {
    const auto v = node.value_exact<std::int64_t>();
    if (v && *v >= min && *v <= max)
      out = *v;
    else
      complain(node, fmt::format("must be a whole number from {} to {}", min, max));
  }
  void texts(const toml::node& node, std::vector<std::string>& out) {
    const toml::array* array = node.as_array();
    if (!array) return complain(node, "must be a list of texts");
    for (const auto& item : *array)
      text(item, out.emplace_back());
  }
  void size(const toml::node& node, std::string_view where, SizeSettings& out) {
    read(node, where,
         {{"cpus",
           [&](const toml::node& n) {
             const auto v = n.value<double>();
             if (v && *v > 0)
               out.cpus = *v;
             else
               complain(n, "must be a number of cores above 0, as 4 or 0.5");
           }},
          {"memory", [&](const toml::node& n) { bytes(n, out.memory_bytes.emplace()); }},
          {"gpus", [&](const toml::node& n) {
             const auto v = n.value_exact<std::int64_t>();
             if (v && *v >= 0)
               out.gpus = *v;
             else
               complain(n, "must be a whole number, 0 or more");
           }}});
  }
};

// A table whose keys are names the user chose.
void each_named(Reader& r, const toml::node& node, std::string_view where,
                const std::function<void(const std::string&, const toml::node&)>& read) {
  const toml::table* table = node.as_table();
  if (!table) return r.complain(node, fmt::format("[{}] must be a table", where));
  for (const auto& [key, value] : *table)
    read(std::string(key.str()), value);
}

void read_images(Reader& r, const toml::node& node, Settings& out) {
  const toml::array* array = node.as_array();
  if (!array) return r.complain(node, "write [[images]], with two brackets, before each rule");
  for (const auto& item : *array) {
    ImageRule& rule = out.images.emplace_back();
    r.read(item, "[images]",
           {{"match", [&](const toml::node& n) { r.text(n, rule.match); }},
            {"environment", [&](const toml::node& n) { r.text(n, rule.environment); }}});
    if (rule.match.empty() || rule.environment.empty())
      r.complain(item, "an [[images]] rule needs match and environment");
  }
}

void read_environment(Reader& r, const std::string& name, const toml::node& node, Settings& out) {
  std::string& python = out.environments[name];
  r.read(node, "environments." + name,
         {{"python", [&](const toml::node& n) { r.text(n, python); }}});
  if (python.empty()) r.complain(node, "an environment needs python = \"/path/to/bin/python\"");
}

void read_all(Reader& r, const toml::table& root, Settings& out) {
  r.read(root, "",
         {{"account", [&](const toml::node& n) { r.text(n, out.account); }},
          {"region", [&](const toml::node& n) { r.text(n, out.region); }},
          {"strict", [&](const toml::node& n) { r.flag(n, out.strict); }},
          {"strict_images", [&](const toml::node& n) { r.flag(n, out.strict_images); }},
          {"strict_instances", [&](const toml::node& n) { r.flag(n, out.strict_instances); }},
          {"stop_grace_seconds",
           [&](const toml::node& n) { r.whole(n, 1, 3600, out.stop_grace_seconds); }},
          {"log_limit", [&](const toml::node& n) { r.bytes(n, out.log_limit_bytes); }},
          {"listen",
           [&](const toml::node& n) {
             r.read(n, "listen",
                    {{"address", [&](const toml::node& a) { r.text(a, out.listen); }}});
           }},
          {"machine", [&](const toml::node& n) { r.size(n, "machine", out.machine); }},
          {"instances",
           [&](const toml::node& n) {
             each_named(r, n, "instances", [&](const std::string& type, const toml::node& v) {
               r.size(v, "instances." + type, out.instances[type]);
             });
           }},
          {"environments",
           [&](const toml::node& n) {
             each_named(r, n, "environments", [&](const std::string& name, const toml::node& v) {
               read_environment(r, name, v, out);
             });
           }},
          {"images", [&](const toml::node& n) { read_images(r, n, out); }},
          {"sandbox", [&](const toml::node& n) {
             r.read(n, "sandbox",
                    {{"user", [&](const toml::node& u) { r.text(u, out.sandbox_user); }},
                     {"mounts", [&](const toml::node& m) { r.texts(m, out.sandbox_mounts); }}});
           }}});
  const bool digits =
      out.account.size() == 12 && std::all_of(out.account.begin(), out.account.end(),
                                              [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) r.complain(root, "account must be twelve digits");
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  std::string_view unit = text.substr(std::size_t(end - text.data()));
  while (unit.starts_with(' '))
    unit.remove_prefix(1);
  constexpr std::array<std::pair<std::string_view, unsigned>, 6> units{
      {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  for (const auto& [name, shift] : units)
    if (ec == std::errc() && unit == name && n < (std::uint64_t(1) << (62 - shift)))
      return n << shift;
  return fail(ErrorKind::invalid, "InvalidSettings",
              fmt::format("'{}' is no size: write 512MiB, 16GiB or 2TiB", text));
}

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  Settings out;
  Reader reader{file, {}};
  try {
    read_all(reader, toml::parse(text), out);
  } catch (const toml::parse_error& e) {
    return fail(ErrorKind::invalid, "InvalidSettings",
                fmt::format("{}:{}: {}", file, e.source().begin.line, e.description()));
  }
  if (reader.problem) return Failure(*reader.problem);
  return out;
}

}  // namespace trainyard
