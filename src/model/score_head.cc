#include "model/score_head.h"

namespace malmoi::model {
namespace {

class ScoreHead final : public Head {
 public:
  ScoreHead(const nn::Declare& score, int64_t width, int64_t labels, int32_t pad_token_id)
      : pad_token_id_(pad_token_id) {
    weight = nn::linear(score, {.in = width, .out = labels, .role = nn::Role::kHead}).weight;
    row_for_each_run = true;
  }

  Var features(Context& context, Var hidden, const nn::Batch& batch) const override {
    return autograd::gather_rows(context, std::move(hidden), last_rows(batch));  // [texts, hidden_size]
  }

 private:
  std::span<const int32_t> last_rows(const nn::Batch& batch) const {
    last_rows_.clear();
    for (const autograd::Run& run : batch.runs) {
      int64_t row = run.begin + run.length - 1;
      while (row > run.begin && is_padding(batch, static_cast<size_t>(row))) --row;
      last_rows_.push_back(static_cast<int32_t>(row));
    }
    return last_rows_;
  }

  bool is_padding(const nn::Batch& batch, size_t row) const {
    const bool masked = !batch.key_mask.empty() && batch.key_mask[row] == 0;
    return masked || batch.ids[row] == pad_token_id_;
  }

  int32_t pad_token_id_;
  mutable std::vector<int32_t> last_rows_;  // of the last pass, until its backward pass is done
};

}  // namespace

void add_score_head(Parts& parts, int64_t labels, int32_t pad_token_id, double std) {
  parts.head_begin = parts.parameters.entries().size();
  const nn::Declare score(parts.parameters, "score", std);
  parts.head = std::make_unique<ScoreHead>(score, parts.sizes.hidden_size, labels, pad_token_id);
}

}  // namespace malmoi::model
