#include "app/use/answer_all.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "infer/collect.h"
#include "train/table_format.h"

namespace malmoi::app {
namespace {

constexpr int64_t kRunningAtOnce = 64;

}  // namespace

Result<std::vector<std::string>> answer_all(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                            const std::vector<std::string>& sources, const AnswerAllOptions& options,
                                            const Job& job) {
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(model, {.max_running = kRunningAtOnce}));
  std::vector<infer::TokenRequest> requests;
  uint64_t cut = 0;
  for (const std::string& source : sources) {
    train::EncodedText text = train::encode_text(source, nullptr, tokenizer, options.max_input);
    cut += text.cut > 0;
    infer::TokenRequest& request = requests.emplace_back();
    request.prompt = std::move(text.ids);
    request.max_tokens = std::min(options.max_output, scheduler->context_length() - 1);
    if (!options.lengths.empty())
      request.max_tokens = std::min(request.max_tokens, options.lengths[requests.size() - 1]);
    request.sampling.temperature = 0;
    request.rules = options.rules;
    request.begin = options.begin;
  }
  if (cut > 0)
    job.warn(fmt::format("{} longer than {} tokens, cut at the end", counted(cut, "source"), options.max_input));
  MALMOI_ASSIGN(std::vector<std::vector<int32_t>> written,
                infer::collect(*scheduler, std::move(requests), options.ends, job.stop));
  std::vector<std::string> outputs;
  for (const std::vector<int32_t>& ids : written) outputs.push_back(tokenizer.decode(ids, true));
  return outputs;
}

}  // namespace malmoi::app
