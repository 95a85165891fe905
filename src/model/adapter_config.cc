#include "model/adapter_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <regex>
#include <string_view>

namespace malmoi::model {
namespace {

// Longer patterns nobody writes; the parser of std::regex calls itself.
constexpr size_t kLongestPattern = 512;
constexpr size_t kLongestName = 512;
constexpr size_t kMostPatterns = 4096;
constexpr int64_t kHighestRank = 1 << 20;

// Fields that change no number of a forward pass: of training, of where things came from, sizes of what is switched off.
constexpr std::string_view kInert[] = {"auto_mapping",    "inference_mode", "lora_dropout",      "megatron_core",
                                       "megatron_config", "peft_version",   "qalora_group_size", "revision",
                                       "runtime_config",  "task_type",      "loftq_config",      "eva_config",
                                       "corda_config",    "lora_ga_config", "peft_type",         "fan_in_fan_out"};

// What stands there where a switch is off.
bool is_off(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
         ((value.is_object() || value.is_array() || value.is_string()) && value.empty()) ||
         (value.is_string() && value.get<std::string>().empty());
}

// The polynomial way of matching: no pattern of a hostile file takes for ever.
Result<std::regex> compiled(const std::string& pattern) {
  if (pattern.size() > kLongestPattern)
    return unsupported("a pattern has " + std::to_string(pattern.size()) + " characters", "adapter_config.json",
                       "write it in at most " + std::to_string(kLongestPattern));
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial);
  } catch (const std::regex_error&) {
    return unsupported("the pattern '" + pattern + "' is none that can be read", "adapter_config.json",
                       "write it without what Python's regular expressions alone have");
  }
}

Result<bool> matches(const std::string& pattern, const std::string& name) {
  MALMOI_ASSIGN(const std::regex regex, compiled(pattern));
  if (name.size() > kLongestName) return false;
  return std::regex_match(name, regex);
}

bool ends_with_module(const std::string& name, const std::string& module) {
  return name == module || name.ends_with("." + module);
}

Result<bool> names_module(const ModuleNames& modules, const std::string& name) {
  if (!modules.pattern.empty()) return matches(modules.pattern, name);
  return std::ranges::any_of(modules.names, [&](const std::string& module) { return ends_with_module(name, module); });
}

// The first value whose pattern is the end of the name, behind a dot or whole.
Result<double> value_of(const std::vector<std::pair<std::string, double>>& patterns, const std::string& name,
                        double otherwise) {
  for (const auto& [pattern, value] : patterns) {
    MALMOI_ASSIGN(const bool found, matches("(.*\\.)?(" + pattern + ")", name));
    if (found) return value;
  }
  return otherwise;
}

// The number of the layer that a module belongs to: the first one in its name that stands behind one of the patterns; empty:
// none.
Result<std::string> layer_of(const AdapterConfig& config, const std::string& module) {
  for (size_t dot = module.find('.'); dot != std::string::npos; dot = module.find('.', dot + 1)) {
    const size_t end = module.find_first_not_of("0123456789", dot + 1);
    if (end == std::string::npos || end == dot + 1 || module[end] != '.') continue;
    const std::string number = module.substr(dot + 1, end - dot - 1), before = module.substr(0, dot);
    if (config.layers_patterns.empty()) return number;
    for (const std::string& pattern : config.layers_patterns) {
      MALMOI_ASSIGN(const bool found, matches("(.*\\.)?(" + pattern + ")", before));
      if (found) return number;
    }
  }
  return std::string();
}

// Reads the fields of one object; the first error stays.
class Fields {
 public:
  Fields(const Json& object, const std::string& where) : object_(object), where_(where) {}

