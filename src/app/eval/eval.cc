#include "app/eval/eval.h"

#include <fmt/format.h>

#include "base/counted.h"
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
      job.progress(fmt::format("{}, {}, loss {:.4f}",
                               counted(static_cast<uint64_t>(meter.result().documents), "document"),
                               counted(static_cast<uint64_t>(meter.result().tokens), "token"), meter.result().loss()));
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
    std::vector<uint32_t> bytes;
    for (size_t i = 0; tokenizer && i < ids.size(); ++i) {
      const bool mark = tokenizer->is_special(ids[i]);  // stands for no text
      bytes.push_back(mark ? 0 : static_cast<uint32_t>(tokenizer->token_bytes(ids[i]).size()));
    }
    MALMOI_TRY(meter.add_ids(ids, bytes));
  }
  return {};
}

// A model with its tokenizer; ids need none.
Result<LoadedModel> load(const EvalOptions& options, const Job& job) {
  if (!options.tokens) return load_for_generation(options.model, {options.dtype, options.adapters}, job);
  return load_for_ids(options.model, {options.dtype, options.adapters}, job);
}

void warn_of_unknown_characters(const eval::Perplexity& r, const Job& job) {
  if (r.unknown_characters == 0) return;
  job.warn(
      fmt::format("{} of {} characters are not in the tokenizer's vocabulary ({} ...): what no token stands for is "
                  "not counted, so losses of other vocabularies do not compare",
                  r.unknown_characters, r.characters, dump_json(r.unknown_examples)));
}

}  // namespace

Json to_json(const EvalReport& report) {
  const eval::Perplexity& r = report.perplexity;
  const std::optional<double> bits = r.bits_per_byte();
  return {{"loss", r.loss()},
          {"perplexity", r.perplexity()},
          {"bits_per_byte", bits ? Json(*bits) : Json()},
          {"tokens", r.tokens},
          {"bytes", r.bytes},
          {"documents", r.documents},
          {"unknown_characters", r.unknown_characters},
          {"window", report.window}};
}

Result<EvalReport> evaluate(const EvalOptions& options, const Job& job) {
  if (options.text.empty() == !options.tokens)
    return usage_error("nothing, or two things, to evaluate on", "eval", "give --text FILE or --tokens FILE");
  MALMOI_ASSIGN(LoadedModel loaded, load(options, job));
  MALMOI_ASSIGN(auto meter, eval::PerplexityMeter::create(*loaded.model, loaded.tokenizer.get(), options.perplexity));
  if (options.tokens) MALMOI_TRY(add_tokens(options, loaded.model->vocab_size(), loaded.tokenizer.get(), meter));
  else MALMOI_TRY(add_texts(options, meter, job));
  const eval::Perplexity& r = meter.result();
  warn_of_unknown_characters(r, job);
  if (r.tokens == 0)
    return invalid_data("holds no token that could be scored",
                        options.tokens ? options.tokens->string() : options.text[0].string(), "give longer text");
  int64_t window = options.perplexity.window > 0 ? std::min(options.perplexity.window, loaded.model->max_positions())
                                                 : loaded.model->max_positions();
  return EvalReport{r, window};
}

}  // namespace malmoi::app
