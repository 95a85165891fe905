#include "app/use/classify_lines.h"

#include <utility>

#include <fmt/format.h>

#include "data/readers/lines.h"
#include "metrics/entities.h"

namespace malmoi::app {
namespace {

constexpr size_t kTextsAtOnce = 32;

using ClassifiedSink = std::function<Status(const ClassifiedLine&)>;

// What of a line did not fit.
int64_t cut_of(const LabelledLine& line) { return line.labelled.cut; }
int64_t cut_of(const auto& said) { return said.cut; }

// Reads the file in batches: `parse` makes an input of a line, `answer` says something of each input of a batch.
template <typename Parse, typename Answer>
Status each_line(const ClassifyOptions& options, const Parse& parse, const Answer& answer, const ClassifiedSink& sink,
                 const Job& job) {
  MALMOI_ASSIGN(auto source, data::open_line_source(options.file));
  data::DecodedLines lines(std::move(source), data::ReaderLimits().document_bytes);
  uint64_t cut = 0;
  bool more = true;
  while (more) {
    std::vector<TextPair> texts;
    std::string_view line;
    while (texts.size() < kTextsAtOnce && more) {
      MALMOI_ASSIGN(more, lines.next(line));
      if (!more) break;
      const std::string where = fmt::format("{} (line {})", options.file, lines.number());
      if (lines.too_long()) return invalid_data("the line is longer than the limit", where, "split it");
      MALMOI_ASSIGN(TextPair text, parse(line, where));
      texts.push_back(std::move(text));
    }
    MALMOI_TRY(job.stop.check());
    MALMOI_ASSIGN(std::vector<ClassifiedLine> answers, answer(texts));
    for (const ClassifiedLine& said : answers) {
      cut += std::visit([](const auto& any) { return cut_of(any) > 0; }, said);
      MALMOI_TRY(sink(said));
    }
  }
  warn_of_cut(cut, job);
  return {};
}

Result<TextPair> parse_text(std::string_view line, const std::string&) { return TextPair{std::string(line)}; }

Result<TextPair> parse_question(std::string_view line, const std::string& where) {
  const std::string remedy = R"(write {"question": "...", "context": "..."})";
  auto row = parse_json(std::string(line), where);
  if (!row.ok() || !row->is_object())
    return invalid_data("the model answers questions, and the line is no JSON object with one", where, remedy);
  auto cell = [&](const char* name) { return row->contains(name) ? &(*row)[name] : nullptr; };
  MALMOI_ASSIGN(std::string question, train::cell_text(cell("question"), "question", where));
  MALMOI_ASSIGN(std::string context, train::cell_text(cell("context"), "context", where));
  return TextPair{std::move(question), std::move(context)};
}

template <typename Said>
std::vector<ClassifiedLine> as_lines(std::vector<Said> said) {
  return {std::make_move_iterator(said.begin()), std::make_move_iterator(said.end())};
}

Result<std::vector<ClassifiedLine>> label_lines(WordLabeler& labeler, const std::vector<TextPair>& texts, bool is_iob) {
  std::vector<LabelledLine> lines;
  std::vector<std::vector<std::string>> words;
  for (const TextPair& text : texts) {
    lines.push_back({.words = placed_words(text.text), .labelled = {}, .is_iob = is_iob});
    words.emplace_back();
    for (const PlacedWord& word : lines.back().words) words.back().push_back(word.text);
  }
  MALMOI_ASSIGN(std::vector<LabelledWords> labelled, labeler.label(words));
  for (size_t i = 0; i < lines.size(); ++i) lines[i].labelled = std::move(labelled[i]);
  return as_lines(std::move(lines));
}

}  // namespace

Json to_json(const LabelledLine& line) { return to_json(line.labelled, line.words, line.is_iob); }

Json to_json(const ClassifiedLine& line) {
  return std::visit([](const auto& said) { return to_json(said); }, line);
}

Status classify(const ClassifyOptions& options, const ClassifiedSink& sink, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, {options.dtype, options.adapters}, job));
  const model::Task task = loaded.model->task();
  const bool says_more = task == model::Task::kRegression || task == model::Task::kTokenClassification ||
                         task == model::Task::kQuestionAnswering;
  if (options.explain && says_more)
    return usage_error("only the labels of texts have shares of tokens, and this model gives none", "--explain",
                       "leave it out");
  using Lines = Result<std::vector<ClassifiedLine>>;
  if (task == model::Task::kRegression) {
    MALMOI_ASSIGN(Estimator estimator, Estimator::of(std::move(loaded)));
    auto answer = [&](const std::vector<TextPair>& texts) -> Lines {
      MALMOI_ASSIGN(auto said, estimator.estimate(texts));
      return as_lines(std::move(said));
    };
    return each_line(options, parse_text, answer, sink, job);
  }
  if (task == model::Task::kTokenClassification) {
    MALMOI_ASSIGN(WordLabeler labeler, WordLabeler::of(std::move(loaded)));
    const bool is_iob = metrics::are_iob(labeler.labels());
    auto answer = [&](const std::vector<TextPair>& texts) { return label_lines(labeler, texts, is_iob); };
    return each_line(options, parse_text, answer, sink, job);
  }
  if (task == model::Task::kQuestionAnswering) {
    MALMOI_ASSIGN(AnswerFinder finder, AnswerFinder::of(std::move(loaded)));
    auto answer = [&](const std::vector<TextPair>& questions) -> Lines {
      MALMOI_ASSIGN(auto said, finder.find(questions));
      return as_lines(std::move(said));
    };
    return each_line(options, parse_question, answer, sink, job);
  }
  MALMOI_ASSIGN(Classifier classifier, Classifier::of(std::move(loaded), options.explain));
  auto answer = [&](const std::vector<TextPair>& texts) -> Lines {
    MALMOI_ASSIGN(auto said, classifier.classify(texts));
    return as_lines(std::move(said));
  };
  return each_line(options, parse_text, answer, sink, job);
}

}  // namespace malmoi::app
