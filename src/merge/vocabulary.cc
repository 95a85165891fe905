#include "merge/vocabulary.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/counted.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::merge {
namespace {

using tokenizer::Tokenizer;

// Ids by token; those beyond the table of words are left out.
std::map<std::string, int32_t> ids_of(const Tokenizer& tokenizer, int64_t rows) {
  std::map<std::string, int32_t> ids;
  const auto end = static_cast<int32_t>(std::min<int64_t>(tokenizer.vocab_size(), rows));
  for (int32_t id = 0; id < end; ++id) {
    if (std::string piece = tokenizer.piece(id); !piece.empty()) ids.emplace(std::move(piece), id);
  }
  return ids;
}

// The row of a token that an input has not.
class MissingRow {
 public:
  MissingRow(const Ingredients& all, std::span<const size_t> models, const Vocabulary& vocabulary, size_t width)
      : all_(all), models_(models), vocabulary_(vocabulary), width_(width) {}

  void write(int64_t token, float* to) const {
    if (all_.base && row(*all_.base, token) >= 0) return copy(*all_.base, token, 1, to);
    size_t have = 0;
    for (size_t i = 0; i < models_.size(); ++i) have += row(i, token) >= 0 ? 1 : 0;
    for (size_t i = 0; i < models_.size(); ++i) {
      if (row(i, token) >= 0) copy(i, token, static_cast<float>(have), to);
    }
  }
  int32_t row(size_t input, int64_t token) const {
    return vocabulary_.from[models_[input]][static_cast<size_t>(token)];
  }

 private:
  void copy(size_t input, int64_t token, float divisor, float* to) const {
    const float* from = all_.inputs[input].values.data() + static_cast<size_t>(row(input, token)) * width_;
    for (size_t c = 0; c < width_; ++c) to[c] += from[c] / divisor;
  }

  const Ingredients& all_;
  std::span<const size_t> models_;
  const Vocabulary& vocabulary_;
  size_t width_;
};

void pad_with_mean(std::vector<float>& values, size_t tokens, size_t width) {
  for (size_t c = 0; c < width; ++c) {
    double sum = 0;
    for (size_t t = 0; t < tokens; ++t) sum += static_cast<double>(values[t * width + c]);
    for (size_t at = tokens * width + c; at < values.size(); at += width)
      values[at] = static_cast<float>(sum / static_cast<double>(tokens));
  }
}

}  // namespace

Result<Vocabulary> join_vocabularies(std::span<const model::FolderTensors> folders, const Path& chosen,
                                     int64_t multiple) {
  Vocabulary joined;
  std::map<std::string, int32_t> wanted;
  std::vector<std::map<std::string, int32_t>> all;
  for (const model::FolderTensors& folder : folders) {
    MALMOI_ASSIGN(const Tokenizer tokenizer, Tokenizer::load(folder.folder));
    all.push_back(ids_of(tokenizer, folder.model->vocab_size()));
    if (folder.folder == chosen) wanted = all.back();
  }
  for (const auto& [token, id] : wanted) joined.tokens = std::max<int64_t>(joined.tokens, id + 1);
  if (joined.tokens == 0) return invalid_data("the tokenizer has no token", chosen.string(), "name another model");
  joined.rows = (joined.tokens + multiple - 1) / multiple * multiple;
  for (const auto& ids : all) {
    std::vector<int32_t> from(static_cast<size_t>(joined.tokens), -1);
    for (const auto& [token, id] : wanted) {
      if (const auto found = ids.find(token); found != ids.end()) from[static_cast<size_t>(id)] = found->second;
    }
    joined.from.push_back(std::move(from));
  }
  return joined;
}

void reorder_rows(Ingredients& all, std::span<const size_t> models, const Vocabulary& vocabulary) {
  size_t width = 1;
  for (size_t d = 1; d < all.shape.size(); ++d) width *= static_cast<size_t>(all.shape[d]);
  const MissingRow missing(all, models, vocabulary, width);
  std::vector<std::vector<float>> reordered;
  for (size_t i = 0; i < all.inputs.size(); ++i) {
    std::vector<float> values(static_cast<size_t>(vocabulary.rows) * width, 0.0f);
    for (int64_t token = 0; token < vocabulary.tokens; ++token) {
      float* to = values.data() + static_cast<size_t>(token) * width;
      const int32_t row = missing.row(i, token);
      if (row < 0) missing.write(token, to);
      else
        std::copy_n(all.inputs[i].values.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(row) * width), width,
                    to);
    }
    pad_with_mean(values, static_cast<size_t>(vocabulary.tokens), width);
    reordered.push_back(std::move(values));
  }
  for (size_t i = 0; i < all.inputs.size(); ++i) all.inputs[i].values = std::move(reordered[i]);
  all.shape[0] = vocabulary.rows;
}

void warn_of_tokens(std::span<const model::FolderTensors> folders, const Warn& warn) {
  std::optional<Tokenizer> first;
  std::string first_text;
  for (const model::FolderTensors& folder : folders) {
    const auto text = read_file(folder.folder / "tokenizer.json");
    if (first && text.ok() && *text == first_text) continue;
    auto tokenizer = Tokenizer::load(folder.folder);
    if (!tokenizer.ok()) continue;  // a model of ids
    if (!first) {
      first.emplace(*std::move(tokenizer));
      first_text = text.ok() ? *text : "";
      continue;
    }
    uint64_t differ = 0;
    std::string example;
    const auto end = static_cast<int32_t>(folder.model->vocab_size());
    for (int32_t id = 0; id < end; ++id) {
      if (first->piece(id) == tokenizer->piece(id)) continue;
      if (++differ == 1) example = "'" + first->piece(id) + "' and '" + tokenizer->piece(id) + "'";
    }
    if (differ > 0)
      warn(folder.folder.string() + ": " + counted(differ, "token") + " of it are others than the first model's (" +
           example + "): their rows are mixed all the same; say tokenizer: {source: base} to go by the tokens");
  }
}

}  // namespace malmoi::merge
