// The tokenizer inside a GGUF file, with llama.cpp's rules or with those of the library that the vocabulary comes from.
#include <fmt/format.h>

#include "base/json.h"
#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/import/llama_bert.h"
#include "tokenizer/import/llama_cpp.h"
#include "tokenizer/import/score_bpe.h"
#include "tokenizer/import/sentencepiece.h"
#include "tokenizer/import/sentencepiece_normalizer.h"
#include "tokenizer/json/component.h"
#include "tokenizer/json/usual_steps.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/models/unigram.h"
#include "tokenizer/models/wordpiece.h"

namespace malmoi::tokenizer {
namespace {

using Parts = Tokenizer::Parts;
using PartsResult = Result<std::unique_ptr<Parts>>;

// What both ways share: ids, special tokens, what stands around a text, the chat template.
std::unique_ptr<Parts> common_parts(const GgufVocab& vocab, bool llama) {
  auto parts = std::make_unique<Parts>();
  parts->origin = llama ? "llama.cpp" : "huggingface";
  auto set = [](std::optional<int32_t>& target, int32_t id) {
    if (id >= 0) target = id;
  };
  set(parts->bos, vocab.bos);
  set(parts->eos, vocab.eos);
  set(parts->unk, vocab.unk);
  set(parts->pad, vocab.pad);
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    const GgufToken& token = vocab.tokens[i];
    const bool special = llama ? token.as.control || token.as.unknown
                               : token.kind == PieceKind::kControl || token.kind == PieceKind::kUnknown;
    const bool user = llama ? token.as.user_defined : token.kind == PieceKind::kUserDefined;
    if (!special && !user) continue;
    parts->added.add({.id = static_cast<int32_t>(i),
                      .content = token.text,
                      .special = special,
                      .lstrip = token.as.lstrip,
                      .rstrip = token.as.rstrip});
  }
  std::vector<std::pair<std::string, int32_t>> begin, end;
  auto add = [&](auto& list, bool wanted, int32_t id) {
    if (wanted && id >= 0) list.emplace_back(vocab.tokens[static_cast<size_t>(id)].text, id);
  };
  add(begin, vocab.add_bos, vocab.bos);
  if (vocab.kind == GgufVocab::Kind::kWpm) {
    add(end, vocab.add_sep, vocab.sep);
  } else {
    add(end, vocab.add_eos, vocab.eos);
  }
  parts->post_processor = make_template(std::move(begin), std::move(end));
  if (!vocab.chat_template.empty()) parts->config_json = dump_json(Json{{"chat_template", vocab.chat_template}});
  return parts;
}

std::string split_json(const std::vector<std::string>& patterns, const GgufVocab& vocab, bool byte_level) {
  std::vector<std::string> steps;
  if (vocab.drops_whitespace) steps.emplace_back(R"({"type":"WhitespaceSplit"})");
  for (const std::string& pattern : patterns) steps.push_back(isolating_split_step(pattern));
  if (byte_level) steps.emplace_back(kByteSpellingStep);
  return fmt::format(R"({{"type":"Sequence","pretokenizers":[{}]}})", fmt::join(steps, ","));
}

// What a BPE vocabulary has before and behind its pieces, by how it is spelled.
Status add_spelling(const GgufVocab& vocab, bool llama, std::string_view where, Parts& parts) {
  const PreType& pre = vocab.pre_type;
  std::string_view normalizer;
  if (pre.escape_whitespaces) parts.normalizer = std::make_unique<SpmNormalizer>(false);
  else if (!llama && pre.nfc) normalizer = R"({"type":"NFC"})";
  // Each character by one: Lowercase makes two of the first of these.
  if (vocab.drops_whitespace && vocab.lowercase)
    normalizer =
        R"({"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":"İ"},"content":"i"},{"type":"Lowercase"}]})";
  if (!normalizer.empty()) {
    MALMOI_ASSIGN(parts.normalizer, component_from_json<Normalizer>(normalizer, where));
  }
  if (pre.escape_whitespaces || pre.plain_text) {
    MALMOI_ASSIGN(parts.decoder, sentencepiece_json_decoder(false));
  } else {
    parts.decoder = make_byte_level_decoder();
  }
  return {};
}

PartsResult make_bpe_parts(GgufVocab vocab, bool llama, std::string_view where) {
  const PreType& pre = vocab.pre_type;
  std::unique_ptr<Parts> parts = common_parts(vocab, llama);
  const bool bytes = !pre.escape_whitespaces && !pre.plain_text;
  const auto& patterns = llama || pre.original.empty() ? pre.llama_cpp : pre.original;
  MALMOI_ASSIGN(parts->pre_tokenizer, component_from_json<PreTokenizer>(split_json(patterns, vocab, bytes), where));
  MALMOI_TRY(add_spelling(vocab, llama, where, *parts));
  if (llama) {
    parts->splitter = std::make_unique<LlamaSplitter>(vocab);
    parts->id_decoder = std::make_unique<LlamaDecoder>(vocab);
  }
  BpeOptions options;
  options.merges = std::move(vocab.merges);
  options.ignore_merges = pre.ignore_merges;
  options.byte_fallback = !bytes;
  options.vocabulary = std::move(vocab.ids);
  MALMOI_ASSIGN(parts->model, make_bpe(std::move(options), where));
  return parts;
}

std::vector<SentencePieceModel::Piece> pieces_of(const GgufVocab& vocab) {
  std::vector<SentencePieceModel::Piece> pieces;
  for (const GgufToken& token : vocab.tokens) pieces.push_back({token.text, token.score, token.kind});
  return pieces;
}

PartsResult make_spm_parts(GgufVocab vocab, std::string_view where) {
  std::unique_ptr<Parts> parts = common_parts(vocab, true);
  parts->normalizer = std::make_unique<SpmNormalizer>(vocab.add_space_prefix);
  parts->splitter = std::make_unique<LlamaSplitter>(vocab);
  parts->id_decoder = std::make_unique<LlamaDecoder>(vocab);
  MALMOI_ASSIGN(parts->decoder, sentencepiece_json_decoder(vocab.add_space_prefix));
  MALMOI_ASSIGN(parts->model,
                make_score_bpe({.pieces = pieces_of(vocab), .unk_id = vocab.unk, .sentencepiece = false}, where));
  return parts;
}

PartsResult make_ugm_parts(GgufVocab vocab, std::string_view where) {
  std::unique_ptr<Parts> parts = common_parts(vocab, true);
  SentencePieceNormalization rules;
  MALMOI_ASSIGN(rules.charsmap, Charsmap::parse(vocab.charsmap, where));
  rules.partial_user_defined = true;
  rules.add_dummy_prefix = vocab.add_space_prefix;
  rules.remove_extra_whitespaces = vocab.remove_extra_whitespaces;
  UnigramOptions options;
  options.unk_id = vocab.unk;
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    const GgufToken& token = vocab.tokens[i];
    if (token.kind == PieceKind::kUserDefined) rules.user_defined.add(token.text, static_cast<int32_t>(i));
    options.pieces.push_back(token.text);
    options.scores.push_back(token.kind == PieceKind::kUserDefined ? 0.0 : token.score);
    options.usable.push_back(token.kind == PieceKind::kNormal || token.kind == PieceKind::kUserDefined ||
                             token.kind == PieceKind::kUnused);
  }
  parts->normalizer = std::make_unique<UgmNormalizer>(std::move(rules));
  parts->splitter = std::make_unique<LlamaSplitter>(vocab);
  parts->id_decoder = std::make_unique<LlamaDecoder>(vocab);
  MALMOI_ASSIGN(parts->decoder, sentencepiece_json_decoder(vocab.add_space_prefix));
  MALMOI_ASSIGN(parts->model, make_unigram(std::move(options), where));
  return parts;
}

