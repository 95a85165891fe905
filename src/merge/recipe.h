// A merge recipe: mergekit's configuration, read and checked before any model is opened.
//
//   merge_method: ties            # a name of method_table()
//   base_model: models/base       # a folder, or a name that the caller knows
//   models:                       # or slices: [{sources: [{model, layer_range: [0, 16], parameters}], parameters, base_model}]
//     - model: models/one
//       parameters: {weight: 0.5, density: 0.5}
//   parameters: {normalize: true}
//   dtype: float32                # what inputs are rounded to
//   out_dtype: bfloat16           # of the weights written; absent: dtype; both absent: that of the base, or the first
//   tokenizer: {source: base}     # base, or a model of the recipe; absent: the tokenizers are one, whose files are copied
//   chat_template: auto           # or a template's text
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/job.h"
#include "merge/method.h"
#include "merge/setting.h"
#include "tensor/dtype.h"

namespace malmoi::merge {

struct RecipeSource {
  std::string model;
  std::optional<std::pair<int64_t, int64_t>> layers;  // from, until; none: all
  Settings settings;
};

struct RecipeSlice {
  std::vector<RecipeSource> sources;
  std::string base;  // empty: the recipe's
  Settings settings;
};

struct Recipe {
  const Method* method = nullptr;
  std::string base;                 // empty: none is named
  std::vector<RecipeSlice> slices;  // one of all layers where the recipe has `models`
  bool whole_models = false;        // the recipe has `models`
  Settings settings;
  std::optional<DType> dtype, out_dtype;
  std::string tokenizer;  // `base`, or a model; empty: none is asked for
  int64_t pad_vocabulary = 1;
  std::string chat_template;  // empty: as the files beside the weights have it; `auto`, or a template
  std::string where;          // the file

  /// Every model that it names, the base first, each once.
  std::vector<std::string> models() const;
};

/// The place in models() of the model whose tokenizer is asked for; their number where it is none of them.
size_t tokenizer_model(const Recipe& recipe);

/// Errors name the key: one that is not known, or that is known and not done here, a method that is none, what a method needs and is
/// missing. What changes nothing is warned of.
Result<Recipe> read_recipe(const ConfigDocument& document, const Warn& warn);

}  // namespace malmoi::merge
