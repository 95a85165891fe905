// Adapters that are trained: a new one or one of PEFT's files, around the frozen weights of a model.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "model/adapter.h"
#include "model/model.h"

namespace malmoi::model {

/// A new adapter.
struct NewAdapter {
  int64_t rank = 16;
  double alpha = 16;
  bool rank_stabilised = false;  // rsLoRA
  bool magnitudes = false;       // DoRA
  bool principal = false;        // PiSSA (Meng et al. 2024)
  /// Names of modules, each whole or what a name ends with, as PEFT's target_modules has them; empty: all products of the
  /// layers, not the head, and of experts none.
  std::vector<std::string> targets;
  std::optional<std::string> pattern;   // instead: of whole names
  std::vector<std::string> save_whole;  // tables and heads that are trained whole, named as targets are
  bool new_head = false;                // the base has no such head: it is trained whole
  Vocabulary vocabulary;  // that the model was given (vocabulary_size.h): its tables of words are trained whole
  std::string base;       // what the file will say whose adapter it is
};

/// Where the settings stand, for errors: given "r", "targets" or "save_whole".
using AdapterWhere = std::function<std::string(const char* key)>;

/// What a new adapter of a model has. Where the head is the table of words, whatever names one of the two holds for both, as one. Errors:
/// targets that fit no module, or what is no matrix; a new head that is more than a matrix; a rank above the sizes of a matrix; magnitudes of a table; what is adapted and saved
/// whole; the words of an encoder-decoder.
Result<AdapterPlan> plan_adapter(Model& model, const NewAdapter& options, const AdapterWhere& where);
/// What goes on from a file. Errors: as adapt(); tensors in the place of the model's other than tables and heads.
Result<AdapterPlan> plan_adapter(Model& model, const AdapterFile& file, const std::string& base, const Warn& warn);

struct PutOptions {
  Purpose purpose = Purpose::kTraining;  // or kRehearsal
  double rate_of_b = 1;                  // of B and of magnitudes (LoRA+); A, tables and what is whole have 1
  bool keep_initial = false;  // what it starts from is adapter 1 of Context::row_adapters; the trained one is 0
};
/// Puts the adapter around the weights of a model that has none, whose own parameters are frozen from then on. In training it has
/// memory of the model's type, and zeros in it. `plan` is of a model with the same config.
void put_adapter(Model& model, AdapterPlan plan, const PutOptions& options);

/// Its first values: of PiSSA, A = sqrt(S / scale) V^T and B = U sqrt(S / scale) of the largest singular values of each matrix, which
/// the weights lack from then on; else A drawn from U(-1 / sqrt(in), 1 / sqrt(in)), B zero (of tables normal(0, 1) and zero), magnitudes the norms of
/// the model's rows, which must have their values. What is trained whole starts from the model's.
void start_adapter(Model& model, uint64_t seed);
/// Those of the file that its plan is of. Errors: values that are not finite.
Status fill_adapter(Model& model, const AdapterFile& file);

}  // namespace malmoi::model
