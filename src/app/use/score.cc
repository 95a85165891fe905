#include "app/use/score.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/use/generate.h"
#include "app/use/id_array.h"
#include "app/use/load_choice.h"
#include "formats/npy.h"
#include "infer/session.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

// The rows of a batch as a model reads them.
class Rows {
 public:
  static Result<Rows> read(const ScoreOptions& options, const model::Model& model) {
    Rows rows;
    MALMOI_ASSIGN(rows.ids_, read_ids(options.ids, options.mask, model.vocab_size()));
    // A decoder's positions count what is there; others are told what to pass over.
    rows.whole_ = model.task() != model::Task::kCausalLm;
    rows.padding_ = std::max(model.pad_token_id, 0);
    if (rows.ids_.cols > model.max_positions())
      return usage_error(
          fmt::format("rows of {} ids do not fit the context of {}", rows.ids_.cols, model.max_positions()),
          options.ids.string(), "cut the rows");
    if (options.token_types) {
      int64_t types = model.sizes.token_types;
      if (types == 0)
        return usage_error("the model reads no token types", options.token_types->string(), "leave --token-types out");
      MALMOI_ASSIGN(rows.types_, read_ids(*options.token_types, options.mask, types));
      if (rows.types_.rows != rows.ids_.rows || rows.types_.cols != rows.ids_.cols)
        return invalid_data("has another shape than the ids", options.token_types->string(),
                            "give types of shape [B, T]");
    }
    return rows;
  }

  int64_t count() const { return ids_.rows; }
  int64_t columns() const { return ids_.cols; }

  /// Row b; it holds until the next call.
  nn::RunInput row(int64_t b) {
    const std::vector<int64_t>& kept = ids_.kept[static_cast<size_t>(b)];
    if (!whole_) {
      current_ids_ = ids_.row(b);
      if (types_.rows > 0) current_types_ = types_.row(b);
      return {.ids = current_ids_, .token_types = current_types_};
    }
    auto columns = static_cast<size_t>(ids_.cols);
    mask_.assign(columns, 0);
    current_ids_.assign(columns, padding_);  // what stands at padding in the file may be anything
    current_types_.assign(types_.rows > 0 ? columns : 0, 0);
    for (int64_t column : kept) {
      auto at = static_cast<size_t>(column), in = static_cast<size_t>(b * ids_.cols + column);
      mask_[at] = 1;
      current_ids_[at] = ids_.ids[in];
      if (types_.rows > 0) current_types_[at] = types_.ids[in];
    }
    return {.ids = current_ids_, .token_types = current_types_, .mask = mask_};
  }

  /// Values of the ids of row b [ids read, width] as [T, width], zeros at padding.
  std::vector<float> spread(int64_t b, std::span<const float> values) const {
    const std::vector<int64_t>& kept = ids_.kept[static_cast<size_t>(b)];
    size_t read = whole_ ? static_cast<size_t>(ids_.cols) : kept.size(), width = values.size() / read;
    std::vector<float> out(static_cast<size_t>(ids_.cols) * width, 0.f);
    for (size_t i = 0; i < kept.size(); ++i) {
      auto column = static_cast<size_t>(kept[i]), from = whole_ ? column : i;
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from * width), width,
                  out.begin() + static_cast<std::ptrdiff_t>(column * width));
    }
    return out;
  }

 private:
  IdArray ids_, types_;
  bool whole_ = false;
  int32_t padding_ = 0;
  std::vector<int32_t> current_ids_, current_types_, mask_;
};

