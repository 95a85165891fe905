// Cases of the plain ops.
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

using kernels::Activation;

const std::vector<int32_t> kIds = {3, 1, 3, 0, 4, 3};
const std::vector<int32_t> kPositions = {0, 1, 2, 0, 1, 2};
const std::vector<int32_t> kLengths = {3, 3, 3, 4, 4, 4};  // of the text of each row
const std::vector<int32_t> kTypes = {0, 1, 1, 0, 0, 1};

struct RotaryTables {
  std::vector<float> cos, sin;
  RotaryTables() {
    for (int p = 0; p < 4; ++p) {
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

// Ids that are made on the way, in memory of the context.
OpCase computed_ids_case() {
  return {"embedding", "ids that nobody else keeps", [](Bench& b, std::vector<Var>&) {
            Tensor ids = b.context.temporary(DType::kI32, {6});
            b.context.step("ids", 0, [&] { std::copy(kIds.begin(), kIds.end(), ids.as<int32_t>()); });
            const int32_t* at = ids.as<int32_t>();
            return std::vector<Var>{embedding(b.context, {{&b.weight(1, {5, 8}), at}}, {.rows = 6}, std::move(ids))};
          }};
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

OpCase rotary_case(const char* name, int64_t first_column, bool interleaved,
                   const kernels::LongTexts& long_texts = {}) {
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
                                            .sin = kTables.sin.data(),
                                            .long_texts = long_texts})};
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
      embedding_case("words, positions and types", -1, 0),
      embedding_case("padding takes no gradient from look-ups", 3, 0),
      embedding_case("embedding with dropout", -1, 0.3f),
      embedding_case("positions that begin at the third row", -1, 0, 2),
      computed_ids_case(),
      norm_case("rms norm of a sum", {}, false, true),
      norm_case("rms norm with offset", {.weight_offset = 1}, false, false),
      norm_case("layer norm", {.layer = true}, true, true),
      norm_case("layer norm with dropout", {.layer = true, .dropout = 0.3f}, true, true),
      norm_case("rms norm with a factor on what is added", {.dropout = 0.3f, .delta_scale = 0.375f}, false, true),
      {"linear", "linear with bias",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{linear(b.context, in[0], b.weight(2, {5, 8}), b.parameter(3, {5}))};
       }},
      {"linear", "adapters around two parts of a fused matrix",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{
             linear(b.context, in[0], b.adapted_weight(20, {7, 8}, {{0, 3}, {4, 3}}), b.parameter(3, {7}))};
       }},
      {"linear", "an adapter with magnitudes, whose norms take no gradient",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{
             linear(b.context, in[0], b.adapted_weight(20, {7, 8}, {{0, 3}, {4, 3}}, true), b.parameter(3, {7}))};
       },
       false},
      {"embedding", "two adapted tables and a plain one",
       [](Bench& b, std::vector<Var>&) {
         b.context.training = true;
         return std::vector<Var>{embedding(b.context,
                                           {{&b.weight(2, {3, 8}), kPositions.data()},
                                            {&b.adapted_weight(20, {5, 8}, {{0, 5}}), kIds.data()},
                                            {&b.adapted_weight(30, {2, 8}, {{0, 2}}), kTypes.data()}},
                                           {.rows = 6, .scale = 2, .dropout = 0.3f})};
       }},
      {"linear", "two linears of one input",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{linear(b.context, in[0], b.weight(2, {5, 8}), nullptr),
                                 linear(b.context, in[0], b.weight(3, {4, 8}), nullptr)};
       }},
      {"multiply", "a gate among other columns",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8}), b.input(2, {6, 11})};
         return std::vector<Var>{multiply(b.context, {in[0], 0, 8}, {in[1], 2, 8}, Activation::kSigmoid)};
       }},
      {"multiply", "columns of one tensor, used twice",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 12})};
         Var product = multiply(b.context, {in[0], 8, 4}, {in[0], 0, 4}, Activation::kNone);
         return std::vector<Var>{multiply(b.context, {product, 0, 4}, {in[0], 4, 4}, Activation::kSilu)};
       }},
      {"multiply", "one gate a row, of what can be made again",
       [](Bench& b, std::vector<Var>& in) {
         b.context.checkpointing = Checkpointing::kCheap;
         in = {b.input(1, {6, 8}), b.input(2, {6, 3})};
         Var made = activation(b.context, in[0], Activation::kSilu);
         return std::vector<Var>{multiply(b.context, {made, 0, 8}, {in[1], 1, 1}, Activation::kSigmoid)};
       }},
      {"scale", "runs of columns, in place and apart",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         Var apart = scale(b.context, in[0], {{2, 3.0f}, {3, 1.0f}, {1, -0.5f}});
         return std::vector<Var>{scale(b.context, std::move(apart), 0.25)};
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
      {"mean_rows", "means of texts, without padding",
       [](Bench& b, std::vector<Var>& in) {
         static const std::vector<Run> kRuns = {{0, 4}, {4, 2}};
         static const std::vector<uint8_t> kCounts = {1, 1, 0, 1, 1, 1};
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{mean_rows(b.context, in[0], kRuns, kCounts)};
       }},
      {"mask_rows", "rows without padding",
       [](Bench& b, std::vector<Var>& in) {
         static const std::vector<uint8_t> kCounts = {1, 1, 0, 1, 0, 1};
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{mask_rows(b.context, in[0], kCounts)};
       }},
      {"neighbours", "three neighbours of each row, within its text",
       [](Bench& b, std::vector<Var>& in) {
         static const std::vector<Run> kRuns = {{0, 4}, {4, 2}};
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{neighbours(b.context, in[0], 3, kRuns)};
       }},
      activation_case("gelu", Activation::kGelu),
      activation_case("gelu tanh", Activation::kGeluTanh),
      activation_case("silu", Activation::kSilu),
      activation_case("tanh", Activation::kTanh),
      activation_case("sigmoid", Activation::kSigmoid),
      gated_case("swiglu", Activation::kSilu),
      gated_case("geglu", Activation::kGeluTanh),
      rotary_case("rotary by halves", 0, false),
      rotary_case("rotary of neighbours, from a column on", 4, true),
      rotary_case("rotary of a short and a long text", 0, false, {kLengths.data(), 3, 1}),
      block_case("blocks run twice", false),
      block_case("blocks that share a value", true),
  };
}

}  // namespace malmoi::autograd
