#include "infer/generate.h"

#include "infer/constraints.h"
#include "infer/sequence_breakers.h"
#include "infer/text_stream.h"

namespace malmoi::infer {

Status generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer, Request request, TokenSink sink) {
  MALMOI_ASSIGN(auto scheduler, Scheduler::create(model, {.max_running = request.answers}));
  return generate(*scheduler, tokenizer, std::move(request), std::move(sink));
}

Status generate(Scheduler& scheduler, const tokenizer::Tokenizer& tokenizer, Request request, TokenSink sink) {
  MALMOI_TRY(scheduler.check(request));
  SequenceBreakerFinder(tokenizer).fill(request.sampling);
  if (request.constraint && !request.grammar) {
    MALMOI_ASSIGN(request.grammar, Constraints(tokenizer).compile(*request.constraint));
  }
  TokenHandler tokens = text_handler(tokenizer, request, std::move(sink));
  MALMOI_TRY(scheduler.submit(std::move(request), std::move(tokens)));
  while (scheduler.step()) {
  }
  return {};
}

}  // namespace malmoi::infer
