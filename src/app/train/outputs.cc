#include "app/train/outputs.h"

#include <algorithm>

#include "app/use/answer_all.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"

namespace malmoi::app {
namespace {

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

Result<std::vector<train::NamedFigure>> OutputMeter::measure(int64_t step) const {
  MALMOI_ASSIGN(std::vector<std::string> outputs,
                answer_all(model_, *tokenizer_, sources_, config_.data.sequence_length, config_.data.output_length));
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