Result<IdArray> read_decoder_ids(const ScoreOptions& options, const model::Model& model, int64_t rows) {
  bool wanted = options.logits && model.task() == model::Task::kSeq2Seq;
  if (wanted && !options.decoder_ids)
    return usage_error("an encoder-decoder gives logits of what its decoder reads", "score",
                       "give --decoder-ids FILE.npy");
  if (!wanted) {
    if (!options.decoder_ids) return IdArray();
    return usage_error("there are no logits of a decoder to give", options.decoder_ids->string(),
                       "leave --decoder-ids out");
  }
  MALMOI_ASSIGN(IdArray ids, read_ids(*options.decoder_ids, {}, model.vocab_size()));
  if (ids.rows != rows)
    return invalid_data(fmt::format("has {} rows, the ids have {}", ids.rows, rows), options.decoder_ids->string(),
                        "give a row for each row of ids");
  if (ids.cols > model.max_positions())
    return usage_error(fmt::format("rows of {} ids do not fit the context of {}", ids.cols, model.max_positions()),
                       options.decoder_ids->string(), "cut the rows");
  return ids;
}

std::vector<int64_t> logits_shape(const Rows& rows, const IdArray& decoder_ids, const model::Model& model) {
  if (model.head->row_for_each_run) return {rows.count(), model.outputs()};
  if (model.task() == model::Task::kDiscrimination) return {rows.count(), rows.columns()};
  return {rows.count(), decoder_ids.rows > 0 ? decoder_ids.cols : rows.columns(), model.outputs()};
}

Status write_logits(const ScoreOptions& options, infer::Session& session, Rows& rows) {
  const model::Model& model = session.model();
  if (!model.head)
    return usage_error("the model has no head", options.model.string(), "leave --logits out; give --hidden OUT.npy");
  MALMOI_ASSIGN(IdArray decoder_ids, read_decoder_ids(options, model, rows.count()));
  MALMOI_ASSIGN(auto out, formats::NpyWriter::create(*options.logits, formats::ElementType::kF32,
                                                     logits_shape(rows, decoder_ids, model)));
  for (int64_t b = 0; b < rows.count(); ++b) {
    nn::RunInput row = rows.row(b);
    std::vector<int32_t> decoded;
    if (decoder_ids.rows > 0) {
      decoded = decoder_ids.row(b);
      session.add({.ids = decoded}, decoder_ids.cols, &row);
    } else {
      session.add(row, static_cast<int64_t>(row.ids.size()));
    }
    MALMOI_ASSIGN(std::span<const float> logits, session.logits());
    std::vector<float> values(logits.begin(), logits.end());
    if (decoder_ids.rows == 0 && !model.head->row_for_each_run) values = rows.spread(b, logits);
    MALMOI_TRY(out.append(values.data(), values.size() * sizeof(float)));
  }
  return out.commit();
}

Status write_hidden(const ScoreOptions& options, infer::Session& session, Rows& rows) {
  MALMOI_ASSIGN(auto out, formats::NpyWriter::create(*options.hidden, formats::ElementType::kF32,
                                                     {rows.count(), rows.columns(), session.model().hidden_size()}));
  for (int64_t b = 0; b < rows.count(); ++b) {
    session.add(rows.row(b), 0);
    MALMOI_ASSIGN(std::vector<float> hidden, session.hidden());
    std::vector<float> values = rows.spread(b, hidden);
    MALMOI_TRY(out.append(values.data(), values.size() * sizeof(float)));
  }
  return out.commit();
}

}  // namespace

Status score(const ScoreOptions& options) {
  if (!options.logits && !options.hidden)
    return usage_error("nothing to write", "score", "give --logits OUT.npy or --hidden OUT.npy");
  MALMOI_ASSIGN(Path folder, find_model(options.model.string()));
  MALMOI_ASSIGN(auto model, load_model(folder, {options.dtype, options.adapters}, options.warn));
  MALMOI_ASSIGN(Rows rows, Rows::read(options, *model));
  MALMOI_ASSIGN(auto session, infer::Session::create(*model, {.row_invariant = false}));
  if (options.logits) MALMOI_TRY(write_logits(options, *session, rows));
  if (options.hidden) MALMOI_TRY(write_hidden(options, *session, rows));
  return {};
}

}  // namespace malmoi::app
