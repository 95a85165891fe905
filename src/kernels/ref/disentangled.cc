// Oracle of the probabilities of disentangled attention.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

bool is_hidden(const DisentangledArgs& a, int64_t i) { return a.key_mask && a.key_mask[i] == 0; }

int64_t position(const DisentangledArgs& a, int64_t i, int64_t j) { return a.rows[i - j + a.length - 1] - a.first_row; }

double kept(const DisentangledArgs& a, int64_t i, int64_t j) {
  uint64_t element = ((a.first_element + static_cast<uint64_t>(i)) << 20) + static_cast<uint64_t>(j);
  return dropout_factor(a.dropout, element);
}

template <typename T>
void softmax_row(const DisentangledArgs& a, int64_t i) {
  T* row = as<T>(a.scores) + i * a.length;
  std::vector<double> e(static_cast<size_t>(a.length));
  double top = -INFINITY, sum = 0;
  for (int64_t j = 0; j < a.length; ++j) {
    double z = get(row[j]);
    if (a.to_position) z += get(as<T>(a.to_position)[i * a.positions + position(a, i, j)]);
    if (a.from_position) z += get(as<T>(a.from_position)[j * a.positions + position(a, i, j)]);
    e[static_cast<size_t>(j)] = is_hidden(a, j) ? -INFINITY : z * static_cast<double>(a.scale);
    top = std::max(top, e[static_cast<size_t>(j)]);
  }
  for (double& z : e) sum += z = is_hidden(a, i) ? 1 : std::exp(z - top);
  for (int64_t j = 0; j < a.length; ++j) {
    double probability = e[static_cast<size_t>(j)] / sum;
    put(row[j], probability);
    put(as<T>(a.p)[i * a.length + j], probability * kept(a, i, j));
  }
}

template <typename T>
void score_gradients(const DisentangledBackwardArgs& b, int64_t i) {
  const DisentangledArgs& a = b.forward;
  T* row = as<T>(a.scores) + i * a.length;
  const T* dp = as<T>(b.dp) + i * a.length;
  double dot = 0;
  for (int64_t j = 0; j < a.length; ++j) dot += get(row[j]) * get(dp[j]) * kept(a, i, j);
  for (int64_t j = 0; j < a.length; ++j) {
    double ds = get(row[j]) * (get(dp[j]) * kept(a, i, j) - dot) * static_cast<double>(a.scale);
    put(row[j], is_hidden(a, i) ? 0 : ds);
  }
}

template <typename T>
void backward(const DisentangledBackwardArgs& b) {
  const DisentangledArgs& a = b.forward;
  for (int64_t i = 0; i < a.length; ++i) score_gradients<T>(b, i);
  for (T* part : {as<T>(a.to_position), as<T>(a.from_position)}) {
    if (!part) continue;
    std::vector<double> sums(static_cast<size_t>(a.length * a.positions));
    for (int64_t i = 0; i < a.length; ++i) {
      for (int64_t j = 0; j < a.length; ++j) {
        int64_t of = part == as<T>(a.to_position) ? i : j;
        sums[static_cast<size_t>(of * a.positions + position(a, i, j))] += get(as<T>(a.scores)[i * a.length + j]);
      }
    }
    for (size_t k = 0; k < sums.size(); ++k) put(part[k], sums[k]);
  }
}

}  // namespace

void disentangled(Stream&, const DisentangledArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.length; ++i) softmax_row<decltype(zero)>(a, i);
  });
}

void disentangled_backward(Stream&, const DisentangledBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) { backward<decltype(zero)>(b); });
}

}  // namespace malmoi::kernels::ref
