// Question answering models: exact match and F1 of the answers that they find.
#include "app/eval/judges.h"
#include "app/eval/table_rows.h"
#include "app/use/find_answers.h"
#include "metrics/answers.h"

namespace malmoi::app {
namespace {

enum AnswerRole { kQuestion, kContext, kAnswers };  // of the objective

struct Asked {
  std::vector<TextPair> questions;  // with their contexts
  std::vector<std::vector<std::string>> answers;
};

Result<Asked> read_asked(const TableEvalOptions& options) {
  Asked asked;
  auto take = [&](const train::TableCells& row) -> Status {
    MALMOI_ASSIGN(std::string question, train::cell_text(row.find(kQuestion), "question", row.where));
    MALMOI_ASSIGN(std::string context, train::cell_text(row.find(kContext), "context", row.where));
    MALMOI_ASSIGN(auto answers, train::cell_answers(row.find(kAnswers), row.where));
    asked.questions.push_back({std::move(question), std::move(context)});
    asked.answers.push_back(std::move(answers));
    return {};
  };
  MALMOI_TRY(for_each_judged_row(options.tables, options, "question_answering", options.limit, take));
  return asked;
}

}  // namespace

Result<TableEvalReport> judge_answers(LoadedModel loaded, const TableEvalOptions& options, const Job& job) {
  using metrics::AnswerRule;
  MALMOI_ASSIGN(Asked asked, read_asked(options));
  MALMOI_ASSIGN(AnswerFinder finder, AnswerFinder::of(std::move(loaded)));
  std::vector<FoundAnswer> found;
  auto answer = [&]() -> Status {
    return in_batches(asked.questions, job.stop, [&](const std::vector<TextPair>& questions) -> Status {
      MALMOI_ASSIGN(auto some, finder.find(questions));
      found.insert(found.end(), some.begin(), some.end());
      return {};
    });
  };
  MALMOI_ASSIGN(double seconds, timed(answer));
  TableEvalReport report{.task = "question_answering", .model = options.model, .rows = found.size()};
  double exact = 0, f1 = 0, by_characters = 0;
  uint64_t cut = 0;
  for (size_t q = 0; q < found.size(); ++q) {
    const std::string said = found[q].text.value_or("");
    const std::vector<std::string>& wanted = asked.answers[q];
    const metrics::AnswerScore score = metrics::answer_score(said, wanted, AnswerRule::kSquad2);
    exact += score.exact_match;
    f1 += score.f1;
    by_characters += wanted.empty() ? score.f1 : metrics::answer_score(said, wanted, AnswerRule::kKorquad).f1;
    cut += found[q].cut > 0;
    if (score.exact_match == 0 && static_cast<int64_t>(report.examples.size()) < options.examples)
      report.examples.push_back({asked.questions[q].text, wanted.empty() ? "" : wanted[0], said});
  }
  warn_of_cut(cut, job);
  const auto rows = static_cast<double>(found.size());
  report.answers.push_back(
      {"model", {{"exact_match", exact / rows}, {"f1", f1 / rows}, {"f1_char", by_characters / rows}}, seconds});
  return report;
}

}  // namespace malmoi::app
