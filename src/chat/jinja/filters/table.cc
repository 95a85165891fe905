#include "chat/jinja/filters/filters.h"

namespace malmoi::chat::jinja {

namespace {

constexpr FilterEntry kFilters[] = {
#define X(name, function) {name, filter_##function},
#include "chat/jinja/filters/table.inc"
#undef X
};

}  // namespace

std::span<const FilterEntry> filter_table() { return kFilters; }

const FilterEntry* find_filter(std::string_view name) {
  for (const FilterEntry& entry : kFilters) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace malmoi::chat::jinja
