// Reward models of folders: they read prompt and answer as rows of preferences were read when they were trained (objective: reward).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/job.h"
#include "reward/model_judge.h"

namespace malmoi::app {

/// Opens a model that gives one number for a text, with its own tokenizer and template. A row's `prompt` (a text is what a user says, or
/// messages) and the answer become the ids of an answer that is judged (train::encode_chat), whatever model wrote it.
/// A failed judgement: a prompt that is missing, an answer that is empty, what the template cannot render, more tokens than
/// the model has positions, a token that it has not. `job` is told of the model that is found.
Result<std::unique_ptr<reward::ModelJudge>> open_judge(const reward::JudgeOptions& options, const Job& job);

/// Bytes that it takes: weights, and a pass over a batch of texts of `longest` tokens, or of as many as it has positions. Errors: as
/// open_judge.
Result<size_t> judge_bytes(const reward::JudgeOptions& options, int64_t longest);

}  // namespace malmoi::app
