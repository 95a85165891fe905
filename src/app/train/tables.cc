#include "app/train/tables.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "app/train/texts.h"
#include "base/counted.h"
#include "base/file.h"
#include "base/parallel.h"
#include "train/row_source.h"

namespace malmoi::app {
namespace {

using data::TableRow;
using train::TableColumn;
using train::TrainConfig;

std::span<const TableColumn> columns_of(const TrainConfig& config) {
  return train::objective_entry(config.objective.name).table.columns;
}

const std::string& name_of(const TrainConfig& config, const TableColumn& column) {
  return config.data.columns.at(std::string(column.role));
}

std::string names_in(const std::vector<TableRow>& rows) {
  constexpr size_t kLookedAt = 100;  // rows; all of a table have about the same columns
  std::set<std::string> names;
  for (size_t r = 0; r < std::min(rows.size(), kLookedAt); ++r) {
    for (const auto& [name, cell] : rows[r].cells.items()) names.insert(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// A column that no row has is a wrong name, not missing cells.
Status check_columns(const TrainConfig& config, const std::vector<TableRow>& rows, const std::string& where) {
  if (rows.empty() && !config.data.where.empty())
    return invalid_data("no row holds what data.where asks for", where, "correct data.where");
  if (rows.empty()) return invalid_data("holds no rows", where, "add some");
  for (const TableColumn& column : columns_of(config)) {
    const std::string& name = name_of(config, column);
    auto has = [&](const TableRow& row) { return row.cells.contains(name); };
    if (column.optional || std::any_of(rows.begin(), rows.end(), has)) continue;
    return invalid_data(fmt::format("no row has the column '{}'", name), where,
                        fmt::format("name the one that holds the {} with data.columns.{}; there are {}", column.role,
                                    column.role, names_in(rows)));
  }
  return {};
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

Status count_labels(const TrainConfig& config, Tables& tables) {
  for (const TableColumn& column : columns_of(config)) {
    if (!column.label) continue;
    for (const TableRow& row : tables.train) {
      const Json* cell = row.find(name_of(config, column));
      std::vector<std::string> said(1);
      if (column.list) {
        MALMOI_ASSIGN(said, train::cell_list(cell, column.role, row.where));
      } else {
        MALMOI_ASSIGN(said[0], train::cell_text(cell, column.role, row.where));
      }
      for (const std::string& label : said) ++tables.label_counts[label];
    }
  }
  std::vector<std::string>& labels = tables.labels;
  for (const auto& [label, count] : tables.label_counts) labels.push_back(label);
  if (std::all_of(labels.begin(), labels.end(), [](const std::string& label) { return whole_number(label); }))
    std::sort(labels.begin(), labels.end(),
              [](const std::string& a, const std::string& b) { return *whole_number(a) < *whole_number(b); });
  return {};
}

bool is_asked_for(const TrainConfig& config, const TableRow& row) {
  return std::ranges::all_of(config.data.where, [&](const auto& wanted) {
    const Json* cell = row.find(wanted.first);
    return cell && (cell->is_string() ? cell->get<std::string>() : dump_json(*cell)) == wanted.second;
  });
}

Status read_rows(const std::vector<std::string>& paths, const TrainConfig& config, std::vector<TableRow>& rows) {
  for (const std::string& path : paths) {
    MALMOI_TRY(data::for_each_table_row(path, name_of(config, columns_of(config)[0]), [&](TableRow&& row) -> Status {
      if (is_asked_for(config, row)) rows.push_back(std::move(row));
      return {};
    }));
  }
  return {};
}

void hold_out(const TrainConfig& config, Tables& tables) {
  const std::string& name = name_of(config, columns_of(config)[0]);
  std::vector<TableRow> kept;
  for (TableRow& row : tables.train) {
    const Json* text = row.find(name);
    const bool held = text && is_held_out(text->is_string() ? text->get<std::string>() : dump_json(*text),
                                          config.data.valid_fraction);
    (held ? tables.valid : kept).push_back(std::move(row));
  }
  tables.train = std::move(kept);
}

// Rows of one of the two parts, encoded on all threads; in order.
class Encoder {
 public:
  Encoder(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer, const model::Model& model)
      : config_(config),
        entry_(train::objective_entry(config.objective.name)),
        rules_{.tokenizer = tokenizer,
               .labels = model.labels,
               .max_length = std::min(config.data.sequence_length, model.max_positions()),
               .max_output = std::min(config.data.output_length, model.max_positions())},
        limits_(train::row_limits(model)) {}

  Result<std::unique_ptr<train::RowSource>> encode(const std::vector<TableRow>& rows, const train::RowOrder& order,
                                                   const std::string& where) {
    std::vector<Result<train::EncodedRow>> encoded(rows.size(), Result<train::EncodedRow>(train::EncodedRow{}));
    constexpr int64_t kRowsAtOnce = 64;
    parallel_for(static_cast<int64_t>(rows.size()), kRowsAtOnce, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) encoded[static_cast<size_t>(r)] = encode(rows[static_cast<size_t>(r)]);
    });
    std::vector<train::RowColumn> columns(entry_.arrays.columns.size());
    for (train::RowColumn& column : columns) column = {.where = where, .starts = {0}};
    for (size_t r = 0; r < rows.size(); ++r) {
      if (!encoded[r].ok()) return encoded[r].error();
      MALMOI_TRY(check_length(*encoded[r], rows[r]));
      for (size_t c = 0; c < columns.size(); ++c) append(*encoded[r], c, columns[c]);
      encoded[r] = train::EncodedRow{};  // two copies of a row at a time, not of a table
    }
    return train::RowSource::make(std::move(columns), entry_.arrays, limits_, order, where);
  }

  uint64_t cut_rows() const { return cut_rows_; }
  int64_t max_length() const { return rules_.max_length; }

 private:
  Result<train::EncodedRow> encode(const TableRow& row) const {
    std::vector<const Json*> cells;
    for (const TableColumn& column : entry_.table.columns) cells.push_back(row.find(name_of(config_, column)));
    return entry_.table.encode({cells, row.where}, rules_);
  }

  Status check_length(const train::EncodedRow& row, const TableRow& from) {
    if (row.cut == 0) return {};
    ++cut_rows_;
    if (config_.data.cut_long_rows) return {};
    return invalid_data(
        fmt::format("{} more than fit (data.sequence_length {}, data.output_length {})",
                    counted(static_cast<uint64_t>(row.cut), "token"), rules_.max_length, rules_.max_output),
        from.where, "raise them, or say data.long_rows: cut");
  }

  static void append(train::EncodedRow& row, size_t place, train::RowColumn& column) {
    if (place < row.integers.size())
      column.integers.insert(column.integers.end(), row.integers[place].begin(), row.integers[place].end());
    if (place < row.numbers.size())
      column.numbers.insert(column.numbers.end(), row.numbers[place].begin(), row.numbers[place].end());
    column.starts.push_back(std::max(column.integers.size(), column.numbers.size()));
  }

  const TrainConfig& config_;
  const train::ObjectiveEntry& entry_;
  train::RowEncoding rules_;
  train::RowLimits limits_;
  uint64_t cut_rows_ = 0;
};

// Training rows of each of the model's labels. Errors: a label that the model has not.
Result<std::vector<uint64_t>> rows_by_label(const Tables& tables, const model::Model& model) {
  std::vector<uint64_t> rows(model.labels.size(), 0);
  for (const auto& [label, count] : tables.label_counts) {
    MALMOI_ASSIGN(int32_t index, train::label_index(label, model.labels, "data.train"));
    rows[static_cast<size_t>(index)] += count;
  }
  return rows;
}

// A label that the model has and no training row: it would be learned as what never comes.
void warn_of_empty_classes(const std::vector<uint64_t>& rows, const model::Model& model, const Job& job) {
  std::vector<std::string> empty;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == 0) empty.push_back(model.labels[i]);
  }
  if (!empty.empty())
    job.warn(fmt::format("{} of the model's labels without a training row: {}", empty.size(), fmt::join(empty, ", ")));
}

}  // namespace

Result<Tables> read_tables(const TrainConfig& config) {
  Tables tables;
  if (config.data.format != train::DataFormat::kTable) return tables;
  MALMOI_TRY(read_rows(config.data.train, config, tables.train));
  MALMOI_TRY(check_columns(config, tables.train, config.data.train[0]));
  MALMOI_TRY(read_rows(config.data.valid, config, tables.valid));
  if (!config.data.valid.empty()) MALMOI_TRY(check_columns(config, tables.valid, config.data.valid[0]));
  if (config.data.valid_fraction > 0) hold_out(config, tables);
  if (tables.train.empty()) return invalid_data("all rows are held out", config.data.train[0], "lower valid_fraction");
  MALMOI_TRY(count_labels(config, tables));
  if (tables.labels.size() == 1)
    return invalid_data("all rows have the label '" + tables.labels[0] + "', which leaves nothing to choose",
                        config.data.train[0], "add rows of another label");
  return tables;
}

void find_negatives(const Tables& tables, TrainConfig& config) {
  if (config.objective.name != "contrastive") return;
  if (config.data.format == train::DataFormat::kArrays) {
    config.objective.contrast.negatives = malmoi::exists(Path(config.data.train[0]) / "n_ids.npy");
    return;
  }
  if (config.data.format != train::DataFormat::kTable) return;
  const std::string& name = config.data.columns.at("negative");
  config.objective.contrast.negatives =
      std::ranges::any_of(tables.train, [&](const TableRow& row) { return row.find(name) != nullptr; });
}

Status weigh_classes(const Tables& tables, const model::Model& model, TrainConfig& config) {
  train::ObjectiveConfig& objective = config.objective;
  if (!objective.balanced_classes && objective.named_class_weights.empty()) return {};
  if (objective.balanced_classes && tables.train.empty())
    return usage_error("balanced weights follow from a table's labels", "objective.class_weights",
                       "use data.format: table, or name the weights");
  objective.class_weights.assign(model.labels.size(), 1.0f);
  auto weight_of = [&](const std::string& label) -> float* {
    auto found = std::find(model.labels.begin(), model.labels.end(), label);
    return found == model.labels.end() ? nullptr
                                       : &objective.class_weights[static_cast<size_t>(found - model.labels.begin())];
  };
  for (const auto& [label, weight] : objective.named_class_weights) {
    float* of_label = weight_of(label);
    if (!of_label)
      return usage_error("the model has no label '" + label + "'", "objective.class_weights",
                         fmt::format("there are {}", fmt::join(model.labels, ", ")));
    *of_label = static_cast<float>(weight);
  }
  if (!objective.balanced_classes) return {};
  MALMOI_ASSIGN(std::vector<uint64_t> rows, rows_by_label(tables, model));
  const double all = static_cast<double>(tables.train.size()), labels = static_cast<double>(tables.labels.size());
  for (size_t i = 0; i < rows.size(); ++i)
    objective.class_weights[i] = rows[i] > 0 ? static_cast<float>(all / (labels * static_cast<double>(rows[i]))) : 0;
  return {};
}

Result<PreparedData> encode_tables(const Tables& tables, TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                   const model::Model& model, const Job& job) {
  Encoder encoder(config, tokenizer, model);
  PreparedData prepared{.documents = tables.train.size() + tables.valid.size()};
  MALMOI_ASSIGN(auto train, encoder.encode(tables.train, {.shuffled = config.data.shuffled, .seed = config.seed},
                                           config.data.train[0]));
  if (!tables.labels.empty()) {
    MALMOI_ASSIGN(std::vector<uint64_t> rows, rows_by_label(tables, model));
    warn_of_empty_classes(rows, model, job);
  }
  int64_t longest = train->longest();
  prepared.train = std::move(train);
  if (!tables.valid.empty()) {
    const std::string& where = config.data.valid.empty() ? config.data.train[0] : config.data.valid[0];
    MALMOI_ASSIGN(auto valid, encoder.encode(tables.valid, {}, where));
    longest = std::max(longest, valid->longest());
    prepared.valid = std::move(valid);
  }
  if (encoder.cut_rows() > 0)
    job.warn(fmt::format("{} cut to {} tokens (output {})", counted(encoder.cut_rows(), "row"), encoder.max_length(),
                         config.data.output_length));
  config.data.sequence_length = longest;
  return prepared;
}

}  // namespace malmoi::app
