#include "app/use/answer_all.h"

#include <algorithm>

#include "infer/scheduler.h"
#include "tokenizer/document_marks.h"
#include "train/table_format.h"

namespace malmoi::app {
namespace {

constexpr int64_t kRunningAtOnce = 64;

}  // namespace

Result<std::vector<std::string>> answer_all(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                            const std::vector<std::string>& sources, int64_t max_length,
                                            int64_t max_output, const StopToken& stop) {
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(model, {.max_running = kRunningAtOnce}));
  std::vector<int32_t> ends;
  if (auto end = tokenizer::document_marks(tokenizer).after) ends.push_back(*end);
  std::vector<std::vector<int32_t>> written(sources.size());
  std::string failure;
  for (size_t r = 0; r < sources.size(); ++r) {
    infer::TokenRequest request{.prompt = train::encode_text(sources[r], nullptr, tokenizer, max_length).ids,
                                .max_tokens = std::min(max_output, scheduler->context_length() - 1)};
    request.sampling.temperature = 0;
    request.stop_ids = ends;
    std::vector<int32_t>& row = written[r];
    MALMOI_TRY(scheduler->submit(std::move(request), [&row, &failure](const infer::Token& token) {
      if (token.finish == chat::FinishReason::kError) failure = token.error;
      if (token.id >= 0) row.push_back(token.id);
      return failure.empty();
    }));
  }
  while (scheduler->step()) MALMOI_TRY(stop.check());
  if (!failure.empty()) return Error{ErrorCode::kInternal, failure, "an encoder-decoder's outputs", ""};
  std::vector<std::string> outputs;
  for (const std::vector<int32_t>& ids : written) outputs.push_back(tokenizer.decode(ids, true));
  return outputs;
}

}  // namespace malmoi::app
