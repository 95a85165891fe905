// The raw continuation of ids: drawn for all rows together, or searched row by row.
#include <algorithm>

#include <fmt/format.h>

#include "app/use/beams.h"
#include "app/use/generation_defaults.h"
#include "app/use/id_array.h"
#include "app/use/load_choice.h"
#include "formats/npy.h"
#include "infer/collect.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

// What stands before an answer in its row: the ids, or what the decoder of an encoder-decoder begins with.
std::vector<int32_t> beginning(const model::Model& model, const IdArray& ids, int64_t b, const AnswerOptions& answers) {
  if (model.task() == model::Task::kSeq2Seq)
    return answers.begin.empty() ? std::vector<int32_t>{model.decoder_start_token_id} : answers.begin;
  auto row = ids.ids.begin() + static_cast<std::ptrdiff_t>(b * ids.cols);
  return {row, row + static_cast<std::ptrdiff_t>(ids.cols)};
}

Status check_room(const GenerateIdsOptions& options, int64_t before, int64_t context) {
  if (options.max_tokens <= context - before) return {};
  return usage_error(
      fmt::format("{} ids and {} more do not fit the context of {}", before, options.max_tokens, context),
      options.ids.string(), "use a smaller --max-tokens");
}

using IdRows = std::vector<std::vector<int32_t>>;

// One answer to each row; the end of text is part of it.
Result<IdRows> draw(const model::Model& model, const IdArray& ids, const GenerateIdsOptions& options,
                    const std::vector<int32_t>& ends, int64_t before) {
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(model, {.max_running = ids.rows}));
  MALMOI_TRY(check_room(options, before, scheduler->context_length()));  // which memory may shorten
  std::vector<infer::TokenRequest> requests;
  for (int64_t b = 0; b < ids.rows; ++b) {
    requests.push_back({.prompt = ids.row(b),
                        .max_tokens = options.max_tokens,
                        .sampling = options.sampling,
                        .rules = options.answers.rules,
                        .begin = options.answers.begin});
    requests.back().sampling.seed += static_cast<uint64_t>(b);
  }
  return infer::collect(*scheduler, std::move(requests), ends, {});
}

// The best answers to each row, one row after the other.
Result<IdRows> search(const model::Model& model, const IdArray& ids, const GenerateIdsOptions& options,
                      const std::vector<int32_t>& ends, AnswerScores& scores) {
  MALMOI_ASSIGN(infer::BeamOptions beams, beam_options(options.answers, options.sampling, options.max_tokens, ends));
  MALMOI_ASSIGN(auto session, infer::Session::create(model));
  IdRows made;
  for (int64_t b = 0; b < ids.rows; ++b) {
    MALMOI_ASSIGN(std::vector<infer::BeamAnswer> found,
                  infer::beam_search(*session, ids.row(b), options.answers.begin, beams));
    scores.emplace_back();
    for (infer::BeamAnswer& answer : found) {
      scores.back().push_back(answer.score);
      made.push_back(std::move(answer.ids));
    }
  }
  return made;
}

}  // namespace

Result<AnswerScores> generate_ids(const GenerateIdsOptions& options) {
  MALMOI_ASSIGN(auto model, load_model(options.model, options.load, options.warn));
  MALMOI_ASSIGN(IdArray ids, read_ids(options.ids, options.mask, model->vocab_size()));
  const bool searched = options.answers.beams > 1;
  if (!searched && options.answers.n_best > 1)
    return usage_error("several answers to a row of ids come of beams", "--n-best", "give --beams, too");
  const auto before = static_cast<int64_t>(beginning(*model, ids, 0, options.answers).size());
  MALMOI_TRY(check_room(options, before, model->max_positions()));
  std::vector<int32_t> ends;
  if (!options.ignore_eos) ends = end_ids(options.model);
  AnswerScores scores;
  MALMOI_ASSIGN(IdRows made,
                searched ? search(*model, ids, options, ends, scores) : draw(*model, ids, options, ends, before));
  const int64_t answers = searched ? options.answers.n_best : 1;
  std::vector<int32_t> out;
  for (size_t i = 0; i < made.size(); ++i) {
    std::vector<int32_t>& row = made[i];
    if (!row.empty()) row.resize(static_cast<size_t>(options.max_tokens), row.back());
    const std::vector<int32_t> begin = beginning(*model, ids, static_cast<int64_t>(i) / answers, options.answers);
    out.insert(out.end(), begin.begin(), begin.end());
    out.insert(out.end(), row.begin(), row.end());
  }
  MALMOI_TRY(formats::write_npy(options.out, {ids.rows * answers, before + options.max_tokens},
                                std::span<const int32_t>(out)));
  return scores;
}

}  // namespace malmoi::app
