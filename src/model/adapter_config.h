// adapter_config.json: what PEFT says of a LoRA adapter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "model/name_pattern.h"

namespace malmoi::model {

/// The names of modules that a field lists: each is a whole name or what one ends with, or the field is one pattern.
struct ModuleNames {
  std::vector<std::string> names;
  std::optional<NamePattern> pattern;  // instead of names: of whole names
};

/// Whether a name of such a list means a module.
bool means_module(const std::string& name, const std::string& module);

/// Values of modules whose names end with a pattern; the first that fits counts.
using PatternValues = std::vector<std::pair<NamePattern, double>>;

/// Every field that changes a number. What was saved whole (modules_to_save, bias) stands in the weights and is known by its name.
struct AdapterConfig {
  int64_t rank = 8;
  double alpha = 8;
  bool rank_stabilised = false;  // use_rslora: scales are alpha / sqrt(rank) (Kalajdzievski 2023)
  bool magnitudes = false;       // use_dora (Liu et al. 2024)
  PatternValues rank_pattern, alpha_pattern;
  ModuleNames target_modules, exclude_modules;
  std::vector<int64_t> layers;               // layers_to_transform; empty: all
  std::vector<NamePattern> layers_patterns;  // what stands before a layer's number; empty: anything
  bool keeps_tied = false;                   // ensure_weight_tying
  std::string base;                          // base_model_name_or_path, as whoever trained it had it
};

/// Reads the object. Errors name `where` and the field: another kind of adapter or of value; what changes numbers in a way
/// that is not known here (unless it is switched off); patterns that cannot be read.
Result<AdapterConfig> parse_adapter_config(const Json& object, const std::string& where);

/// The rank that matrices of a module have, and what their product is multiplied by.
int64_t rank_of(const AdapterConfig& config, const std::string& module);
double scale_of(const AdapterConfig& config, const std::string& module);
/// Whether the config says that a module is adapted.
bool is_target(const AdapterConfig& config, const std::string& module);

}  // namespace malmoi::model
