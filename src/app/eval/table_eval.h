// How well a model does what it was trained for on rows of a table: labels, numbers, labels of words, answers or outputs, beside
// baselines that need no model.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/use/generate.h"
#include "base/error.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::app {

struct TableEvalOptions {
  std::string model;
  std::vector<std::string> tables;             // the rows to judge by
  std::vector<std::string> train_tables;       // rows that baselines learn from; none: no baselines that learn
  std::map<std::string, std::string> columns;  // by role, as data.columns of a training configuration
  int64_t limit = 0;                           // rows; 0: all
  int64_t examples = 20;                       // rows shown in the report
  std::vector<Path> adapters;                  // put around the model: the first is used
  DType dtype = DType::kF32;
};

/// A way of answering, with its figures.
struct JudgedAnswers {
  std::string name;  // "model", or of a baseline
  std::vector<std::pair<std::string, double>> figures;
  double seconds = 0;  // of learning and answering
};

struct TableEvalReport {
  std::string task;  // the objective that trains such a model
  std::string model;
  uint64_t rows = 0;
  std::vector<JudgedAnswers> answers;            // the model's first
  std::vector<std::string> labels;               // of a model that sorts texts or words
  std::vector<std::vector<uint64_t>> confusion;  // [label, predicted]
  struct Example {
    std::string input, target, output;
  };
  std::vector<Example> examples;
};
Json to_json(const TableEvalReport& report);
/// A line for each way of answering, with its figures.
std::string to_text(const TableEvalReport& report);

/// By the model's head; baselines that learn need `train_tables`.
/// Labels of texts: accuracy, macro F1 and loss; the most frequent label, logistic regression over n-grams of characters
/// (data/classifier/label_model.h), which read the first text alone.
/// Numbers: Pearson's r and the mean squared error; the mean of the training rows.
/// Labels of words: the accuracy, and where they are IOB entities' F1, precision and recall (metrics/entities.h), else macro F1; each
/// word's most frequent label. A word that does not fit the model counts as labelled wrongly, and is warned of.
/// Answers: exact match and F1 as SQuAD 2.0 has them, and F1 by characters as KorQuAD has it, 0 to 1 (metrics/answers.h).
/// Outputs of encoder-decoders, greedy by the rules of their folder: BLEU (13a), BLEU by characters and chrF; the source itself,
/// the target of the most similar training source by bigrams of characters.
Result<TableEvalReport> evaluate_table(const TableEvalOptions& options, const Job& job);

}  // namespace malmoi::app
