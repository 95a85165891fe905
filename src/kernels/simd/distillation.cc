// A student's softmax against a teacher's: sums over a row, then one pass that turns logits into their gradient.
#include "kernels/simd/logits.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

// Logarithms of the denominators: of the student as it is, and of both at the temperature.
struct Denominators {
  float plain, student, teacher;
};

// Of a row: D(q, p), and KL(p || m), which its slope needs where there is a mixture.
struct Divergence {
  float value = 0, student = 0;
};

// e to it still is a number: beyond, whichever of p and q is the smaller counts for nothing.
constexpr float kMostApart = 80;

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

  // log(x / (b y + (1 - b) x)), b the share of y, given the logarithms of x and y.
  static MALMOI_INLINE Vec above_mixture(Vec log_x, Vec log_y, float b) {
    if (b == 1) return log_x - log_y;
    const Vec ratio = exp(min(log_y - log_x, all(kMostApart)));
    return zero() - log(fma(ratio, all(b), all(1 - b)));
  }
  float student_share() const { return a.mixture < 1 ? 1 - a.mixture : 1; }

  Divergence divergence(const Denominators& sums) const {
    Vec forward = zero(), of_teacher = zero(), of_student = zero();
    const Vec by = all(inverse), p_sum = all(sums.student), q_sum = all(sums.teacher);
    each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
      const Vec z = logit(i, w) * by, t = taught(i, w), log_p = z - p_sum, log_q = t - q_sum;
      if (a.mixture == 0) {
        forward += only(exp_above(t, q_sum) * (log_q - log_p), w, 0.0f);
        return;
      }
      of_student += only(exp_above(z, p_sum) * above_mixture(log_p, log_q, a.mixture), w, 0.0f);
      if (a.mixture < 1) of_teacher += only(exp_above(t, q_sum) * above_mixture(log_q, log_p, 1 - a.mixture), w, 0.0f);
    });
    if (a.mixture == 0) return {.value = reduce_add(forward)};
    const float student = reduce_add(of_student);
    return {a.mixture * reduce_add(of_teacher) + student_share() * student, student};
  }

  // T times the slope of the divergence by logits z / T, beside what the teacher says of them.
  MALMOI_INLINE Vec soft_slope(Vec z, Vec t, const Denominators& sums, const Divergence& apart) const {
    const Vec p = exp_above(z, all(sums.student));
    if (a.mixture == 0) return p - exp_above(t, all(sums.teacher));
    const Vec log_ratio = above_mixture(z - all(sums.student), t - all(sums.teacher), a.mixture);
    return all(student_share()) * p * (log_ratio - all(apart.student));
  }

  void gradient(const Denominators& sums, const Divergence& apart, int64_t target) const {
    const float scale = a.loss_scale * a.logit_scale, hard = a.alpha * scale;
    const float soft = (1 - a.alpha) * a.temperature * scale;
    const Vec by = all(inverse), plain = all(sums.plain);
    const Vec z_target = capped_logit(a.logit_scale, a.softcap, all(widen(student[target])));
    each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
      const Vec z = logit(i, w);
      Vec d = exp_above(z, plain) * all(hard) + soft_slope(z * by, taught(i, w), sums, apart) * all(soft);
      if (a.softcap > 0) d *= cap_slope(a.softcap, z);
      store(student + i, d, w);
    });
    Vec own = exp_above(z_target, plain) * all(hard) - all(hard) +
              soft_slope(z_target * by, all(teacher[target] * inverse), sums, apart) * all(soft);
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
      const Divergence apart = row.divergence(sums);
      if (a.divergence) a.divergence[r] = apart.value;
      if (a.dlogits) row.gradient(sums, apart, a.targets[r]);
    }
  });
}

}  // namespace

void distillation(Stream&, const DistillationArgs& a) {
  if (a.cols == 0) return;
  with_type(a.dtype, [&](auto type) { distil_rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