// The SentencePiece model that a "llama" or "t5" vocabulary was made from.
Result<Tokenizer> make_sentencepiece(GgufVocab vocab, std::string_view where) {
  SentencePieceModel model;
  model.type =
      vocab.kind == GgufVocab::Kind::kUgm ? SentencePieceModel::Type::kUnigram : SentencePieceModel::Type::kBpe;
  model.pieces = pieces_of(vocab);
  int32_t unknown = -1;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    SentencePieceModel::Piece& piece = model.pieces[i];
    if (piece.kind == PieceKind::kUserDefined) {
      std::string marked;
      for (char c : piece.text) marked += c == ' ' ? std::string(kWordMark) : std::string(1, c);
      if (vocab.find(marked) < 0) piece.text = std::move(marked);
    }
    if (piece.kind == PieceKind::kUnknown && std::exchange(unknown, static_cast<int32_t>(i)) >= 0)
      piece.kind = PieceKind::kControl;
    model.byte_fallback |= piece.kind == PieceKind::kByte;
  }
  if (unknown < 0) model.pieces[static_cast<size_t>(vocab.unk)].kind = PieceKind::kUnknown;
  model.charsmap = vocab.charsmap;
  model.add_dummy_prefix = vocab.add_space_prefix;
  model.remove_extra_whitespaces = vocab.remove_extra_whitespaces;
  auto name = [&](int32_t id, std::string& piece) {
    piece = id >= 0 ? vocab.tokens[static_cast<size_t>(id)].text : "";
  };
  name(vocab.bos, model.bos_piece);
  name(vocab.eos, model.eos_piece);
  name(vocab.pad, model.pad_piece);
  MALMOI_ASSIGN(std::unique_ptr<Parts> parts, sentencepiece_parts(model, where));
  std::unique_ptr<Parts> around = common_parts(vocab, false);
  parts->post_processor = std::move(around->post_processor);
  parts->config_json = std::move(around->config_json);
  return Tokenizer(std::move(parts));
}

