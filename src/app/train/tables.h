// The tables of a training configuration (data.format: table): rows with named columns, and the labels in them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/train/data.h"
#include "data/table.h"

namespace malmoi::app {

struct Tables {
  std::vector<data::TableRow> train, valid;
  std::map<std::string, uint64_t> label_counts;
  std::vector<std::string> labels;  // of the training rows, sorted: by number where all are whole numbers
};

/// Reads data.train and data.valid; valid_fraction holds rows out by a hash of their first text. Nothing where the format
/// is another one. Errors: a file that cannot be read, a column that no row has, one label alone.
Result<Tables> read_tables(const train::TrainConfig& config);
/// Whether rows of arrays or tables have negatives, which a step needs memory for; sets objective.contrast.negatives.
void find_negatives(const Tables& tables, train::TrainConfig& config);

/// Fills in the weight of each of the model's labels as objective.class_weights says: of balanced ones the mean over the labels of
/// weight times rows is 1 (scikit-learn's rule). Errors: a label that the model has not, balanced without a table.
Status weigh_classes(const Tables& tables, const model::Model& model, train::TrainConfig& config);

/// Encodes the rows as the objective reads them, and sets data.sequence_length to the longest. Warns of rows that were cut and
/// of labels without a row. Errors: a row that is too long (unless data.long_rows: cut), or that the objective cannot read.
Result<PreparedData> encode_tables(const Tables& tables, train::TrainConfig& config,
                                   const tokenizer::Tokenizer& tokenizer, const model::Model& model, const Job& job);

}  // namespace malmoi::app
