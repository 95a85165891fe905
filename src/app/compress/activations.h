// What a text says of the parts of a model: how much stands in each channel and head, and what each layer changes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "model/model.h"
#include "reshape/prune.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// Texts as ids, cut into samples that a model reads at once.
struct Samples {
  std::vector<std::vector<int32_t>> ids;
  int64_t tokens = 0;
};
/// The first `count` samples of at most `length` tokens. Errors: texts in which there is nothing to read.
Result<Samples> read_samples(const Path& text, const tokenizer::Tokenizer& tokenizer, int64_t count, int64_t length,
                             const Job& job);

/// Loss a token over samples.
Result<double> loss_of(const model::Model& model, const Samples& samples, const Job& job);

struct Activations {
  reshape::PruneImportance importance;
  double loss = 0;  // a token, of the model as it is
};
/// Reads the samples once (reshape/prune.h has the formulas). The model is one of prunable_families(); its weights are watched from then
/// on. Errors: what reading says, a stop.
Result<Activations> observe_activations(model::Model& model, const Samples& samples, const Job& job);

}  // namespace malmoi::app
