#pragma once
/// A request and a response as plain data: what every handler sees, whatever carries it.

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace trainyard::wire {

/// Header fields in the order they came; names compare without case.
class Headers {
public:
  using Field = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first field of that name, or nothing.
  std::optional<std::string_view> find(std::string_view name) const;
  /// Its value, or "" where there is none.
  std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

private:
  std::vector<Field> fields_;
};

/// ASCII case-insensitive equality, as header names need it.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// All of a request but its body.
struct RequestHead {
  std::string method;
  std::string target;  ///< as on the wire: "/b/a%20b?x=1"
  std::string path;    ///< the target up to '?', still percent-encoded
  std::string query;   ///< what follows '?', still encoded, or ""
  Headers headers;
  std::optional<std::uint64_t>
      content_length;  ///< absent for chunked bodies and where there is none
  bool chunked = false;
  std::string peer;  ///< "127.0.0.1:41234", or the name of a local socket
};

/// A range of an open file, sent without copying through the process where the kernel can.
struct FileBody {
  std::shared_ptr<const void> owner;  ///< keeps `fd` open
  int fd = -1;
  std::uint64_t offset = 0, length = 0;
};

struct Response {
  int status = 200;
  Headers headers;  ///< without Content-Length, Date, Connection: the server adds them
  std::variant<std::string, FileBody> body;
  /// For HEAD: the length a GET would have had. The body is then empty.
  std::optional<std::uint64_t> content_length;
};

}  // namespace trainyard::wire
