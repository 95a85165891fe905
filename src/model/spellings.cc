#include "model/spellings.h"

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

}  // namespace malmoi::model
