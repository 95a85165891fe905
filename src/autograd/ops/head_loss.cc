// The output projection and its loss in chunks of rows: the logits of all rows never stand in memory at once.
#include <algorithm>
#include <cstring>
#include <utility>

#include "autograd/bias.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

// A chunk's logits take at most this much; larger chunks write the weight's gradient less often.
constexpr int64_t kChunkBytes = 64 << 20;
constexpr int64_t kMinChunkRows = 64;

// Rows of `from` named by `index` to the rows 0.. of `to`, or back (scatter).
void move_rows(const Tensor& from, Tensor& to, std::span<const int32_t> index, bool scatter) {
  size_t row = static_cast<size_t>(from.shape().columns()) * dtype_size(from.dtype());
  auto* source = static_cast<const std::byte*>(from.data());
  auto* target = static_cast<std::byte*>(to.data());
  for (size_t i = 0; i < index.size(); ++i) {
    size_t at = static_cast<size_t>(index[i]);
    std::memcpy(target + (scatter ? at : i) * row, source + (scatter ? i : at) * row, row);
  }
}

int64_t chunk_rows(int64_t rows, int64_t vocab, DType type) {
  int64_t fit = kChunkBytes / (vocab * static_cast<int64_t>(dtype_size(type)));
  int64_t limit = std::clamp<int64_t>(fit / 16 * 16, kMinChunkRows, std::max<int64_t>(rows, kMinChunkRows));
  int64_t chunks = (rows + limit - 1) / limit;
  return chunks <= 1 ? rows
                     : (rows + chunks - 1) / chunks;  // equal chunks: one shape of product, not a remainder's too
}

}  // namespace

HeadLoss head_loss(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                   const HeadLossOptions& options) {
  int64_t rows = hidden.value.shape().rows(), cols = hidden.value.shape().columns(), vocab = weight.out_features();
  bool backward = context.tape != nullptr;
  Tensor index = context.temporary(DType::kI32, {rows}), targets = context.temporary(DType::kI32, {rows});
  int64_t counted = 0;
  if (context.rehearsal()) {
    counted = rows;
  } else {
    for (int64_t r = 0; r < rows; ++r) {
      int32_t target = options.targets[static_cast<size_t>(r)];
      if (target < 0) continue;
      index.as<int32_t>()[counted] = static_cast<int32_t>(r);
      targets.as<int32_t>()[counted++] = target;
    }
  }
  bool all = counted == rows && !context.rehearsal();
  // A masked step takes the memory of a full one at the most; the rehearsal takes the full one's, gathering included.
  int64_t chunk = std::max<int64_t>(chunk_rows(std::max<int64_t>(counted, 1), vocab, context.dtype), 1);
  bool to_hidden = backward && hidden.on_tape();
  Tensor dhidden = to_hidden ? context.temporary(context.dtype, {rows, cols}) : Tensor();
  if (to_hidden && !all && !context.rehearsal()) std::memset(dhidden.data(), 0, dhidden.bytes());
  if (backward) {
    context.tape->begin_use(weight.parameters());
    context.tape->begin_use({&bias, 1});
  }
  Tensor loss = context.temporary(DType::kF32, {rows}), correct = context.temporary(DType::kU8, {rows});
  for (int64_t begin = 0; begin < counted; begin += chunk) {
    int64_t n = std::min(chunk, counted - begin);
    std::span<const int32_t> chunk_index =
        all || context.rehearsal() ? std::span<const int32_t>{}
                                   : std::span<const int32_t>(index.as<int32_t>() + begin, static_cast<size_t>(n));
    Tensor x = all ? hidden.value.rows(begin, n) : context.temporary(context.dtype, {n, cols});
    if (!all) move_rows(hidden.value, x, chunk_index, false);
    Tensor logits = context.temporary(context.dtype, {n, vocab});
    weight.product(context, x, logits, bias);
    context.run("cross-entropy", 0, &kernels::Backend::cross_entropy,
                {.dtype = context.dtype,
                 .rows = n,
                 .cols = vocab,
                 .logits = logits.data(),
                 .targets = targets.as<int32_t>() + begin,
                 .loss = loss.as<float>() + begin,
                 .correct = options.count_correct ? correct.as<uint8_t>() + begin : nullptr,
                 .target_weights = options.target_weights.empty() ? nullptr : options.target_weights.data(),
                 .loss_scale = static_cast<float>(options.scale),
                 .label_smoothing = options.label_smoothing,
                 .z_weight = options.z_weight,
                 .logit_scale = options.logit_scale,
                 .softcap = options.softcap,
                 .dlogits = backward});
    if (!backward) continue;
    accumulate_bias(context, bias, logits);
    weight.accumulate_gradient(context, logits, x);
    if (!to_hidden) continue;
    Tensor dx = all ? dhidden.rows(begin, n) : context.temporary(context.dtype, {n, cols});
    // A row of these gradients spans too many orders of magnitude for one scale: in 8 bits training stalls.
    bool int8 = std::exchange(context.int8_products, false);
    weight.product_transposed(context, logits, dx, false);
    context.int8_products = int8;
    if (!all) move_rows(dx, dhidden, chunk_index, true);
  }
  HeadLoss result{.counted = counted};
  if (!context.rehearsal()) {
    for (int64_t r = 0; r < counted; ++r) {
      result.sum += static_cast<double>(loss.as<float>()[r]);
      if (options.count_correct) result.correct += correct.as<uint8_t>()[r];
    }
  }
  if (backward) {
    context.tape->end_use(weight.parameters());
    context.tape->end_use({&bias, 1});
    context.tape->give_grad(context, hidden.id, std::move(dhidden));
  }
  return result;
}

}  // namespace malmoi::autograd
