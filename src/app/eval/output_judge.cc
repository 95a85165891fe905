// Encoder-decoders: BLEU and chrF of what they write, beside the source itself and the nearest training pair.
#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "app/eval/judges.h"
#include "app/eval/output_figures.h"
#include "app/eval/table_rows.h"
#include "app/use/answer_all.h"
#include "app/use/generation_defaults.h"
#include "base/utf8.h"

namespace malmoi::app {
namespace {

// Texts by their bigrams of characters.
class NearestText {
 public:
  explicit NearestText(const std::vector<AskedRow>& rows) : rows_(rows) {
    for (size_t r = 0; r < rows.size(); ++r) {
      const auto grams = bigrams(rows[r].input);
      sizes_.push_back(grams.size());
      for (uint64_t gram : grams) places_[gram].push_back(static_cast<uint32_t>(r));
    }
  }
  // The target of the row that shares most of its bigrams (Dice), the earlier where two are as near.
  const std::string& answer(const std::string& input) const {
    const auto grams = bigrams(input);
    std::unordered_map<uint32_t, size_t> shared;
    for (uint64_t gram : grams) {
      auto found = places_.find(gram);
      if (found == places_.end()) continue;
      for (uint32_t row : found->second) ++shared[row];
    }
    double best = -1;
    uint32_t nearest = 0;
    for (const auto& [row, count] : shared) {
      const double dice = 2.0 * static_cast<double>(count) / static_cast<double>(grams.size() + sizes_[row]);
      if (dice > best || (dice == best && row < nearest)) std::tie(best, nearest) = std::pair(dice, row);
    }
    return rows_[nearest].target;
  }

 private:
  static std::vector<uint64_t> bigrams(const std::string& text) {
    std::vector<uint64_t> out;
    uint64_t previous = 0;
    for (size_t at = 0; at < text.size();) {
      const Utf8Char c = decode_utf8(text, at);
      if (at > 0) out.push_back(previous << 32 | c.code_point);
      previous = c.code_point;
      at += c.length;
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  const std::vector<AskedRow>& rows_;
  std::vector<size_t> sizes_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> places_;
};

class OutputJudge {
 public:
  OutputJudge(const TableEvalOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<TableEvalReport> run(LoadedModel loaded) {
    MALMOI_ASSIGN(std::vector<AskedRow> rows, read_asked_rows(options_.tables, options_, "seq2seq", options_.limit));
    TableEvalReport report{.task = "seq2seq", .model = options_.model, .rows = rows.size()};
    std::vector<std::string> sources, outputs;
    std::vector<std::vector<std::string>> references;
    for (const AskedRow& row : rows) {
      sources.push_back(row.input);
      references.push_back({row.target});
    }
    MALMOI_ASSIGN(AnswerAllOptions how, how_to_answer(loaded));
    auto answer = [&]() -> Status {
      MALMOI_ASSIGN(outputs, answer_all(*loaded.model, *loaded.tokenizer, sources, how, job_));
      return {};
    };
    MALMOI_ASSIGN(double seconds, timed(answer));
    report.answers.push_back({"model", output_figures(outputs, references), seconds});
    report.answers.push_back({"the source itself", output_figures(sources, references), 0});
    if (!options_.train_tables.empty()) {
      MALMOI_ASSIGN(std::vector<AskedRow> learned, read_asked_rows(options_.train_tables, options_, "seq2seq", 0));
      std::vector<std::string> nearest;
      auto look = [&]() -> Status {
        const NearestText index(learned);
        for (const std::string& source : sources) nearest.push_back(index.answer(source));
        return {};
      };
      MALMOI_ASSIGN(double looked, timed(look));
      report.answers.push_back({"the nearest training pair by bigrams", output_figures(nearest, references), looked});
    }
    for (size_t r = 0; r < rows.size() && static_cast<int64_t>(r) < options_.examples; ++r)
      report.examples.push_back({sources[r], rows[r].target, outputs[r]});
    return report;
  }

 private:
  // As `malmoi generate` would, without a search.
  Result<AnswerAllOptions> how_to_answer(const LoadedModel& loaded) const {
    GenerateOptions folder{.max_tokens = kLongestOutput};
    auto given = [](std::string_view option) { return option == "temperature"; };  // one path, the most probable
    MALMOI_TRY(complete_options(loaded, given, {}, folder, job_.warn));
    return AnswerAllOptions{.max_input = loaded.model->max_positions(),
                            .max_output = folder.max_tokens,
                            .begin = std::move(folder.answers.begin),
                            .ends = loaded.stop_ids,
                            .rules = std::move(folder.answers.rules)};
  }

  static constexpr int64_t kLongestOutput = 1024;  // tokens, where the folder names no max_length

  const TableEvalOptions& options_;
  const Job& job_;
};

}  // namespace

Result<TableEvalReport> judge_outputs(LoadedModel loaded, const TableEvalOptions& options, const Job& job) {
  return OutputJudge(options, job).run(std::move(loaded));
}

}  // namespace malmoi::app
