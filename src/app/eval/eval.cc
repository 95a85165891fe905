#include "app/eval/eval.h"

#include <fmt/format.h>

#include "data/corpus.h"
#include "data/token_file.h"

namespace malmoi::app {
namespace {

Status add_texts(const EvalOptions& options, eval::PerplexityMeter& meter, const Job& job) {
  MALMOI_ASSIGN(auto documents, data::open_documents(options.text, options.split));
  data::Document document;
  while (options.max_documents == 0 || meter.result().documents < options.max_documents) {
    MALMOI_ASSIGN(bool more, documents->next(document));
    if (!more) return {};
    MALMOI_TRY(job.stop.check());
    MALMOI_TRY(meter.add_text(document.text));
    if (job.progress.due())
      job.progress(fmt::format("{} documents, {} tokens, loss {:.4f}", meter.result().documents, meter.result().tokens,
                               meter.result().loss()));
  }
  return {};
}

Status add_tokens(const EvalOptions& options, int64_t vocab_size, const tokenizer::Tokenizer* tokenizer,
                  eval::PerplexityMeter& meter) {
  MALMOI_ASSIGN(data::TokenFile file,
                data::TokenFile::open(*options.tokens, data::token_type_for(vocab_size), vocab_size));
  for (uint64_t d = 0; d < file.documents(); ++d) {
    std::vector<int32_t> ids(file.document_end(d) - file.document_begin(d));
    file.copy(file.document_begin(d), ids);
    uint64_t bytes = 0;
    for (size_t i = 1; tokenizer && i < ids.size(); ++i) bytes += tokenizer->token_bytes(ids[i]).size();
    MALMOI_TRY(meter.add_ids(ids, bytes));
  }
  return {};
}

}  // namespace

Json to_json(const EvalReport& report) {
  const eval::Perplexity& r = report.perplexity;
  return {{"loss", r.loss()},
          {"perplexity", r.perplexity()},
          {"bits_per_byte", r.bits_per_byte()},
          {"tokens", r.tokens},
          {"bytes", r.bytes},
          {"documents", r.documents},
          {"window", report.window}};
}

Result<EvalReport> evaluate(const EvalOptions& options, const Job& job) {
  if (options.text.empty() == !options.tokens)
    return usage_error("nothing, or two things, to evaluate on", "eval", "give --text FILE or --tokens FILE");
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, options.dtype, job));
  MALMOI_ASSIGN(auto meter, eval::PerplexityMeter::create(*loaded.model, loaded.tokenizer.get(), options.perplexity));
  if (options.tokens) MALMOI_TRY(add_tokens(options, loaded.model->vocab_size(), loaded.tokenizer.get(), meter));
  else MALMOI_TRY(add_texts(options, meter, job));
  const eval::Perplexity& r = meter.result();
  if (r.tokens == 0)
    return invalid_data("holds no token that could be scored",
                        options.tokens ? options.tokens->string() : options.text[0].string(), "give longer text");
  int64_t window = options.perplexity.window > 0 ? std::min(options.perplexity.window, loaded.model->max_positions())
                                                 : loaded.model->max_positions();
  return EvalReport{r, window};
}

}  // namespace malmoi::app
