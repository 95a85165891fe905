#include "app/data/pack.h"

#include "data/corpus.h"
#include "data/packing.h"
#include "data/token_file.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

Result<Json> data_tokenize(const DataTokenizeOptions& options,
                           const std::function<void(uint64_t, uint64_t)>& progress) {
  MALMOI_ASSIGN(tokenizer::Tokenizer tokenizer, tokenizer::Tokenizer::load(options.tokenizer));
  std::vector<Path> paths(options.in.begin(), options.in.end());
  MALMOI_ASSIGN(std::unique_ptr<data::DocumentStream> documents, data::open_documents(paths, options.split));
  std::optional<int32_t> end;
  if (options.end_of_text) end = tokenizer.eos_id().has_value() ? tokenizer.eos_id() : tokenizer.id_of("<|endoftext|>");
  Json about{{"tokenizer", options.tokenizer}, {"split", options.split}, {"vocab_size", tokenizer.vocab_size()}};
  if (end) about["end_of_text"] = *end;
  MALMOI_ASSIGN(data::TokenWriter writer, data::TokenWriter::create(options.out, tokenizer.vocab_size(), about));
  data::Document document;
  uint64_t bytes = 0;
  while (true) {
    MALMOI_ASSIGN(bool more, documents->next(document));
    if (!more) break;
    bytes += document.text.size();
    std::vector<int32_t> ids = tokenizer.encode(document.text, {false, false});
    if (end) ids.push_back(*end);
    MALMOI_TRY(writer.add(ids));
    if (progress) progress(writer.documents(), writer.tokens());
  }
  if (writer.documents() == 0)
    return not_found("no document", options.in.empty() ? "--in" : options.in[0], "name a corpus, .jsonl or .txt");
  Json result{{"documents", writer.documents()}, {"tokens", writer.tokens()}, {"bytes", bytes}};
  MALMOI_TRY(writer.commit());
  return result;
}

Result<Json> data_pack(const DataPackOptions& options) {
  MALMOI_ASSIGN(data::TokenFile tokens, data::TokenFile::open(options.in));
  const Json& about = tokens.about();
  int64_t vocab_size = about.value("vocab_size", int64_t{0});
  if (vocab_size == 0)  // ids of another make: the vocabulary is what they reach
    for (uint64_t i = 0; i < tokens.size(); ++i) vocab_size = std::max<int64_t>(vocab_size, tokens.at(i) + 1);
  int64_t pad = options.pad >= 0 ? options.pad : about.value("end_of_text", int64_t{0});
  MALMOI_ASSIGN(data::PackStats stats, data::write_packed(tokens, vocab_size, options.sequence_length,
                                                          static_cast<int32_t>(pad), options.out));
  return Json{{"sequences", stats.sequences},
              {"tokens", stats.tokens},
              {"padding", stats.padding},
              {"documents", stats.documents},
              {"cut_documents", stats.cut_documents}};
}

}  // namespace malmoi::app
