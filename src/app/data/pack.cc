#include "app/data/pack.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/tokenizer/open.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "base/log.h"
#include "data/corpus.h"
#include "data/token_file.h"
#include "data/tokenize.h"

namespace malmoi::app {
Json to_json(const TokenizeReport& report) {
  return {{"documents", report.documents}, {"tokens", report.tokens}, {"bytes", report.bytes}};
}

Result<TokenizeReport> data_tokenize(const DataTokenizeOptions& options, const Job& job) {
  MALMOI_ASSIGN(tokenizer::Tokenizer tokenizer, open_tokenizer(options.tokenizer));
  MALMOI_ASSIGN(std::unique_ptr<data::DocumentStream> documents,
                data::open_documents({options.in.begin(), options.in.end()}, options.split));
  data::DocumentMarks marks = data::document_marks(tokenizer);
  if (!options.end_of_text) marks.after.reset();
  Json about{{"tokenizer", options.tokenizer}, {"split", options.split}, {"vocab_size", tokenizer.vocab_size()}};
  if (marks.after) about["end_of_text"] = *marks.after;
  MALMOI_ASSIGN(data::TokenWriter writer, data::TokenWriter::create(options.out, tokenizer.vocab_size(), about));
  data::DocumentEncoder encoder(tokenizer, marks, writer);
  data::Document document;
  while (true) {
    MALMOI_TRY(job.stop.check(options.out));
    MALMOI_ASSIGN(bool more, documents->next(document));
    if (!more) break;
    MALMOI_TRY(encoder.add(std::move(document.text)));
    if (job.progress.due())
      job.progress(fmt::format("{}, {} tokens", counted(encoder.documents(), "document"),
                               format_count(static_cast<double>(writer.tokens()))));
  }
  MALMOI_TRY(encoder.flush());
  if (writer.documents() == 0)
    return not_found("no document", options.in.empty() ? "--in" : options.in[0], "name a corpus, .jsonl or .txt");
  TokenizeReport report{writer.documents(), writer.tokens(), encoder.bytes()};
  MALMOI_TRY(writer.commit());
  return report;
}

Json to_json(const data::PackStats& stats) {
  return {{"sequences", stats.sequences},
          {"tokens", stats.tokens},
          {"padding", stats.padding},
          {"documents", stats.documents},
          {"cut_documents", stats.cut_documents}};
}

Result<data::PackStats> data_pack(const DataPackOptions& options) {
  MALMOI_ASSIGN(data::TokenFile tokens, data::TokenFile::open(options.in));
  const Json& about = tokens.about();
  int64_t vocab_size = json_count(about, "vocab_size", INT32_MAX).value_or(0);
  if (vocab_size == 0)  // ids of another make: the vocabulary is what they reach
    for (uint64_t i = 0; i < tokens.size(); ++i) vocab_size = std::max<int64_t>(vocab_size, tokens.at(i) + 1);
  int64_t pad = options.pad >= 0 ? std::min<int64_t>(options.pad, INT32_MAX)
                                 : json_count(about, "end_of_text", INT32_MAX).value_or(0);
  return data::write_packed(tokens, vocab_size, options.sequence_length, static_cast<int32_t>(pad), options.out);
}

}  // namespace malmoi::app
