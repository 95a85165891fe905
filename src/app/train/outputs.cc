#include "app/train/outputs.h"

#include <algorithm>

#include "infer/prompt.h"
#include "infer/scheduler.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

constexpr int64_t kRunningAtOnce = 64;

std::string cell(const data::TableRow& row, const std::string& name) {
  auto found = row.cells.find(name);
  return found != row.cells.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

OutputMeter::OutputMeter(const train::TrainConfig& config, const RunFolder& folder, const Tables& tables,
                         const model::Model& model, const tokenizer::Tokenizer* tokenizer)
    : config_(config), folder_(folder), model_(model), tokenizer_(tokenizer) {
  if (model.task() != model::Task::kSeq2Seq || !tokenizer || tables.valid.empty()) return;
  const auto count = std::min<size_t>(static_cast<size_t>(config.samples.outputs), tables.valid.size());
  for (size_t r = 0; r < count; ++r) {
    sources_.push_back(cell(tables.valid[r], config.data.columns.at("source")));
    targets_.push_back(cell(tables.valid[r], config.data.columns.at("target")));
  }
}

Result<std::vector<std::string>> OutputMeter::generate() const {
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(model_, {.max_running = kRunningAtOnce}));
  std::vector<int32_t> ends;
  if (auto end = tokenizer::document_marks(*tokenizer_).after) ends.push_back(*end);
  std::vector<std::vector<int32_t>> written(sources_.size());
  std::string failure;
  for (size_t r = 0; r < sources_.size(); ++r) {
    infer::TokenRequest request{
        .prompt = train::encode_text(sources_[r], nullptr, *tokenizer_, config_.data.sequence_length).ids,
        .max_tokens = config_.data.output_length};
    request.sampling.temperature = 0;
    request.stop_ids = ends;
    request.max_tokens = std::min(request.max_tokens, scheduler->context_length() - 1);
    std::vector<int32_t>& row = written[r];
    MALMOI_TRY(scheduler->submit(std::move(request), [&row, &failure](const infer::Token& token) {
      if (token.finish == chat::FinishReason::kError) failure = token.error;
      if (token.id >= 0) row.push_back(token.id);
      return failure.empty();
    }));
  }
  while (scheduler->step()) {
  }
  if (!failure.empty()) return Error{ErrorCode::kInternal, failure, "outputs of the validation rows", ""};
  std::vector<std::string> outputs;
  for (const std::vector<int32_t>& ids : written) outputs.push_back(tokenizer_->decode(ids, true));
  return outputs;
}

Result<std::vector<train::NamedFigure>> OutputMeter::measure(int64_t step) const {
  MALMOI_ASSIGN(std::vector<std::string> outputs, generate());
  std::vector<std::vector<std::string>> references;
  std::string lines;
  for (size_t r = 0; r < outputs.size(); ++r) {
    references.push_back({targets_[r]});
    lines += dump_json(Json{{"step", step}, {"source", sources_[r]}, {"target", targets_[r]}, {"output", outputs[r]}}) +
             "\n";
  }
  MALMOI_TRY(write_file(folder_ / "outputs.jsonl", lines));
  return std::vector<train::NamedFigure>{
      {"bleu", metrics::bleu(outputs, references).score},
      {"bleu_char", metrics::bleu(outputs, references, {.words = metrics::WordRule::kChar}).score},
      {"chrf", metrics::chrf(outputs, references)}};
}

}  // namespace malmoi::app
