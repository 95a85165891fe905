// Models that sort words: accuracy and, of IOB labels, entities, beside each word's most frequent label.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "app/eval/judges.h"
#include "app/eval/table_rows.h"
#include "app/use/label_words.h"
#include "metrics/entities.h"
#include "train/scores.h"

namespace malmoi::app {
namespace {

enum WordRole { kWords, kLabels };  // of the objective

// Sentences: a list of words each, or of labels.
using Sentences = std::vector<std::vector<std::string>>;

struct Labelled {
  Sentences words, labels;
};

class WordJudge {
 public:
  WordJudge(const TableEvalOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<TableEvalReport> run(LoadedModel loaded) {
    MALMOI_ASSIGN(WordLabeler labeler, WordLabeler::of(std::move(loaded)));
    labels_ = labeler.labels();
    is_iob_ = metrics::are_iob(labels_);
    MALMOI_ASSIGN(Labelled rows, read(options_.tables, options_.limit));
    report_ = {.task = "token_classification", .model = options_.model, .rows = rows.words.size(), .labels = labels_};
    Sentences said;
    MALMOI_ASSIGN(double seconds, timed([&] { return label(labeler, rows.words, said); }));
    report_.answers.push_back({"model", figures_of(rows.labels, said), seconds});
    confuse(rows.labels, said);
    if (!options_.train_tables.empty()) {
      MALMOI_ASSIGN(Labelled learned, read(options_.train_tables, 0));
      report_.answers.push_back(
          {"the most frequent label of each word", figures_of(rows.labels, most_frequent(learned, rows.words)), 0});
    }
    for (size_t r = 0; r < said.size() && static_cast<int64_t>(report_.examples.size()) < options_.examples; ++r) {
      if (said[r] != rows.labels[r])
        report_.examples.push_back({joined(rows.words[r]), joined(rows.labels[r]), joined(said[r])});
    }
    return report_;
  }

 private:
  Result<Labelled> read(const std::vector<std::string>& tables, int64_t limit) const {
    Labelled rows;
    auto take = [&](const train::TableCells& row) -> Status {
      MALMOI_ASSIGN(train::CellWords cell, train::cell_words(row.find(kWords), row.find(kLabels), row.where));
      for (std::string& label : cell.labels) {
        MALMOI_ASSIGN(int32_t index, train::label_index(label, labels_, row.where));
        label = labels_[static_cast<size_t>(index)];
      }
      rows.words.push_back(std::move(cell.words));
      rows.labels.push_back(std::move(cell.labels));
      return {};
    };
    MALMOI_TRY(for_each_judged_row(tables, options_, "token_classification", limit, take));
    return rows;
  }

  Status label(WordLabeler& labeler, const Sentences& words, Sentences& said) {
    uint64_t cut = 0;
    MALMOI_TRY(in_batches(words, job_.stop, [&](const Sentences& sentences) -> Status {
      MALMOI_ASSIGN(auto labelled, labeler.label(sentences));
      for (const LabelledWords& sentence : labelled) {
        cut += sentence.cut > 0;
        said.emplace_back();
        for (const LabelledWords::Word& word : sentence.words) said.back().push_back(word.label);
      }
      return {};
    }));
    warn_of_cut(cut, job_);
    return {};
  }

  int32_t index_of(const std::string& label) const {
    auto found = std::ranges::find(labels_, label);
    return found == labels_.end() ? -1 : static_cast<int32_t>(found - labels_.begin());
  }

  std::vector<std::pair<std::string, double>> figures_of(const Sentences& wanted, const Sentences& said) const {
    train::Predictions words;
    metrics::EntityScore entities;
    for (size_t r = 0; r < wanted.size(); ++r) {
      for (const std::string& label : wanted[r]) words.targets.push_back(index_of(label));
      for (const std::string& label : said[r]) words.predicted.push_back(index_of(label));
      metrics::add_sentence(wanted[r], said[r], entities);
    }
    std::pair<std::string, double> accuracy{"accuracy", train::accuracy(words)};
    if (!is_iob_) return {accuracy, {"macro_f1", train::macro_f1(words)}};
    return {{"entity_f1", entities.f1()},
            {"entity_precision", entities.precision()},
            {"entity_recall", entities.recall()},
            accuracy};
  }

  void confuse(const Sentences& wanted, const Sentences& said) {
    report_.confusion.assign(labels_.size(), std::vector<uint64_t>(labels_.size(), 0));
    for (size_t r = 0; r < wanted.size(); ++r) {
      for (size_t w = 0; w < wanted[r].size(); ++w) {
        if (said[r][w].empty()) continue;  // cut away
        ++report_.confusion[static_cast<size_t>(index_of(wanted[r][w]))][static_cast<size_t>(index_of(said[r][w]))];
      }
    }
  }

  // A word that was not seen has the label that is most frequent of all; of equals the first by name.
  static Sentences most_frequent(const Labelled& learned, const Sentences& words) {
    using Counts = std::map<std::string, int64_t>;
    Counts all;
    std::map<std::string, Counts> by_word;
    for (size_t r = 0; r < learned.words.size(); ++r) {
      for (size_t w = 0; w < learned.words[r].size(); ++w) {
        ++all[learned.labels[r][w]];
        ++by_word[learned.words[r][w]][learned.labels[r][w]];
      }
    }
    auto best = [](const Counts& counts) {
      return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
    };
    Sentences said;
    for (const auto& sentence : words) {
      said.emplace_back();
      for (const std::string& word : sentence) {
        auto found = by_word.find(word);
        said.back().push_back(best(found == by_word.end() ? all : found->second));
      }
    }
    return said;
  }

  static std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

  const TableEvalOptions& options_;
  const Job& job_;
  std::vector<std::string> labels_;
  bool is_iob_ = false;
  TableEvalReport report_;
};

}  // namespace

Result<TableEvalReport> judge_words(LoadedModel loaded, const TableEvalOptions& options, const Job& job) {
  return WordJudge(options, job).run(std::move(loaded));
}

}  // namespace malmoi::app
