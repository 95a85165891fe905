// What a configuration says of adapters and of weights in fewer bits: `adapter:`, `model.quantize:`, `train.quantize_aware:`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"

namespace malmoi::train {

/// `adapter:`. The model's own weights are frozen; what is trained is the adapter.
struct AdapterOptions {
  std::optional<std::string> init_from;  // a folder of PEFT's that is gone on from; else a new one:
  int64_t rank = 16;
  double alpha = 16;
  std::vector<std::string> targets;     // names of modules; empty: all products of the layers
  std::optional<std::string> pattern;   // instead
  std::vector<std::string> save_whole;  // tables and heads that are trained whole
  std::vector<std::string> new_tokens;  // that the base's tokenizer has not
  bool rank_stabilised = false, magnitudes = false;
  bool principal = false;     // init: pissa
  bool keep_initial = false;  // adapter 1 is what it starts from: whoever needs it as a reference says so
  std::string base;           // what the result will say whose adapter it is, set when model.init_from is found
  double lora_plus = 1;       // the rate of B is so many times that of the rest (Hayou et al. 2024)
  bool operator==(const AdapterOptions&) const = default;
};

/// `model.quantize:`.
struct QuantizeOptions {
  std::string type;
  std::vector<std::string> skip;
  bool operator==(const QuantizeOptions&) const = default;
};

/// `train.quantize_aware:`.
struct RoundingOptions {
  std::string type;
  std::vector<std::string> skip;
  int64_t from_step = 0;  // before it products read the weights as they are
  bool operator==(const RoundingOptions&) const = default;
};

/// Reads `adapter` of a document's root; none where it is absent. Errors go to `done`.
std::optional<AdapterOptions> read_adapter_options(ConfigReader& root, Status& done);
/// Reads `quantize` of `model`.
std::optional<QuantizeOptions> read_quantize_options(ConfigReader& model, Status& done);
/// Reads `quantize_aware` of `train`; `steps`: of the run, 0 where nobody knows them yet.
std::optional<RoundingOptions> read_rounding_options(ConfigReader& train, int64_t steps, Status& done);

}  // namespace malmoi::train