  const Json* find(std::string_view key) {
    known_.emplace_back(key);
    const auto found = object_.find(std::string(key));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  bool boolean(std::string_view key) {
    const Json* value = find(key);
    if (value && !value->is_boolean()) wrong(key, "true or false");
    return value && value->is_boolean() && value->get<bool>();
  }
  std::string text(std::string_view key, std::string otherwise) {
    const Json* value = find(key);
    if (value && !value->is_string()) wrong(key, "a text");
    return value && value->is_string() ? value->get<std::string>() : otherwise;
  }
  double number(std::string_view key, double otherwise, double low, double high, bool whole) {
    const Json* value = find(key);
    return value ? checked(key, *value, low, high, whole) : otherwise;
  }
  std::vector<std::pair<std::string, double>> pattern(std::string_view key, double low, double high, bool whole) {
    std::vector<std::pair<std::string, double>> patterns;
    const Json* value = find(key);
    if (!value) return patterns;
    if (!value->is_object() || value->size() > kMostPatterns) {
      wrong(key, "an object of patterns");
      return patterns;
    }
    for (const auto& [name, number] : value->items()) {
      patterns.emplace_back(name, checked(std::string(key) + "." + name, number, low, high, whole));
      check_pattern(key, "(.*\\.)?(" + name + ")");
    }
    return patterns;
  }
  std::vector<std::string> texts(std::string_view key) {
    const Json* value = find(key);
    std::vector<std::string> list;
    if (!value) return list;
    if (value->is_string()) return {value->get<std::string>()};
    if (!value->is_array() || !std::ranges::all_of(*value, [](const Json& item) { return item.is_string(); })) {
      wrong(key, "a list of texts");
      return list;
    }
    for (const Json& item : *value) list.push_back(item.get<std::string>());
    return list;
  }
  ModuleNames modules(std::string_view key) {
    ModuleNames modules;
    const Json* value = find(key);
    if (value && value->is_string()) {
      modules.pattern = value->get<std::string>();
      check_pattern(key, modules.pattern);
    } else {
      modules.names = texts(key);
    }
    return modules;
  }
  std::vector<int64_t> integers(std::string_view key) {
    std::vector<int64_t> list;
    const Json* value = find(key);
    if (!value) return list;
    if (value->is_number_integer()) return {value->get<int64_t>()};
    if (!value->is_array() || !std::ranges::all_of(*value, [](const Json& item) { return item.is_number_integer(); })) {
      wrong(key, "a list of numbers");
      return list;
    }
    for (const Json& item : *value) list.push_back(item.get<int64_t>());
    return list;
  }
  void refuse(std::string_view key, const std::string& why, const std::string& remedy) {
    fail(unsupported("'" + std::string(key) + "' " + why, where_, remedy));
  }
  void wrong(std::string_view key, const std::string& wanted) {
    fail(invalid_data("'" + std::string(key) + "' is not " + wanted, where_, "correct the field"));
  }

  /// The first error, or one of a field that nobody knows and that is not switched off.
  Status finish() {
    for (const auto& [key, value] : object_.items()) {
      if (error_ || is_off(value) || std::ranges::find(known_, key) != known_.end() ||
          std::ranges::find(kInert, key) != std::ranges::end(kInert))
        continue;
      refuse(key, "is not known: it may change what the adapter computes",
             "merge the adapter into its model with the library that made it");
    }
    if (error_) return *error_;
    return {};
  }

 private:
  double checked(const std::string_view key, const Json& value, double low, double high, bool whole) {
    const double number = value.is_number() ? value.get<double>() : NAN;
    if (number >= low && number <= high && (!whole || number == std::floor(number))) return number;
    wrong(key, whole ? "a whole number above 0" : "a number");
    return low;
  }
  void check_pattern(std::string_view key, const std::string& pattern) {
    auto read = compiled(pattern);
    if (read.ok()) return;
    Error error = read.error();
    error.where = where_ + ": " + std::string(key);
    fail(error);
  }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  const Json& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

// How matrices start; some ways take a part of the base away, which the file does not hold.
void check_start(Fields& fields) {
  constexpr std::string_view kHarmless[] = {"gaussian", "eva", "orthogonal"};
  const Json* value = fields.find("init_lora_weights");
  if (!value || value->is_boolean()) return;
  if (!value->is_string()) return fields.wrong("init_lora_weights", "true, false or a name");
  const auto name = value->get<std::string>();
  if (std::ranges::find(kHarmless, name) != std::ranges::end(kHarmless)) return;
  fields.refuse("init_lora_weights", "is '" + name + "': such an adapter belongs to another base than the model's",
                "save it again as an ordinary one (path_initial_model_for_weight_conversion)");
}

}  // namespace

Result<AdapterConfig> parse_adapter_config(const Json& object, const std::string& where) {
  if (!object.is_object()) return invalid_data("is not a JSON object", where);
  if (const std::string kind = json_string(object, "peft_type"); kind != "LORA")
    return unsupported("'peft_type' is '" + kind + "'", where, "use an adapter of the kind LORA");
  Fields fields(object, where);
  AdapterConfig config;
  constexpr double kLargestAlpha = 1e9;
  config.rank = static_cast<int64_t>(fields.number("r", 8, 1, kHighestRank, true));
  config.alpha = fields.number("lora_alpha", 8, -kLargestAlpha, kLargestAlpha, false);
  config.rank_stabilised = fields.boolean("use_rslora");
  config.magnitudes = fields.boolean("use_dora");
  config.keeps_tied = fields.boolean("ensure_weight_tying");
  config.rank_pattern = fields.pattern("rank_pattern", 1, kHighestRank, true);
  config.alpha_pattern = fields.pattern("alpha_pattern", -kLargestAlpha, kLargestAlpha, false);
  config.target_modules = fields.modules("target_modules");
  config.exclude_modules = fields.modules("exclude_modules");
  config.modules_to_save = fields.texts("modules_to_save");
  config.layers = fields.integers("layers_to_transform");
  config.layers_patterns = fields.texts("layers_pattern");
  config.base = fields.text("base_model_name_or_path", "");
  config.bias = fields.text("bias", "none");
  if (config.bias != "none" && config.bias != "all" && config.bias != "lora_only")
    fields.wrong("bias", "none, all or lora_only");
  for (const std::string& pattern : config.layers_patterns) {
    if (!compiled(pattern).ok()) fields.wrong("layers_pattern", "a pattern that can be read");
  }
  check_start(fields);
  MALMOI_TRY(fields.finish());
  return config;
}

Result<int64_t> rank_of(const AdapterConfig& config, const std::string& module) {
  MALMOI_ASSIGN(const double rank, value_of(config.rank_pattern, module, static_cast<double>(config.rank)));
  return static_cast<int64_t>(rank);
}

Result<double> scale_of(const AdapterConfig& config, const std::string& module) {
  MALMOI_ASSIGN(const int64_t rank, rank_of(config, module));
  MALMOI_ASSIGN(const double alpha, value_of(config.alpha_pattern, module, config.alpha));
  return alpha / (config.rank_stabilised ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank));
}

Result<bool> is_target(const AdapterConfig& config, const std::string& module) {
  MALMOI_ASSIGN(const bool excluded, names_module(config.exclude_modules, module));
  if (excluded) return false;
  if (config.target_modules.empty()) return true;  // what the library chose for the architecture
  MALMOI_ASSIGN(const bool named, names_module(config.target_modules, module));
  const bool by_layer = !config.layers.empty() && config.target_modules.pattern.empty() &&
                        std::ranges::find(config.target_modules.names, module) == config.target_modules.names.end();
  if (!named || !by_layer) return named;
  MALMOI_ASSIGN(const std::string number, layer_of(config, module));
  return std::ranges::any_of(config.layers, [&](int64_t layer) { return std::to_string(layer) == number; });
}

}  // namespace malmoi::model
