// Language models as scorers of the filter `perplexity`.
#pragma once

#include "base/error.h"
#include "base/job.h"
#include "data/build/recipe.h"
#include "data/filter.h"

namespace malmoi::app {

/// A scorer for each model that a recipe's filters name (`- perplexity: {scorer: MODEL, max: 60}`): the mean negative
/// log-likelihood a token (nats). Thread-safe: each thread that scores has a state of its own over one set of weights.
/// Errors: a model that cannot be loaded.
Result<data::FilterContext> filter_context(const data::Recipe& recipe, const Job& job);

}  // namespace malmoi::app
