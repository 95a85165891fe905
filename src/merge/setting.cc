#include "merge/setting.h"

#include <algorithm>
#include <cmath>

namespace malmoi::merge {
namespace {

Error not_a_setting(const std::string& where) {
  return usage_error("a number, a list of numbers, or a list of {filter, value} was expected", where,
                     "for example: weight: 0.5, or weight: [0, 1], or weight: [{filter: mlp, value: 1}, {value: 0}]");
}

Result<double> read_setting_number(const Json& value, const std::string& where) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (!value.is_number() || !std::isfinite(value.get<double>())) return not_a_setting(where);
  return value.get<double>();
}

Result<std::vector<double>> read_values(const Json& value, const std::string& where) {
  std::vector<double> values;
  if (!value.is_array()) {
    MALMOI_ASSIGN(const double one, read_setting_number(value, where));
    values.push_back(one);
    return values;
  }
  for (const Json& element : value) {
    MALMOI_ASSIGN(const double one, read_setting_number(element, where));
    values.push_back(one);
  }
  if (values.empty()) return not_a_setting(where);
  return values;
}

}  // namespace

double at_depth(const std::vector<double>& values, double depth) {
  const double place = depth * static_cast<double>(values.size() - 1);
  const auto before = std::min(static_cast<size_t>(place), values.size() - 1);
  const size_t after = std::min(before + 1, values.size() - 1);
  const double share = place - static_cast<double>(before);
  return (1 - share) * values[before] + share * values[after];
}

Result<Setting> Setting::read(const Json& value, const std::string& where) {
  Setting setting;
  const bool by_name = value.is_object() || (value.is_array() && !value.empty() && value[0].is_object());
  if (!by_name) {
    MALMOI_ASSIGN(std::vector<double> values, read_values(value, where));
    setting.parts_.push_back({"", std::move(values)});
    return setting;
  }
  const Json list = value.is_object() ? Json::array({value}) : value;
  for (const Json& element : list) {
    if (!element.is_object() || !element.contains("value")) return not_a_setting(where);
    for (const auto& [key, unused] : element.items()) {
      if (key != "filter" && key != "value")
        return usage_error("there is no key '" + key + "' here", where, "use filter and value");
    }
    MALMOI_ASSIGN(std::vector<double> values, read_values(element["value"], where));
    const bool has_filter = element.contains("filter") && !element["filter"].is_null();
    if (has_filter && !element["filter"].is_string()) return not_a_setting(where);
    std::string filter = has_filter ? element["filter"].get<std::string>() : "";
    if (filter == "*") filter.clear();
    setting.parts_.push_back({std::move(filter), std::move(values)});
  }
  return setting;
}

std::optional<double> Setting::value(std::string_view tensor, double depth) const {
  for (const Part& part : parts_) {
    if (tensor.find(part.filter) != std::string_view::npos) return at_depth(part.values, depth);
  }
  return {};
}

}  // namespace malmoi::merge
