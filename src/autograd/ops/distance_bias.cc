// A learned number for each head and bucket of distances (Raffel et al. 2020), spread out by distance for attention.
#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

// The bucket of a key `distance` positions after its query; as the reference implementation rounds.
int64_t bucket_of(int64_t distance, const DistanceBuckets& b) {
  int64_t buckets = b.buckets, first = 0, back = -distance;
  if (b.bidirectional) {
    buckets /= 2;
    if (distance > 0) first = buckets;
    back = std::abs(distance);
  } else {
    back = std::max<int64_t>(back, 0);
  }
  int64_t exact = buckets / 2;
  if (back < exact) return first + back;
  float far = std::log(static_cast<float>(back) / static_cast<float>(exact)) /
              static_cast<float>(std::log(static_cast<double>(b.max_distance) / static_cast<double>(exact))) *
              static_cast<float>(buckets - exact);
  return first + std::min(exact + static_cast<int64_t>(far), buckets - 1);
}

template <typename Visit>
void each_entry(const DistanceBuckets& b, int64_t heads, const Visit& visit) {
  int64_t span = b.left + 1 + b.right;
  for (int64_t d = 0; d < span; ++d) {
    int64_t bucket = bucket_of(d - b.left, b);
    for (int64_t h = 0; h < heads; ++h) visit(h * span + d, bucket * heads + h);
  }
}

void distance_bias_backward(Context& context, Tape& tape, Record& record) {
  Tensor dbias = tape.take_grad(record.outputs[0]);
  Parameter& table = *record.parameters[0];
  if (!table.wants_gradient()) return;
  context.step("distance bias backward", 0, [&] {
    void* grad = table.accumulated_grad();
    auto add = [&](auto zero) {
      using T = decltype(zero);
      each_entry(record.get<DistanceBuckets>(), table.shape[1],
                 [&](int64_t from, int64_t to) { static_cast<T*>(grad)[to] += dbias.as<T>()[from]; });
    };
    if (dbias.dtype() == DType::kF64) add(double{});
    else add(float{});
  });
}

}  // namespace

extern const Op distance_bias_op{"distance_bias", distance_bias_backward};

Var distance_bias(Context& context, Parameter& table, const DistanceBuckets& buckets) {
  int64_t heads = table.shape[1];
  Tensor bias = context.temporary(context.statistics_type(), {heads, buckets.left + 1 + buckets.right});
  context.step("distance bias", 0, [&] {
    each_entry(buckets, heads, [&](int64_t to, int64_t from) {
      const DType stored = table.compute.dtype();
      convert(element_at(table.compute.data(), stored, from), stored, element_at(bias.data(), bias.dtype(), to),
              bias.dtype(), 1);
    });
  });
  if (!context.tape) return {std::move(bias), -1};
  Record& record = context.tape->push(distance_bias_op, {.parameters = {&table}}, buckets);
  return context.tape->output(record, 0, std::move(bias));
}

}  // namespace malmoi::autograd
