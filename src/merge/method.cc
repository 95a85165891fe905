#include "merge/method.h"

#include <algorithm>

namespace malmoi::merge {

#define MERGE_METHOD(name)    \
  namespace name {            \
  extern const Method method; \
  }
#include "merge/methods/table.inc"
#undef MERGE_METHOD

std::span<const Method* const> method_table() {
  static constexpr const Method* kTable[] = {
#define MERGE_METHOD(name) &name::method,
#include "merge/methods/table.inc"
#undef MERGE_METHOD
  };
  return kTable;
}

const Method* find_method(std::string_view name) {
  for (const Method* method : method_table()) {
    if (method->name == name) return method;
  }
  return nullptr;
}

std::string method_names() {
  std::string names;
  for (const Method* method : method_table()) names += (names.empty() ? "" : ", ") + std::string(method->name);
  return names;
}

bool is_setting(std::string_view name) {
  return std::ranges::any_of(method_table(), [&](const Method* method) {
    return std::ranges::find(method->settings, name) != method->settings.end();
  });
}

}  // namespace malmoi::merge
