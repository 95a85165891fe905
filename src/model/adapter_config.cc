#include "model/adapter_config.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

namespace malmoi::model {
namespace {

constexpr size_t kMostPatterns = 4096;
constexpr int64_t kHighestRank = 1 << 20;

// Fields that change no number of a forward pass: of training, of where things came from, sizes of what is switched off.
constexpr std::string_view kInertAdapterFields[] = {
    "auto_mapping",      "inference_mode", "lora_dropout",   "megatron_core",  "megatron_config", "peft_version",
    "qalora_group_size", "revision",       "runtime_config", "task_type",      "loftq_config",    "eva_config",
    "corda_config",      "lora_ga_config", "peft_type",      "fan_in_fan_out", "id2label"};

// What stands there where a switch is off.
bool is_off(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
         ((value.is_object() || value.is_array() || value.is_string()) && value.empty()) ||
         (value.is_string() && value.get<std::string>().empty());
}

bool names_module(const ModuleNames& modules, const std::string& module) {
  if (modules.pattern) return modules.pattern->matches(module);
  return std::ranges::any_of(modules.names, [&](const std::string& name) { return means_module(name, module); });
}

double value_of(const PatternValues& patterns, const std::string& name, double otherwise) {
  for (const auto& [pattern, value] : patterns) {
    if (pattern.matches(name)) return value;
  }
  return otherwise;
}

// The number of the layer that a module belongs to: the first one in its name that stands behind one of the patterns; empty:
// none.
std::string layer_of(const AdapterConfig& config, const std::string& module) {
  for (size_t dot = module.find('.'); dot != std::string::npos; dot = module.find('.', dot + 1)) {
    const size_t end = module.find_first_not_of("0123456789", dot + 1);
    if (end == std::string::npos || end == dot + 1 || module[end] != '.') continue;
    const std::string before = module.substr(0, dot);
    const bool found = config.layers_patterns.empty() ||
                       std::ranges::any_of(config.layers_patterns,
                                           [&](const NamePattern& pattern) { return pattern.matches(before); });
    if (found) return module.substr(dot + 1, end - dot - 1);
  }
  return {};
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
  PatternValues pattern_values(std::string_view key, double low, double high, bool whole) {
    PatternValues values;
    const Json* value = find(key);
    if (!value) return values;
    if (!value->is_object() || value->size() > kMostPatterns) {
      wrong(key, "an object of patterns");
      return values;
    }
    for (const auto& [name, number] : value->items()) {
      auto pattern = made(key, name, NamePattern::Part::kEnd);
      if (pattern)
        values.emplace_back(*std::move(pattern), checked(std::string(key) + "." + name, number, low, high, whole));
    }
    return values;
  }
  std::optional<NamePattern> made(std::string_view key, const std::string& text, NamePattern::Part part) {
    auto pattern = NamePattern::make(text, part);
    if (pattern.ok()) return *std::move(pattern);
    Error error = pattern.error();
    error.where = where_ + ": " + std::string(key);
    fail(std::move(error));
    return {};
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
      modules.pattern = made(key, value->get<std::string>(), NamePattern::Part::kWhole);
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
          std::ranges::find(kInertAdapterFields, key) != std::ranges::end(kInertAdapterFields))
        continue;
      refuse(key, "is not honoured here: it may change what the adapter computes",
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
  config.rank_pattern = fields.pattern_values("rank_pattern", 1, kHighestRank, true);
  config.alpha_pattern = fields.pattern_values("alpha_pattern", -kLargestAlpha, kLargestAlpha, false);
  config.target_modules = fields.modules("target_modules");
  config.exclude_modules = fields.modules("exclude_modules");
  fields.texts("modules_to_save");
  config.layers = fields.integers("layers_to_transform");
  for (const std::string& text : fields.texts("layers_pattern")) {
    if (auto pattern = fields.made("layers_pattern", text, NamePattern::Part::kEnd))
      config.layers_patterns.push_back(*std::move(pattern));
  }
  config.base = fields.text("base_model_name_or_path", "");
  const std::string bias = fields.text("bias", "none");
  if (bias != "none" && bias != "all" && bias != "lora_only") fields.wrong("bias", "none, all or lora_only");
  check_start(fields);
  MALMOI_TRY(fields.finish());
  return config;
}

int64_t rank_of(const AdapterConfig& config, const std::string& module) {
  return static_cast<int64_t>(value_of(config.rank_pattern, module, static_cast<double>(config.rank)));
}

double scale_of(const AdapterConfig& config, const std::string& module) {
  const auto rank = static_cast<double>(rank_of(config, module));
  return value_of(config.alpha_pattern, module, config.alpha) / (config.rank_stabilised ? std::sqrt(rank) : rank);
}

bool means_module(const std::string& name, const std::string& module) {
  return module == name || module.ends_with("." + name);
}

bool is_target(const AdapterConfig& config, const std::string& module) {
  if (names_module(config.exclude_modules, module)) return false;
  const ModuleNames& target = config.target_modules;
  if (target.pattern) return target.pattern->matches(module);
  if (target.names.empty()) return true;  // what the library chose for the architecture
  if (!names_module(target, module)) return false;
  const bool named_whole = std::ranges::find(target.names, module) != target.names.end();
  if (config.layers.empty() || named_whole) return true;
  const std::string number = layer_of(config, module);
  return std::ranges::any_of(config.layers, [&](int64_t layer) { return std::to_string(layer) == number; });
}

}  // namespace malmoi::model
