// Chances of the next token, and how near they come to what is expected.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "infer/sampling.h"

namespace malmoi::infer {

/// Chances of the next token behind a text whose first `prompt` tokens are a prompt.
inline std::vector<double> chances(const SamplingOptions& options, const std::vector<float>& logits,
                                   const std::vector<int32_t>& text = {}, size_t prompt = 0) {
  Sampler sampler(options, static_cast<int64_t>(logits.size()));
  for (size_t i = 0; i < text.size(); ++i) sampler.observe(text[i], i >= prompt);
  sampler.next(logits);
  std::vector<double> out;
  for (size_t id = 0; id < logits.size(); ++id) out.push_back(sampler.chance(static_cast<int32_t>(id)));
  return out;
}

inline void expect_near(const std::vector<double>& got, const std::vector<double>& want, double tolerance = 1e-6) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << "token " << i;
}

}  // namespace malmoi::infer
