// The kinds of stages, one file each; stage_kinds.cc lists them.
#pragma once

#include "app/recipe/recipe.h"

namespace malmoi::app::kinds {

/// `data`: builds a corpus from its inputs. Settings: the keys of a recipe of `malmoi data build`, without `out`; `sources`
/// only where paths alone do not say enough. What they name is an input: sources, models and lists of filters, sets, the
/// key. An interrupted build goes on.
extern const StageKind kData;

/// `pairs`: aligned paragraphs of two trees. Settings: `source`, `target`, `valid_fraction` (0.03), `test_fraction` (0.03),
/// `least_characters` (2), `most_characters` (1000). Makes train.jsonl, valid.jsonl and test.jsonl.
extern const StageKind kPairs;

/// `additions`: sums of two numbers. Settings: `digits` (2), `texts` (3000) for pretraining, of which the share `wrong` (0.5) says another
/// number; `prompts` (1500) and `held_out` (200), none of which is among the texts; `seed` (1). Makes texts.jsonl, prompts.jsonl and
/// held_out.jsonl.
extern const StageKind kAdditions;

/// `tokenizer`: trains one on the training part of its inputs. Settings: `type` (bpe), `vocab_size` (8192),
/// `min_frequency`, `pattern`, `byte_level`, `normalization`, `special_tokens`. Makes a folder with tokenizer.json.
extern const StageKind kTokenizer;

/// `train`: a training run. Settings: a training configuration without `out`; what it names is an input. An interrupted run
/// goes on from its newest checkpoint.
extern const StageKind kTrain;

/// `preferences`: answers of a model to prompts, judged, and pairs of them to learn from. Settings: `model`, `prompts`, `rewards`,
/// `answers` (8), `pairs` (1; 0: answers are judged alone), `least_difference` (0), `max_tokens` (128), `temperature` (1), `top_p` (1),
/// `top_k` (0), `chat_template`, `limit` (0: all prompts), `seed` (1); `before`: an earlier such stage's folder to compare with. Makes
/// answers.jsonl, pairs.jsonl and preferences.json.
extern const StageKind kPreferences;

/// `evaluate`: how well a model predicts held-out text. Settings: `model`, `corpus`, `split` (valid), `window` (0: the
/// model's context), `max_documents` (0: all). Makes out/evaluation.json. Or `model`,
/// `table`, `columns`, `baseline_table` (what baselines learn from), `limit`, `examples`: see app/eval/table_eval.h; makes
/// out/report.html, too.
extern const StageKind kEvaluate;

/// `sample`: what a model says. Settings: `model`, `prompts`, `max_tokens` (60), `temperature` (0.7), `top_p` (0.9) and the
/// other numbers of chat::sampling_fields(), `dry_sequence_breakers`, `seed`, `next_words` (0: how many of the most probable next words to show of each prompt).
/// Makes out/samples.json: {"samples": [{prompt, text, next}]}.
extern const StageKind kSample;

}  // namespace malmoi::app::kinds
