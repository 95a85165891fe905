#include "infer/attention_weights.h"

#include <cmath>

#include "base/parallel.h"
#include "kernels/ref/attention.h"

namespace malmoi::infer {
namespace {

constexpr int64_t kQueriesAtOnce = 8;  // enough work for a thread to be worth waking

template <typename T>
void weigh(const kernels::AttentionArgs& args, const kernels::AttentionSegment& segment, int64_t head, int64_t query,
           double* row) {
  kernels::ref::Scores scores;
  kernels::ref::score_row<T>(args, segment, head, query, scores);
  if (!std::isfinite(scores.lse)) return;  // it sees nothing
  for (size_t key = 0; key < scores.full.size(); ++key) row[key] = std::exp(scores.full[key] - scores.lse);
}

}  // namespace

std::vector<double> attention_weights(const kernels::AttentionArgs& args, const kernels::AttentionSegment& segment,
                                      int64_t head) {
  std::vector<double> weights(static_cast<size_t>(segment.q_length * segment.k_length), 0);
  parallel_for(segment.q_length, kQueriesAtOnce, [&](int64_t begin, int64_t end) {
    for (int64_t query = begin; query < end; ++query) {
      double* row = weights.data() + query * segment.k_length;
      kernels::ref::with_type(args.dtype, [&](auto zero) { weigh<decltype(zero)>(args, segment, head, query, row); });
    }
  });
  return weights;
}

void AttentionWatch::begin_block(const void* batch) {
  if (batch != batch_) {
    batch_ = batch;
    ++stack_;
    layer_ = -1;
  }
  ++layer_;
  if (stack_ == wanted_.stack) layers_ = layer_ + 1;
}

// Whether an attention that has run is one to be kept.
bool AttentionWatch::counts(bool crossed, int64_t heads) {
  if (stack_ != wanted_.stack || crossed != wanted_.crossed) return false;
  attention_layers_.push_back(layer_);
  if (!wanted_.layer) wanted_.layer = layer_;
  if (*wanted_.layer != layer_) return false;
  heads_ = heads;
  return wanted_.head < heads;
}

void AttentionWatch::add(const std::vector<double>& weights, int64_t keys) {
  keys_ = keys;
  if (sums_.empty()) sums_.assign(weights.size(), 0);
  for (size_t i = 0; i < weights.size(); ++i) sums_[i] += weights[i];
}

void AttentionWatch::see(const kernels::AttentionArgs& args, bool crossed) {
  if (!counts(crossed, args.heads)) return;
  const kernels::AttentionSegment& text = args.segments[0];
  const int64_t first = wanted_.head < 0 ? 0 : wanted_.head, last = wanted_.head < 0 ? args.heads - 1 : wanted_.head;
  for (int64_t head = first; head <= last; ++head) add(attention_weights(args, text, head), text.k_length);
}

void AttentionWatch::see(const kernels::DisentangledArgs& args, int64_t head, int64_t heads) {
  if (head == 0) counted_ = counts(false, heads);
  if (!counted_ || (wanted_.head >= 0 && head != wanted_.head)) return;
  std::vector<double> weights(static_cast<size_t>(args.length * args.length));
  kernels::ref::with_type(args.dtype, [&](auto zero) {
    const auto* scores = kernels::ref::as<decltype(zero)>(static_cast<const void*>(args.scores));
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = kernels::ref::get(scores[i]);
  });
  add(weights, args.length);
}

std::vector<std::vector<float>> AttentionWatch::rows() const {
  std::vector<std::vector<float>> rows;
  const auto width = static_cast<size_t>(keys_);
  const double parts = wanted_.head < 0 ? static_cast<double>(heads_) : 1;
  for (size_t begin = 0; begin < sums_.size(); begin += width) {
    std::vector<float>& row = rows.emplace_back();
    for (size_t key = 0; key < width; ++key) row.push_back(static_cast<float>(sums_[begin + key] / parts));
  }
  return rows;
}

}  // namespace malmoi::infer
