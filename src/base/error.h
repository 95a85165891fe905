// Typed errors and Result<T>: what a function returns when its input, not its programmer, may be wrong.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace malmoi {

/// The kind of a failure; decides the exit code (`kUsage` 2, all others 1) and the HTTP status.
enum class ErrorCode {
  kUsage,        // a wrong option, key or value given by the user
  kNotFound,     // a file, model or name that is not there
  kInvalidData,  // a file or request whose content is malformed
  kIo,           // the system refused a read or write
  kOutOfMemory,  // it cannot fit; said before allocation
  kUnsupported,  // well-formed, but not something this build can do
  kCancelled,    // the user asked to stop
  kInternal,     // a broken invariant of ours
};

/// One failure: what happened, where (file, line, offset, field) and the remedy. Prints as one line.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string what;
  std::string where;
  std::string remedy;

  /// `where: what; remedy`, without line breaks.
  std::string to_string() const;
};

/// A value or an Error. `value()` on an error is a programmer's mistake (asserted).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, T>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  Error&& error() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return assert(error_), *error_; }
  Error&& error() && { return assert(error_), std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

inline Error usage_error(std::string what, std::string where = {}, std::string remedy = {}) {
  return {ErrorCode::kUsage, std::move(what), std::move(where), std::move(remedy)};
}
inline Error not_found(std::string what, std::string where = {}, std::string remedy = {}) {
  return {ErrorCode::kNotFound, std::move(what), std::move(where), std::move(remedy)};
}
inline Error invalid_data(std::string what, std::string where = {}, std::string remedy = {}) {
  return {ErrorCode::kInvalidData, std::move(what), std::move(where), std::move(remedy)};
}
inline Error unsupported(std::string what, std::string where = {}, std::string remedy = {}) {
  return {ErrorCode::kUnsupported, std::move(what), std::move(where), std::move(remedy)};
}
inline Error out_of_memory(std::string what, std::string where = {}, std::string remedy = {}) {
  return {ErrorCode::kOutOfMemory, std::move(what), std::move(where), std::move(remedy)};
}
inline Error internal_error(std::string what, std::string where = {}) {
  return {ErrorCode::kInternal, std::move(what), std::move(where), "please report this"};
}
/// An Error of kind kIo with the text of `errno_value`.
Error io_error(std::string what, std::string where, int errno_value);

}  // namespace malmoi

#define MALMOI_CONCAT_(a, b) a##b
#define MALMOI_CONCAT(a, b) MALMOI_CONCAT_(a, b)

/// Returns the error of `expr` (a Status or Result) to the caller, if it is one.
#define MALMOI_TRY(expr)                                                                           \
  do {                                                                                             \
    if (auto malmoi_status = (expr); !malmoi_status.ok()) return std::move(malmoi_status).error(); \
  } while (false)

/// Declares or assigns `target` from the value of `expr`, or returns its error to the caller.
#define MALMOI_ASSIGN(target, expr) MALMOI_ASSIGN_(MALMOI_CONCAT(malmoi_result_, __LINE__), target, expr)
#define MALMOI_ASSIGN_(result, target, ...)           \
  auto result = (__VA_ARGS__);                        \
  if (!result.ok()) return std::move(result).error(); \
  target = *std::move(result)
