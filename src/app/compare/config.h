// A comparison's recipe: which architectures, of what size, on which text, for how long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

struct ComparedModel {
  std::string name;  // of its curve and folder
  Json model;  // `model:` of a training configuration; hidden_size follows from the parameters where it is not there
  Json data, train;  // over those of all
};

/// Associative recall (Arora et al. 2023): keys with values, and the keys again, at growing distances.
struct RecallConfig {
  bool asked = false;
  int64_t parameters = 400'000;  // of each model, beside its table of words
  int64_t length = 256;          // tokens of a sequence
  int64_t keys = 256;            // different keys, and as many values
  double minutes = 0.5;          // of training each model
};

struct CompareConfig {
  Json data, tokenizer;         // of a training configuration
  int64_t parameters = 0;       // of each model
  double tolerance = 0.05;      // by how much a size may miss them
  Json train = Json::object();  // of all models: minutes or steps, batch_size, optimizer ...
  std::vector<ComparedModel> models;
  std::vector<int64_t> contexts;  // tokens at which time and memory per token are measured; none: they are not
  RecallConfig recall;
  std::string out;
};

/// Errors name file, line and key.
Result<CompareConfig> parse_compare_config(const ConfigDocument& document);

}  // namespace malmoi::app
