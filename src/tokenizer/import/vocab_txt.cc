// BERT's vocab.txt: a piece a line, WordPiece over BERT's normalisation.
#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/json/component.h"
#include "tokenizer/models/wordpiece.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kSpecials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

Result<Vocabulary> read_lines(std::string_view text, std::string_view where) {
  Vocabulary vocabulary;
  int32_t id = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto bad = [&](const char* what) {
      return invalid_data(what, fmt::format("{}:{}", where, id + 1), "each line is one piece");
    };
    if (id > Vocabulary::kMaxId) return bad("there are too many pieces");
    if (!is_valid_utf8(line)) return bad("the piece is not UTF-8");
    // An empty line takes an id all the same; a piece given twice keeps the later id, as in the original.
    if (!line.empty()) vocabulary.add(line, id);
    ++id;
  }
  if (!vocabulary.find("[UNK]"))
    return invalid_data("there is no [UNK]", std::string(where), "give the vocab.txt of a BERT model");
  return vocabulary;
}

}  // namespace

Result<Tokenizer> vocab_txt_tokenizer(std::string_view vocab, bool lowercase, std::string_view where) {
  auto parts = std::make_unique<Tokenizer::Parts>();
  parts->origin = "huggingface";
  MALMOI_ASSIGN(Vocabulary vocabulary, read_lines(vocab, where));
  for (std::string_view special : kSpecials)
    if (auto id = vocabulary.find(special))
      parts->added.add({.id = *id, .content = std::string(special), .special = true});
  auto cls = vocabulary.find("[CLS]"), sep = vocabulary.find("[SEP]");
  parts->unk = vocabulary.find("[UNK]");
  parts->pad = vocabulary.find("[PAD]");
  MALMOI_ASSIGN(parts->normalizer,
                component_from_json<Normalizer>(
                    fmt::format(R"({{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,)"
                                R"("strip_accents":null,"lowercase":{}}})",
                                lowercase),
                    where));
  MALMOI_ASSIGN(parts->pre_tokenizer, component_from_json<PreTokenizer>(R"({"type":"BertPreTokenizer"})", where));
  MALMOI_ASSIGN(parts->decoder,
                component_from_json<Decoder>(R"({"type":"WordPiece","prefix":"##","cleanup":true})", where));
  if (cls && sep) {
    const std::string processing =
        fmt::format(R"({{"type":"BertProcessing","sep":["[SEP]",{}],"cls":["[CLS]",{}]}})", *sep, *cls);
    MALMOI_ASSIGN(parts->post_processor, component_from_json<PostProcessor>(processing, where));
  }
  MALMOI_ASSIGN(parts->model, make_wordpiece({.vocabulary = std::move(vocabulary)}, where));
  return Tokenizer(std::move(parts));
}

Result<Tokenizer> load_vocab_txt(const Path& file, Compat /*compat*/) {
  MALMOI_ASSIGN(MappedFile bytes, MappedFile::open(file));
  bool lowercase = true;
  const Path beside = file.parent_path() / "tokenizer_config.json";
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) {
    MALMOI_ASSIGN(Json config, read_json(beside.string(), 16 << 20));
    if (config.is_object() && config.contains("do_lower_case") && config["do_lower_case"].is_boolean())
      lowercase = config["do_lower_case"].get<bool>();
  }
  return vocab_txt_tokenizer(bytes.text(), lowercase, file.string());
}

}  // namespace malmoi::tokenizer
