// Objects that templates make: namespaces, cyclers, joiners.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {

/// The one value that changes: `{% set name.attribute = value %}`. It may come to hold itself, so the rendering keeps each
/// and empties it at the end.
class Namespace : public Object {
 public:
  explicit Namespace(Charge charge) : charge_(std::move(charge)) {}
  const char* type_name() const override { return "Namespace"; }
  Status print(std::string& out, int depth) const override;
  Result<std::optional<Value>> attribute(Run& run, std::string_view name) override;
  void release() override { entries_.clear(); }

  /// Errors: a name that begins with an underscore.
  Status set(Run& run, std::string_view name, Value value);

 private:
  std::vector<std::pair<std::string, Value>> entries_;
  Charge charge_;
};

/// cycler('a', 'b'): next(), current, reset().
Result<Value> make_cycler(Run& run, const Args& args);
/// joiner(', '): nothing when it is first called, the separator from then on.
Result<Value> make_joiner(Run& run, const Args& args);

}  // namespace malmoi::chat::jinja
