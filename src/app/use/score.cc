#include "app/use/score.h"

#include "app/use/id_array.h"
#include "formats/npy.h"
#include "infer/runner.h"
#include "model/io.h"

namespace malmoi::app {
namespace {

// Writes one row's values [kept, width] into [cols, width], zeros at padding.
Status write_row(formats::NpyWriter& out, std::span<const float> values, const std::vector<int64_t>& kept, int64_t cols,
                 int64_t width) {
  std::vector<float> line(static_cast<size_t>(cols * width), 0.f);
  for (size_t i = 0; i < kept.size(); ++i)
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i * static_cast<size_t>(width)), width,
                line.begin() + kept[i] * width);
  return out.append(line.data(), line.size() * sizeof(float));
}

}  // namespace

Status score(const ScoreOptions& options) {
  if (!options.logits && !options.hidden)
    return usage_error("nothing to write", "score", "give --logits OUT.npy or --hidden OUT.npy");
  MALMOI_ASSIGN(auto model, model::load_model(options.model, {model::Purpose::kServing, options.dtype}));
  MALMOI_ASSIGN(IdArray ids, read_ids(options.ids, options.mask, model->vocab_size()));
  if (ids.cols > model->max_positions())
    return usage_error("rows of " + std::to_string(ids.cols) + " ids do not fit the context of " +
                           std::to_string(model->max_positions()),
                       options.ids.string(), "cut the rows");
  infer::Runner runner(*model, false);
  std::optional<formats::NpyWriter> logits, hidden;
  if (options.logits) {
    MALMOI_ASSIGN(logits, formats::NpyWriter::create(*options.logits, formats::ElementType::kF32,
                                                     {ids.rows, ids.cols, model->vocab_size()}));
  }
  if (options.hidden) {
    MALMOI_ASSIGN(hidden, formats::NpyWriter::create(*options.hidden, formats::ElementType::kF32,
                                                     {ids.rows, ids.cols, model->hidden_size()}));
  }
  for (int64_t b = 0; b < ids.rows; ++b) {
    std::vector<int32_t> row = ids.row(b);
    const std::vector<int64_t>& kept = ids.kept[static_cast<size_t>(b)];
    nn::BatchBuilder batch;
    batch.add(row);
    if (logits) {
      std::vector<int64_t> all(row.size());
      for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
      MALMOI_TRY(write_row(*logits, runner.logits(batch.batch(), all), kept, ids.cols, model->vocab_size()));
    }
    if (hidden) {
      std::vector<float> values = runner.hidden(batch.batch());
      MALMOI_TRY(write_row(*hidden, values, kept, ids.cols, model->hidden_size()));
    }
  }
  if (logits) MALMOI_TRY(logits->commit());
  if (hidden) MALMOI_TRY(hidden->commit());
  return {};
}

}  // namespace malmoi::app
