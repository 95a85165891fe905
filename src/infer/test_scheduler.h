// A scheduler run to its end, and what it told: what the tests of its parts share.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

#include "infer/scheduler.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {

struct TrialAnswer {
  std::vector<int32_t> ids;
  std::vector<double> logprobs;
  FinishReason finish = FinishReason::kNone;
  int64_t first_step = -1;  // in which the first token came
};

/// A scheduler and what it told of each answer, in the order of submission.
class Trial {
 public:
  explicit Trial(const model::Model& model, const SchedulerOptions& options = {}) {
    auto scheduler = Scheduler::create(model, options);
    EXPECT_TRUE(scheduler.ok()) << scheduler.error().to_string();
    scheduler_ = *std::move(scheduler);
  }
  Status submit(const TokenRequest& request) {
    size_t first = answers_.size();
    MALMOI_TRY(scheduler_->check(request));
    for (int64_t i = 0; i < request.answers; ++i) answers_.push_back(std::make_unique<TrialAnswer>());
    return scheduler_->submit(request, [this, first](const Token& token) {
      TrialAnswer& answer = *answers_[first + static_cast<size_t>(token.answer)];
      if (token.id >= 0) {
        answer.ids.push_back(token.id);
        answer.logprobs.push_back(token.logprob);
        if (answer.first_step < 0) answer.first_step = steps_;
      }
      if (token.finish != FinishReason::kNone) {
        EXPECT_EQ(answer.finish, FinishReason::kNone) << "two ends";
        answer.finish = token.finish;
      }
      return true;
    });
  }
  bool step() {
    ++steps_;
    return scheduler_->step();
  }
  void finish() {
    while (step()) ASSERT_LT(steps_, 100000);
  }
  Scheduler& scheduler() { return *scheduler_; }
  SchedulerStats stats() const { return scheduler_->stats(); }
  const TrialAnswer& answer(size_t i) const { return *answers_[i]; }
  int64_t steps() const { return steps_; }

 private:
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<TrialAnswer>> answers_;
  int64_t steps_ = 0;
};

inline std::vector<int32_t> prompt_of(int64_t length, int32_t first) {
  std::vector<int32_t> ids(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i) ids[static_cast<size_t>(i)] = static_cast<int32_t>((first + 7 * i) % 250);
  return ids;
}

inline TokenRequest request_of(int64_t length, int64_t max_tokens, int32_t first = 1) {
  TokenRequest request{.prompt = prompt_of(length, first), .max_tokens = max_tokens};
  request.sampling.seed = static_cast<uint64_t>(first);
  return request;
}

inline TrialAnswer alone(const model::Model& model, const TokenRequest& request, SchedulerOptions options = {}) {
  options.state_bytes = 0;
  Trial trial(model, options);
  EXPECT_TRUE(trial.submit(request).ok());
  trial.finish();
  return trial.answer(0);
}

inline void expect_same(const TrialAnswer& got, const TrialAnswer& want) {
  EXPECT_EQ(got.ids, want.ids);
  EXPECT_EQ(got.logprobs, want.logprobs);  // to the bit
  EXPECT_EQ(got.finish, want.finish);
}

/// Each answer is that of a request by itself; of several to one prompt, of one with the seed that follows.
inline void expect_as_alone(const Trial& trial, const model::Model& model, std::span<const TokenRequest> requests,
                            const SchedulerOptions& options = {}) {
  size_t at = 0;
  for (const TokenRequest& request : requests) {
    for (int64_t i = 0; i < request.answers; ++i, ++at) {
      TokenRequest one = request;
      one.answers = 1;
      one.sampling.seed += static_cast<uint64_t>(i);
      expect_same(trial.answer(at), alone(model, one, options));
    }
  }
}

/// Of tiny_model: keys and values of 16 elements in two layers, f32.
inline constexpr size_t kPageBytes = 2 * 2 * 16 * sizeof(float) * nn::StatePool::kPageRows;

}  // namespace malmoi::infer
