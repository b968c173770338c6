#pragma once
/// Decoding what a service answered.

#include "wire/json.hpp"

namespace trainyard::wire {

/// As decode(), but only types are checked: constraints bind who asks. An answer may break its own
/// shape's, as the service's do: a job that made no model has the model's place "".
template <class T> Result<T> decode_answer(std::string_view text) {
  const auto node = TRY(detail::parse_json(text));
  if (!detail::is_json_object(*node)) return detail::not_an_object();
  T out{};
  Decoder::Problems problems;
  Decoder decoder(*node, "", problems);
  fields(decoder, out);
  problems.violations.clear();
  TRY(detail::finish_decoding(problems));
  return out;
}

}  // namespace trainyard::wire
