// Cases of the plain ops.
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

using kernels::Activation;

const std::vector<int32_t> kIds = {3, 1, 3, 0, 4, 3};
const std::vector<int32_t> kPositions = {0, 1, 2, 0, 1, 2};
const std::vector<int32_t> kTypes = {0, 1, 1, 0, 0, 1};

struct RotaryTables {
  std::vector<float> cos, sin;
  RotaryTables() {
    for (int p = 0; p < 3; ++p) {
      for (int i = 0; i < 2; ++i) {
        cos.push_back(std::cos(static_cast<float>(p) / static_cast<float>(1 + i)));
        sin.push_back(std::sin(static_cast<float>(p) / static_cast<float>(1 + i)));
      }
    }
  }
};
const RotaryTables kTables;

OpCase embedding_case(const char* name, int32_t padding_id, float dropout, int64_t first_position = 0) {
  return {"embedding", name,
          [=](Bench& b, std::vector<Var>&) {
            b.context.training = dropout > 0;
            return std::vector<Var>{
                embedding(b.context,
                          {{&b.weight(1, {5, 8}), kIds.data(), padding_id},
                           {&b.weight(2, {3 + first_position, 8}), kPositions.data(), -1, first_position},
                           {&b.weight(3, {2, 8}), kTypes.data()}},
                          {.rows = 6, .scale = 2, .dropout = dropout})};
          },
          padding_id < 0};
}

OpCase norm_case(const char* name, const NormOptions& options, bool bias, bool delta) {
  return {"norm", name, [=](Bench& b, std::vector<Var>& in) {
            b.context.training = options.dropout > 0;
            in = {b.input(1, {6, 8})};
            if (delta) in.push_back(b.input(2, {6, 8}));
            Normed n = residual_norm(b.context, in[0], delta ? in[1] : Var{}, b.parameter(3, {8}, 1),
                                     bias ? b.parameter(4, {8}) : nullptr, options);
            return std::vector<Var>{n.normed, n.sum};
          }};
}

OpCase activation_case(const char* name, Activation kind) {
  return {"activation", name, [=](Bench& b, std::vector<Var>& in) {
            in = {b.input(1, {6, 8})};
            return std::vector<Var>{activation(b.context, in[0], kind)};
          }};
}

OpCase gated_case(const char* name, Activation kind) {
  return {"gated", name, [=](Bench& b, std::vector<Var>& in) {
            in = {b.input(1, {6, 8})};
            return std::vector<Var>{gated(b.context, in[0], kind)};
          }};
}

OpCase rotary_case(const char* name, int64_t first_column, bool interleaved) {
  return {"rotary", name, [=](Bench& b, std::vector<Var>& in) {
            in = {b.input(1, {6, 12})};
            // Rotation is in place: the op works on a copy so that the input can be disturbed.
            Tensor copy = b.context.temporary(b.dtype, {6, 12});
            b.context.step("copy", 0, [&] { convert(in[0].value.data(), b.dtype, copy.data(), b.dtype, 72); });
            return std::vector<Var>{rotary(b.context, {copy, in[0].id},
                                           {.first_column = first_column,
                                            .heads = 2,
                                            .head_dim = 4,
                                            .rotary_dim = 4,
                                            .interleaved = interleaved,
                                            .positions = kPositions.data(),
                                            .cos = kTables.cos.data(),
                                            .sin = kTables.sin.data()})};
          }};
}

// A model of one layer, with a value that all blocks share.
struct SmallModel {
  const DenseWeight* weight;
  BlockIo layer(Context& context, int64_t, const int&, BlockIo io, std::span<const Var> shared) const {
    Normed n = residual_norm(context, std::move(io.x), std::move(io.delta), nullptr, nullptr, {});
    Var y = linear(context, std::move(n.normed), *weight, nullptr);
    if (shared.empty()) return {std::move(n.sum), std::move(y)};
    return {std::move(n.sum), residual_norm(context, std::move(y), shared[0], nullptr, nullptr, {}).sum};
  }
};

// The model and batch of a block live until the backward pass is done.
OpCase block_case(const char* name, bool shared) {
  return {"block", name, [=](Bench& b, std::vector<Var>& in) {
            static std::vector<std::unique_ptr<SmallModel>> models;
            static const int kBatch = 0;
            b.context.checkpointing = Checkpointing::kBlock;
            in = {b.input(1, {6, 8}), b.input(2, {6, 8})};
            if (shared) in.push_back(b.input(4, {6, 8}));
            models.push_back(std::make_unique<SmallModel>(SmallModel{&b.weight(3, {8, 8})}));
            BlockIo io{in[0], in[1]};
            for (int i = 0; i < 2; ++i)
              io = block<&SmallModel::layer>(b.context, *models.back(), i, kBatch, std::move(io),
                                             std::span<const Var>(in).subspan(2));
            return std::vector<Var>{io.x, io.delta};
          }};
}

}  // namespace

std::vector<OpCase> basic_op_cases() {
  return {
      embedding_case("positions that begin at the third row", -1, 0, 2),
      embedding_case("words, positions and types", -1, 0),
      embedding_case("padding takes no gradient from look-ups", 3, 0),
      embedding_case("embedding with dropout", -1, 0.3f),
      norm_case("rms norm of a sum", {}, false, true),
      norm_case("rms norm with offset", {.weight_offset = 1}, false, false),
      norm_case("layer norm", {.layer = true}, true, true),
      norm_case("layer norm with dropout", {.layer = true, .dropout = 0.3f}, true, true),
      {"linear", "linear with bias",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{linear(b.context, in[0], b.weight(2, {5, 8}), b.parameter(3, {5}))};
       }},
      {"linear", "two linears of one input",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{linear(b.context, in[0], b.weight(2, {5, 8}), nullptr),
                                 linear(b.context, in[0], b.weight(3, {4, 8}), nullptr)};
       }},
      {"add", "a sum, one side of it used again",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8}), b.input(2, {6, 8})};
         Var sum = add(b.context, in[0], in[1]);
         return std::vector<Var>{add(b.context, std::move(sum), in[1])};
       }},
      {"dropout", "dropout",
       [](Bench& b, std::vector<Var>& in) {
         b.context.training = true;
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{dropout(b.context, in[0], 0.4)};
       }},
      {"gather_rows", "rows, one twice",
       [](Bench& b, std::vector<Var>& in) {
         static const std::vector<int32_t> kIndex = {4, 0, 4};
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{gather_rows(b.context, in[0], kIndex)};
       }},
      activation_case("gelu", Activation::kGelu),
      activation_case("gelu tanh", Activation::kGeluTanh),
      activation_case("silu", Activation::kSilu),
      activation_case("tanh", Activation::kTanh),
      gated_case("swiglu", Activation::kSilu),
      gated_case("geglu", Activation::kGeluTanh),
      rotary_case("rotary by halves", 0, false),
      rotary_case("rotary of neighbours, from a column on", 4, true),
      block_case("blocks run twice", false),
      block_case("blocks that share a value", true),
  };
}

}  // namespace malmoi::autograd