// BERT's own rules over the vocabulary: pieces that begin a word carry U+2581 in the file, the others nothing.
PartsResult make_bert_parts(const GgufVocab& vocab, std::string_view where) {
  std::unique_ptr<Parts> parts = common_parts(vocab, false);
  Vocabulary pieces;
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    const GgufToken& token = vocab.tokens[i];
    std::string_view text = token.text;
    const bool special =
        token.kind == PieceKind::kControl || token.kind == PieceKind::kUnknown || static_cast<int32_t>(i) == vocab.unk;
    std::string piece = special                       ? std::string(text)
                        : text.starts_with(kWordMark) ? std::string(text.substr(kWordMark.size()))
                                                      : "##" + std::string(text);
    if (!piece.empty() && !pieces.find(piece)) pieces.add(piece, static_cast<int32_t>(i));
  }
  MALMOI_ASSIGN(parts->normalizer,
                component_from_json<Normalizer>(
                    fmt::format(R"({{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,)"
                                R"("strip_accents":{},"lowercase":{}}})",
                                vocab.strip_accents, vocab.lowercase),
                    where));
  MALMOI_ASSIGN(parts->pre_tokenizer, component_from_json<PreTokenizer>(R"({"type":"BertPreTokenizer"})", where));
  MALMOI_ASSIGN(parts->decoder,
                component_from_json<Decoder>(R"({"type":"WordPiece","prefix":"##","cleanup":true})", where));
  MALMOI_ASSIGN(parts->model, make_wordpiece({.vocabulary = std::move(pieces),
                                              .unk_token = vocab.tokens[static_cast<size_t>(vocab.unk)].text},
                                             where));
  return parts;
}

PartsResult make_llama_bert_parts(GgufVocab vocab, std::string_view where) {
  std::unique_ptr<Parts> parts = common_parts(vocab, true);
  parts->splitter = std::make_unique<LlamaSplitter>(vocab);
  parts->id_decoder = std::make_unique<LlamaDecoder>(vocab);
  parts->normalizer = std::make_unique<LlamaBertNormalizer>(vocab.lowercase, vocab.strip_accents);
  MALMOI_ASSIGN(parts->pre_tokenizer, component_from_json<PreTokenizer>(R"({"type":"WhitespaceSplit"})", where));
  MALMOI_ASSIGN(parts->decoder,
                component_from_json<Decoder>(R"({"type":"WordPiece","prefix":"##","cleanup":true})", where));
  parts->model = make_llama_wordpiece(std::move(vocab));
  return parts;
}

// BERT's normalisation and mpt's NFC follow the original unless llama.cpp is asked for.
bool follows_llama(const GgufVocab& vocab, Compat compat) {
  if (compat != Compat::kDefault) return compat == Compat::kLlamaCpp;
  return vocab.kind != GgufVocab::Kind::kWpm && vocab.pre != "mpt";
}

}  // namespace

Result<Tokenizer> load_gguf_tokenizer(const Path& file, Compat compat) {
  MALMOI_ASSIGN(formats::Gguf gguf, formats::Gguf::open(file));
  return gguf_tokenizer(gguf, compat);
}

Result<Tokenizer> gguf_tokenizer(const formats::Gguf& gguf, Compat compat) {
  const std::string where = gguf.path().string();
  MALMOI_ASSIGN(GgufVocab vocab, read_gguf_vocab(gguf));
  const bool llama = follows_llama(vocab, compat);
  std::unique_ptr<Parts> parts;
  switch (vocab.kind) {
    case GgufVocab::Kind::kBpe: {
      MALMOI_ASSIGN(parts, make_bpe_parts(std::move(vocab), llama, where));
      break;
    }
    case GgufVocab::Kind::kSpm:
    case GgufVocab::Kind::kUgm: {
      if (!llama) return make_sentencepiece(std::move(vocab), where);
      const bool spm = vocab.kind == GgufVocab::Kind::kSpm;
      MALMOI_ASSIGN(parts, spm ? make_spm_parts(std::move(vocab), where) : make_ugm_parts(std::move(vocab), where));
      break;
    }
    case GgufVocab::Kind::kWpm: {
      MALMOI_ASSIGN(parts, llama ? make_llama_bert_parts(std::move(vocab), where) : make_bert_parts(vocab, where));
      break;
    }
  }
  return Tokenizer(std::move(parts));
}

}  // namespace malmoi::tokenizer
