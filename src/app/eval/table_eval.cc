#include "app/eval/table_eval.h"

#include <fmt/format.h>

#include "app/eval/judges.h"

namespace malmoi::app {

Json to_json(const TableEvalReport& report) {
  Json json = {{"task", report.task}, {"model", report.model}, {"rows", report.rows}};
  json["answers"] = Json::array();
  for (const JudgedAnswers& answers : report.answers) {
    Json entry = {{"name", answers.name}, {"seconds", answers.seconds}};
    for (const auto& [name, value] : answers.figures) entry[name] = value;
    json["answers"].push_back(std::move(entry));
  }
  if (!report.labels.empty()) {
    json["labels"] = report.labels;
    json["confusion"] = report.confusion;
  }
  json["examples"] = Json::array();
  for (const TableEvalReport::Example& example : report.examples)
    json["examples"].push_back({{"input", example.input}, {"target", example.target}, {"output", example.output}});
  return json;
}

std::string to_text(const TableEvalReport& report) {
  std::string text;
  for (const JudgedAnswers& answers : report.answers) {
    text += fmt::format("{:<54}", answers.name);
    for (const auto& [name, value] : answers.figures) text += fmt::format(" {} {:.4f}", name, value);
    text += "\n";
  }
  return text;
}

Result<TableEvalReport> evaluate_table(const TableEvalOptions& options, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, {options.dtype, options.adapters}, job));
  switch (loaded.model->task()) {
    case model::Task::kSeq2Seq: return judge_outputs(std::move(loaded), options, job);
    case model::Task::kRegression: return judge_numbers(std::move(loaded), options, job);
    case model::Task::kTokenClassification: return judge_words(std::move(loaded), options, job);
    case model::Task::kQuestionAnswering: return judge_answers(std::move(loaded), options, job);
    case model::Task::kMultiLabel:
      return unsupported("a model that gives a text several labels is not judged by rows", options.model,
                         "use one of a single label, or score what `malmoi classify` says");
    default: return judge_labels(std::move(loaded), options, job);
  }
}

}  // namespace malmoi::app
