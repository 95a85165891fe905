#include "model/spellings.h"

#include <algorithm>

namespace malmoi::model {
namespace {

void add_with_prefixes(const Family& family, const std::string& name, std::vector<std::string>& names) {
  names.push_back(name);
  for (std::string_view prefix : family.optional_prefixes) {
    if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
  }
}

}  // namespace

std::vector<std::string> spellings(const Family& family, const std::string& name) {
  std::vector<std::string> names;
  add_with_prefixes(family, name, names);
  for (const Family::Alias& alias : family.aliases) {
    const size_t at = name.find(alias.name);
    if (at == std::string::npos) continue;
    std::string other = name;
    add_with_prefixes(family, other.replace(at, alias.name.size(), alias.other), names);
  }
  return names;
}

std::string module_name(std::string_view tensor) {
  constexpr std::string_view kWeight = ".weight";
  return tensor.ends_with(kWeight) ? std::string(tensor.substr(0, tensor.size() - kWeight.size())) : std::string();
}

std::string saved_name(const Family& family, const Model& model, const std::string& name) {
  if (model.task() != Task::kFeatures) return name;
  for (std::string_view prefix : family.optional_prefixes) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

bool is_carried(const Family& family, const Model& model, const std::string& name) {
  if (model.task() != Task::kFeatures) return false;
  const std::string plain = saved_name(family, model, name);
  return std::ranges::any_of(family.unread_parts, [&](std::string_view part) { return plain.starts_with(part); });
}

bool may_be_left(const Family& family, const Model& model, std::string_view name) {
  auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::any_of(family.buffers, ends) || std::ranges::any_of(family.head_prefixes, begins) ||
         std::ranges::any_of(model.beside, begins);
}

}  // namespace malmoi::model
