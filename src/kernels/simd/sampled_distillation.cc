// A student's softmax against tokens that were drawn from a teacher's: the slopes of drawn tokens are made first, since the pass over the
// row writes where their logits stand.
#include "kernels/simd/logits.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
struct SampledRow {
  const SampledDistillationArgs& a;
  T* student;
  int64_t begin, end;  // of its entries
  int32_t target;
  float inverse;              // 1 / temperature
  float plain = 0, cold = 0;  // logarithms of the denominators, as it is and at the temperature

  template <typename Width>
  MALMOI_INLINE Vec logit(int64_t i, Width w) const {
    return capped_logit(a.logit_scale, a.softcap, load(static_cast<const T*>(student) + i, w));
  }
  MALMOI_INLINE Vec logit_of(int32_t id) const {
    return capped_logit(a.logit_scale, a.softcap, all(widen(student[id])));
  }

  void sum() {
    const Vec by = all(inverse);
    plain = log_sum_exp(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { return logit(i, w); });
    cold = log_sum_exp(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { return logit(i, w) * by; });
  }

  float divergence(float known) const {
    float apart = known;
    for (int64_t e = begin; e < end; ++e) apart -= a.shares[e] * (logit_of(a.ids[e])[0] * inverse - cold);
    return apart;
  }

  // Of a logit whose token has a share; `wanted`: 1 of the target, else 0.
  MALMOI_INLINE Vec slope(Vec z, float share, float wanted) const {
    const float scale = a.loss_scale * a.logit_scale;
    const Vec hard = all(a.alpha * scale), soft = all((1 - a.alpha) * a.temperature * scale);
    Vec d =
        (exp_above(z, all(plain)) - all(wanted)) * hard + (exp_above(z * all(inverse), all(cold)) - all(share)) * soft;
    if (a.softcap > 0) d *= cap_slope(a.softcap, z);
    return d;
  }

  void gradient() const {
    float share_of_target = 0;
    for (int64_t e = begin; e < end; ++e) {
      const int32_t id = a.ids[e];
      if (id == target) share_of_target = a.shares[e];
      a.slopes[e] = slope(logit_of(id), a.shares[e], id == target ? 1.0f : 0.0f)[0];
    }
    const Vec own = slope(logit_of(target), share_of_target, 1);
    each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { store(student + i, slope(logit(i, w), 0, 0), w); });
    for (int64_t e = begin; e < end; ++e) store(student + a.ids[e], all(a.slopes[e]), Part{1});
    store(student + target, own, Part{1});
  }
};

template <typename T>
void sampled_rows(const SampledDistillationArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      SampledRow<T> row{a, as<T>(a.logits) + r * a.cols, a.starts[r], a.starts[r + 1], a.targets[r], 1 / a.temperature};
      row.sum();
      if (a.ce) a.ce[r] = row.plain - row.logit_of(row.target)[0];
      if (a.divergence) a.divergence[r] = row.divergence(a.known[r]);
      if (a.dlogits) row.gradient();
    }
  });
}

}  // namespace

void sampled_distillation(Stream&, const SampledDistillationArgs& a) {
  if (a.cols == 0) return;
  with_type(a.dtype, [&](auto type) { sampled_rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
