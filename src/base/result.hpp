#pragma once
/// The one error type of the project, and the `Result` every fallible function returns.
///
/// An error says what was being done, to what, why it failed and what to do next. `kind` decides
/// the HTTP status and a retry; `code` is the name a client program matches on
/// ("ValidationException", "NoSuchKey"); `message` is for people. Exceptions from libraries stop at
/// the edge of the file that calls them and become an `Error` there.

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace trainyard {

enum class ErrorKind {
  invalid,      ///< the request is wrong and will stay wrong
  not_found,    ///< what it names does not exist
  conflict,     ///< it clashes with what exists
  limit,        ///< a limit of size, count or rate was met
  denied,       ///< the caller may not
  unavailable,  ///< try again later
  internal,     ///< our fault or the machine's
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;
  std::string message;
};

template <class T = void> using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// Builds the error half of any Result: `return fail(ErrorKind::invalid, "InvalidArgument",
/// "...")`.
inline Failure fail(ErrorKind kind, std::string code, std::string message) {
  return Failure(Error{kind, std::move(code), std::move(message)});
}

/// An internal error: a system or library call that failed, in words.
inline Failure fail_internal(std::string message) {
  return fail(ErrorKind::internal, "InternalFailure", std::move(message));
}

/// A system call that failed: "WHAT: strerror(errno)". Reads errno first thing.
Failure fail_errno(std::string what);
/// The same for an error number at hand.
Failure fail_errno(std::string what, int error_number);

/// The same error with what was being done put in front of its message.
inline Failure in_context(Error error, std::string_view doing) {
  error.message.insert(0, std::string(doing) + ": ");
  return Failure(std::move(error));
}

namespace detail {
template <class T> T take(Result<T>&& r) {
  return std::move(r).value();
}
inline void take(Result<void>&&) {}
}  // namespace detail

/// Unwraps a Result or returns its error from the calling function. May be nested.
#define TRY(expression) TRAINYARD_TRY_AT(expression, __COUNTER__)
#define TRAINYARD_TRY_AT(expression, n) TRAINYARD_TRY_AS(expression, n)
#define TRAINYARD_TRY_AS(expression, n) TRAINYARD_TRY_NAMED(expression, try_result_##n)
#define TRAINYARD_TRY_NAMED(expression, name)                                                      \
  __extension__({                                                                                  \
    auto name = (expression);                                                                      \
    if (!name) [[unlikely]]                                                                        \
      return tl::unexpected(std::move(name).error());                                              \
    ::trainyard::detail::take(std::move(name));                                                    \
  })

/// A condition that only a defect can break. Stays on in release and aborts, naming the place: the
/// crash path is a tested path, a wrong answer is not.
#define CHECK(condition)                                                                           \
  ((condition) ? static_cast<void>(0) : ::trainyard::check_failed(#condition, __FILE__, __LINE__))

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace trainyard
