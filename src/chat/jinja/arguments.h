// Arguments of a call, and how they meet the names of a signature.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

struct Args {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;

  bool empty() const { return positional.empty() && named.empty(); }
  const Value* find(std::string_view name) const;
};

/// The arguments of one call in the order of its signature; those not given are null.
class Bound {
 public:
  explicit Bound(std::vector<const Value*> values) : values_(std::move(values)) {}
  const Value* operator[](size_t i) const { return values_[i]; }
  bool given(size_t i) const { return values_[i] != nullptr; }
  /// Given, and not None.
  bool has(size_t i) const { return given(i) && !values_[i]->is_none(); }
  bool truthy(size_t i, bool fallback = false) const { return given(i) ? values_[i]->truthy() : fallback; }

 private:
  std::vector<const Value*> values_;
};

/// Errors, which name `function`: too many arguments, one that is unknown or given twice, one of the first `required`
/// that is missing.
Result<Bound> bind(std::string_view function, const Args& args, std::initializer_list<std::string_view> names,
                   size_t required = 0);
/// For what takes no names: at least `least`, at most `most` arguments by position.
Status check_count(std::string_view function, const Args& args, size_t least, size_t most);

/// An argument as a whole number. Errors: it is none.
Result<Int> integer_argument(std::string_view function, const Value& value);
/// As above, cut to what fits 32 bits: for positions and widths.
Result<int64_t> index_argument(std::string_view function, const Value& value);
/// An argument as a text.
Result<std::string_view> text_argument(std::string_view function, const Value& value);

Error type_error(std::string what);

}  // namespace malmoi::chat::jinja
