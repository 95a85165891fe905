#include "tokenizer/import/sentencepiece.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "tokenizer/import/score_bpe.h"
#include "tokenizer/import/sentencepiece_decoder.h"
#include "tokenizer/import/sentencepiece_normalizer.h"
#include "tokenizer/import/word_model.h"
#include "tokenizer/json/component.h"
#include "tokenizer/json/usual_steps.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/models/unigram.h"

namespace malmoi::tokenizer {
namespace {

Result<std::unique_ptr<Normalizer>> make_normalizer(const SentencePieceModel& model, std::string_view where) {
  SentencePieceNormalization rules;
  MALMOI_ASSIGN(rules.charsmap, Charsmap::parse(model.charsmap, where));
  for (size_t id = 0; id < model.pieces.size(); ++id)
    if (model.pieces[id].kind == PieceKind::kUserDefined)
      rules.user_defined.add(model.pieces[id].text, static_cast<int32_t>(id));
  rules.add_dummy_prefix = model.add_dummy_prefix;
  rules.remove_extra_whitespaces = model.remove_extra_whitespaces;
  rules.escape_whitespaces = model.escape_whitespaces;
  rules.whitespace_as_suffix = model.treat_whitespace_as_suffix;
  return std::unique_ptr<Normalizer>(new SentencePieceNormalizer(std::move(rules)));
}

Result<std::unique_ptr<Model>> make_unigram_model(const SentencePieceModel& model, std::string_view where) {
  UnigramOptions options;
  options.unk_id = model.unk_id();
  options.byte_fallback = model.byte_fallback;
  options.single_precision = true;
  float best = std::numeric_limits<float>::min();
  for (const SentencePieceModel::Piece& piece : model.pieces)
    if (piece.kind == PieceKind::kNormal) best = std::max(best, piece.score);
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    options.pieces.push_back(piece.text);
    const bool user_defined = piece.kind == PieceKind::kUserDefined;
    // Length times the highest score, less 0.1; that score is never below the least positive number (FLT_MIN).
    options.scores.push_back(user_defined ? static_cast<double>(piece.text.size()) * best - 0.1 : piece.score);
    options.usable.push_back(piece.kind == PieceKind::kNormal || user_defined);
  }
  return make_unigram(std::move(options), where);
}

bool is_user_defined(const SentencePieceModel::Piece& piece) { return piece.kind == PieceKind::kUserDefined; }

// How tokenizer.json says user-defined pieces. Unigram: by their scores, as here. BPE, which merges nothing over their ends: as
// added tokens that are found in the normalised text, which they cannot be where a mark is put before it (the format normalises
// the tokens too, and would put one before each): then by a cut.
bool is_cut_in_json(const SentencePieceModel& model) {
  return model.type != SentencePieceModel::Type::kUnigram && model.add_dummy_prefix &&
         std::any_of(model.pieces.begin(), model.pieces.end(), is_user_defined);
}

// Control pieces and the unknown one are special.
void add_tokens(const SentencePieceModel& model, Tokenizer::Parts& parts) {
  const bool user_defined = model.type != SentencePieceModel::Type::kUnigram && !model.add_dummy_prefix;
  AddedTokens control;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const SentencePieceModel::Piece& piece = model.pieces[i];
    AddedToken token{.id = static_cast<int32_t>(i), .content = piece.text};
    if (piece.kind == PieceKind::kControl || piece.kind == PieceKind::kUnknown) {
      token.special = true;
      control.add(token);
    } else if (user_defined && is_user_defined(piece)) {
      token.normalized = true;
    } else {
      continue;
    }
    parts.added.add(std::move(token));
  }
  parts.splitter = std::make_unique<ControlSplitter>(std::move(control));
}

