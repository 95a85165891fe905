#include "model/adapter_vocabulary.h"

#include "model/adapter_names.h"
#include "model/layout.h"
#include "model/vocabulary_size.h"

namespace malmoi::model {
namespace {

// The rows of a whole table of the right width; 0: the file has none, or one that is of another model.
int64_t rows_of_whole(const formats::StoredTensor* tensor, int64_t columns) {
  return tensor && tensor->shape.size() == 2 && tensor->shape[1] == columns ? tensor->shape[0] : 0;
}

}  // namespace

bool brings_tokenizer(const AdapterFile& file) {
  return !file.whole.empty() && malmoi::exists(Path(file.where).parent_path() / "tokenizer.json");
}

Result<Vocabulary> adapter_vocabulary(const AdapterFile& file, const Model& model) {
  Vocabulary vocabulary;
  if (file.whole.empty()) return vocabulary;
  MALMOI_ASSIGN(const AdapterNames names, AdapterNames::make(file, model));
  for (const auto& entry : model.parameters.entries()) {
    if (!has_row_for_each_token(model, *entry)) continue;
    for (const nn::Source& source : entry->spec.sources) {
      const int64_t rows = rows_of_whole(names.whole_of(source.name), columns_of(entry->spec));
      if (rows == 0 || (rows == source.rows && !brings_tokenizer(file))) continue;
      if (!brings_tokenizer(file))
        return invalid_data("'" + source.name + "' has " + std::to_string(rows) + " rows, the model " +
                                std::to_string(source.rows) + ", and no tokenizer.json stands beside the adapter",
                            file.where, "put the one there that it was trained with, or use its own model");
      if (vocabulary.rows != 0 && vocabulary.rows != rows)
        return invalid_data("'" + source.name + "' has " + std::to_string(rows) + " rows, another table " +
                                std::to_string(vocabulary.rows),
                            file.where, "the adapter is not whole; fetch it again");
      vocabulary.rows = rows;
    }
  }
  return vocabulary;
}

}  // namespace malmoi::model
