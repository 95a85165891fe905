#include "grammar/schema_reference.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace malmoi::grammar {
namespace {

std::string unescaped_step(std::string_view step) {
  std::string out;
  for (size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out += step[++i] == '0' ? '~' : '/';
    } else if (step[i] == '%' && i + 2 < step.size()) {
      const std::string hex(step.substr(i + 1, 2));
      out += static_cast<char>(std::strtol(hex.c_str(), nullptr, 16));
      i += 2;
    } else {
      out += step[i];
    }
  }
  return out;
}

const Json* child(const Json& value, const std::string& step) {
  if (value.is_object()) {
    auto found = value.find(step);
    return found == value.end() ? nullptr : &*found;
  }
  if (!value.is_array() || step.empty() || step.find_first_not_of("0123456789") != std::string::npos || step.size() > 9)
    return nullptr;
  const auto index = static_cast<size_t>(std::stoul(step));
  return index < value.size() ? &value[index] : nullptr;
}

}  // namespace

const Json* find_reference(const Json& root, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  const Json* found = &root;
  for (size_t begin = 1; found && begin < reference.size();) {
    if (reference[begin] != '/') return nullptr;
    const size_t end = std::min(reference.find('/', begin + 1), reference.size());
    found = child(*found, unescaped_step(reference.substr(begin + 1, end - begin - 1)));
    begin = end;
  }
  return found;
}

}  // namespace malmoi::grammar
