#include "app/train/outputs.h"

#include <algorithm>

#include "app/eval/output_figures.h"
#include "tokenizer/document_marks.h"
#include "train/table_format.h"

namespace malmoi::app {
namespace {

// As training reads it: a row that could not be read would have ended the run before.
std::string cell(const data::TableRow& row, const std::string& name) {
  auto text = train::cell_text(row.find(name), name, row.where);
  return text.ok() ? *text : "";
}

}  // namespace

std::vector<std::string_view> OutputMeter::scores_of(const train::TrainConfig& config, const Tables& tables,
                                                     model::Task task) {
  if (task != model::Task::kSeq2Seq || tables.valid.empty() || config.samples.outputs == 0) return {};
  return {std::begin(kOutputFigures), std::end(kOutputFigures)};
}

OutputMeter::OutputMeter(const train::TrainConfig& config, const RunFolder& folder, const Tables& tables,
                         const model::Model& model, const tokenizer::Tokenizer* tokenizer, const Job& job)
    : folder_(folder), model_(model), tokenizer_(tokenizer), job_(job) {
  if (scores_of(config, tables, model.task()).empty()) return;
  options_.max_input = config.data.sequence_length;
  options_.max_output = config.data.output_length;
  if (auto end = tokenizer::document_marks(*tokenizer).after) options_.ends.push_back(*end);
  const auto count = std::min<size_t>(static_cast<size_t>(config.samples.outputs), tables.valid.size());
  for (size_t r = 0; r < count; ++r) {
    sources_.push_back(cell(tables.valid[r], config.data.columns.at("source")));
    targets_.push_back({cell(tables.valid[r], config.data.columns.at("target"))});
  }
}

Result<std::vector<train::NamedFigure>> OutputMeter::measure(int64_t step) const {
  MALMOI_ASSIGN(std::vector<std::string> outputs, answer_all(model_, *tokenizer_, sources_, options_, job_));
  std::string lines;
  for (size_t r = 0; r < outputs.size(); ++r)
    lines +=
        dump_json(Json{{"step", step}, {"source", sources_[r]}, {"target", targets_[r][0]}, {"output", outputs[r]}}) +
        "\n";
  if (Status written = write_file(folder_ / "outputs.jsonl", lines); !written.ok())
    job_.warn(written.error().to_string());
  return output_figures(outputs, targets_);
}

Status OutputMeter::rehearse() const {
  constexpr int64_t kTimesTarget = 2;  // before it knows where to end, a model writes more than was asked for
  if (!measures()) return {};
  AnswerAllOptions options = options_;
  options.ends.clear();
  for (const std::vector<std::string>& target : targets_) {
    MALMOI_ASSIGN(train::EncodedText output, train::encode_output(target[0], *tokenizer_, options.max_output));
    options.lengths.push_back(kTimesTarget * static_cast<int64_t>(output.ids.size()));
  }
  Job quiet;
  quiet.stop = job_.stop;
  MALMOI_ASSIGN(std::vector<std::string> outputs, answer_all(model_, *tokenizer_, sources_, options, quiet));
  output_figures(outputs, targets_);
  return {};
}

}  // namespace malmoi::app
