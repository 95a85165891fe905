// Reads the fields of one JSON request: typed, with ranges, and refusing what nobody knows.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::protocol {

/// Reads the fields of an object. The first error is kept: read everything, then check `finish()`, which also refuses
/// fields that nobody asked for. `null` counts as absent. In errors `where` is the field's name alone (OpenAI's `param`).
class Fields {
 public:
  /// `object` must be a JSON object and live as long. `prefix` stands before the names in errors (`messages[0].`).
  explicit Fields(const Json& object, std::string prefix = "") : object_(&object), prefix_(std::move(prefix)) {}

  /// The value, or nullptr if absent or null.
  const Json* raw(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  std::optional<bool> boolean(std::string_view name);
  /// A whole number; 2.0 is one, as clients write that have no type for it.
  std::optional<int64_t> integer(std::string_view name, int64_t low, int64_t high);
  std::optional<double> number(std::string_view name, double low, double high);
  /// A text, or a list of at most `limit` texts; none is empty.
  std::vector<std::string> texts(std::string_view name, size_t limit);
  /// Fields that change nothing here (`user`, `metadata` ...).
  void ignore(std::initializer_list<std::string_view> names);
  /// A field that this server cannot honour: an error if it is there with a value other than `harmless`, `false`
  /// (unless that is `true`), an empty list or an empty object.
  void refuse(std::string_view name, std::string_view why, const Json& harmless = nullptr);

  void fail(std::string_view name, std::string what, std::string remedy = {});
  void fail(Error error);
  bool failed() const { return error_.has_value(); }
  Status finish();

 private:
  const Json* object_;
  std::string prefix_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

/// Reads the object `name`, if it is there, by `read(inner)`; in errors its fields have `prefix` before their names. They stay in
/// `fields`, as does what is no object, with `remedy`.
template <typename Read>
void read_object(Fields& fields, std::string_view name, std::string prefix, const Read& read, std::string remedy = {}) {
  const Json* given = fields.raw(name);
  if (!given) return;
  if (!given->is_object()) return fields.fail(name, "'" + std::string(name) + "' is not an object", std::move(remedy));
  Fields inner(*given, std::move(prefix));
  read(inner);
  if (Status done = inner.finish(); !done.ok()) fields.fail(done.error());
}

/// Ids of a vocabulary, as a list of whole numbers from 0 on. Whether it is one.
bool read_ids(const Json& list, std::vector<int32_t>& ids);

/// A text of the client's as an error may repeat it: cut where it is long.
std::string shown(std::string_view text);

constexpr size_t kMaxKeys = 4096;  // of one object in a request; `logit_bias` may have 1024

/// Parses a request's body: one JSON object. Errors: an object of more than kMaxKeys keys, before anything is built of it.
Result<Json> parse_body(std::string_view body);

}  // namespace malmoi::protocol
