#include "infer/collect.h"

#include <algorithm>

namespace malmoi::infer {

Result<std::vector<std::vector<int32_t>>> collect(Scheduler& scheduler, std::vector<TokenRequest> requests,
                                                  std::span<const int32_t> ends, const StopToken& stop) {
  std::vector<std::vector<int32_t>> answers(requests.size());
  std::string failure;
  for (size_t r = 0; r < requests.size(); ++r) {
    std::vector<int32_t>& answer = answers[r];
    MALMOI_TRY(scheduler.submit(std::move(requests[r]), [&answer, &ends, &failure](const Token& token) {
      if (token.finish == chat::FinishReason::kError) failure = token.error;
      if (token.id < 0) return false;
      answer.push_back(token.id);
      return std::ranges::find(ends, token.id) == ends.end();
    }));
  }
  while (scheduler.step()) MALMOI_TRY(stop.check());
  if (!failure.empty()) return Error{ErrorCode::kInternal, failure, "answers", ""};
  return answers;
}

}  // namespace malmoi::infer