// BPE's user-defined pieces: the model finds them and merges nothing over their ends, for which tokenizer.json has a cut.
class UserDefinedCut final : public PreTokenizer {
 public:
  explicit UserDefinedCut(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {
    std::stable_sort(pieces_.begin(), pieces_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }
  void apply(Draft&) const override {}
  Status write_json(std::string& out) const override {
    std::string regex;
    for (const std::string& piece : pieces_) {
      if (!regex.empty()) regex += '|';
      for (char c : piece) {
        const bool plain = static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c));
        regex += plain ? std::string(1, c) : fmt::format("\\x{{{:02X}}}", static_cast<unsigned char>(c));
      }
    }
    out += isolating_split_step(regex);
    return {};
  }

 private:
  std::vector<std::string> pieces_;  // the longest first
};

std::unique_ptr<PreTokenizer> make_user_defined_cut(const SentencePieceModel& model) {
  std::vector<std::string> pieces;
  if (!is_cut_in_json(model)) return nullptr;
  for (const SentencePieceModel::Piece& piece : model.pieces)
    if (is_user_defined(piece)) pieces.push_back(piece.text);
  return std::make_unique<UserDefinedCut>(std::move(pieces));
}

}  // namespace

void ControlSplitter::split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const {
  if (parse_special) return tokens_.split(text, true, sections);
  if (!text.empty()) sections.push_back({0, static_cast<uint32_t>(text.size()), 0});
}

Result<std::unique_ptr<Model>> sentencepiece_model(const SentencePieceModel& model, std::string_view where) {
  switch (model.type) {
    case SentencePieceModel::Type::kUnigram: return make_unigram_model(model, where);
    case SentencePieceModel::Type::kWord: return make_sentencepiece_words(model, where);
    case SentencePieceModel::Type::kBpe:
    case SentencePieceModel::Type::kChar: break;
  }
  return make_score_bpe({.pieces = model.pieces,
                         .unk_id = model.unk_id(),
                         .byte_fallback = model.byte_fallback,
                         .cut_in_json = is_cut_in_json(model)},
                        where);
}

Result<std::unique_ptr<Decoder>> sentencepiece_json_decoder(bool strip_first) {
  return component_from_json<Decoder>(marks_decoder(strip_first), "decoder");
}

Result<Tokenizer> sentencepiece_tokenizer(const SentencePieceModel& model, std::string_view where) {
  MALMOI_ASSIGN(std::unique_ptr<Tokenizer::Parts> parts, sentencepiece_parts(model, where));
  return Tokenizer(std::move(parts));
}

Result<std::unique_ptr<Tokenizer::Parts>> sentencepiece_parts(const SentencePieceModel& model, std::string_view where) {
  auto parts = std::make_unique<Tokenizer::Parts>();
  parts->origin = "sentencepiece";
  MALMOI_ASSIGN(parts->normalizer, make_normalizer(model, where));
  MALMOI_ASSIGN(parts->model, sentencepiece_model(model, where));
  MALMOI_ASSIGN(Charsmap denormalizer, Charsmap::parse(model.denormalizer_charsmap, where));
  parts->id_decoder = std::make_unique<SentencePieceDecoder>(model, std::move(denormalizer));
  MALMOI_ASSIGN(parts->decoder, sentencepiece_json_decoder(model.add_dummy_prefix));
  parts->pre_tokenizer = make_user_defined_cut(model);
  add_tokens(model, *parts);
  std::vector<std::pair<std::string, int32_t>> begin, end;
  if (int32_t bos = model.bos_id(); bos >= 0) {
    parts->bos = bos;
    begin.emplace_back(model.bos_piece, bos);
  }
  if (int32_t eos = model.eos_id(); eos >= 0) {
    parts->eos = eos;
    end.emplace_back(model.eos_piece, eos);
  }
  parts->unk = model.unk_id();
  if (int32_t pad = model.pad_id(); pad >= 0) parts->pad = pad;
  parts->post_processor = make_template(std::move(begin), std::move(end));
  return parts;
}

Result<Tokenizer> load_sentencepiece(const Path& file, Compat /*compat*/) {
  MALMOI_ASSIGN(MappedFile bytes, MappedFile::open(file));
  MALMOI_ASSIGN(SentencePieceModel model, parse_sentencepiece(bytes.text(), file.string()));
  return sentencepiece_tokenizer(model, file.string());
}

}  // namespace malmoi::tokenizer
