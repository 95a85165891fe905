// A student's softmax against a teacher's: three sums over a row, then one pass that turns logits into their gradient.
#include "kernels/simd/logits.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

// Logarithms of the denominators: of the student as it is, and of both at the temperature.
struct Denominators {
  float plain, student, teacher;
};

template <typename T>
struct DistilledRow {
  const DistillationArgs& a;
  T* student;
  const float* teacher;
  float inverse;  // 1 / temperature

  template <typename Width>
  MALMOI_INLINE Vec logit(int64_t i, Width w) const {
    return capped_logit(a.logit_scale, a.softcap, load(static_cast<const T*>(student) + i, w));
  }
  template <typename Width>
  MALMOI_INLINE Vec taught(int64_t i, Width w) const {
    return load(teacher + i, w) * all(inverse);
  }

  Denominators denominators() const {
    const Vec by = all(inverse);
    return {log_sum_exp(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { return logit(i, w); }),
            log_sum_exp(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { return logit(i, w) * by; }),
            log_sum_exp(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { return taught(i, w); })};
  }

  float divergence(const Denominators& sums) const {
    Vec total = zero();
    const Vec by = all(inverse), q_sum = all(sums.teacher), apart = all(sums.student - sums.teacher);
    each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
      const Vec t = taught(i, w);
      total += only(exp_above(t, q_sum) * (t - logit(i, w) * by + apart), w, 0.0f);
    });
    return reduce_add(total);
  }

  void gradient(const Denominators& sums, int64_t target) const {
    const float scale = a.loss_scale * a.logit_scale, hard = a.alpha * scale;
    const float soft = (1 - a.alpha) * a.temperature * scale;
    const Vec by = all(inverse), plain = all(sums.plain), student_sum = all(sums.student), q_sum = all(sums.teacher);
    const Vec z_target = capped_logit(a.logit_scale, a.softcap, all(widen(student[target])));
    each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
      const Vec z = logit(i, w);
      Vec d = exp_above(z, plain) * all(hard) +
              (exp_above(z * by, student_sum) - exp_above(taught(i, w), q_sum)) * all(soft);
      if (a.softcap > 0) d *= cap_slope(a.softcap, z);
      store(student + i, d, w);
    });
    Vec own = exp_above(z_target, plain) * all(hard) - all(hard) +
              (exp_above(z_target * by, student_sum) - exp_above(all(teacher[target] * inverse), q_sum)) * all(soft);
    if (a.softcap > 0) own *= cap_slope(a.softcap, z_target);
    store(student + target, own, Part{1});
  }
};

template <typename T>
void distil_rows(const DistillationArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const DistilledRow<T> row{a, as<T>(a.logits) + r * a.cols, a.teacher + r * a.cols, 1 / a.temperature};
      const Denominators sums = row.denominators();
      if (a.ce) a.ce[r] = sums.plain - capped_logit(a.logit_scale, a.softcap, all(widen(row.student[a.targets[r]])))[0];
      if (a.kl) a.kl[r] = row.divergence(sums);
      if (a.dlogits) row.gradient(sums, a.targets[r]);
    }
  });
}

}  // namespace

void distillation(Stream&, const DistillationArgs& a) {
  if (a.cols == 0) return;
  with_type(a.dtype, [&](auto type) { distil_rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
