// The report of a training run: one self-contained page made from what the run left in its folder.
#pragma once

#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

/// Writes `report.html` into a run folder, from:
///
///     metrics.jsonl   a line per step: step, loss, grad_norm, lr, tokens, tokens_per_second, valid_loss (where measured); every other
///                     number is a figure with a curve of its own (report_curves.h), known ones under a name in two languages
///     config.yaml     the resolved configuration, shown as it stands                                        (optional)
///     samples.jsonl   a line a sample: step, prompt, text; optional: temperature ...                        (optional)
///     run.json        facts of the run, an object of texts and numbers; those that the page knows are named in two
///                     languages and formatted: version, status (running, finished, early_stopped, interrupted, failed),
///                     started, finished (ISO 8601), seconds, parameters, cpu, isa, threads, dtype, train_tokens,
///                     valid_tokens, peak_memory_bytes, predicted_memory_bytes, flops_per_token, best_step,
///                     best_valid_loss, perplexity, bits_per_byte, skipped_steps; others stand under their own name. With
///                     `before`, the figures of an evaluation before the first step, the page compares (evaluations.h)
///                                                                                                           (optional)
///
/// The page holds its data, style and script and asks no network. Long runs are averaged to at most 2,000 points. Of samples the
/// newest are shown, beside those of step 0.
/// A last line of metrics.jsonl that was cut short is left out. Errors: no metrics.jsonl; a line in it that is no object.
Status write_report(const Path& run_folder);

}  // namespace malmoi::app
