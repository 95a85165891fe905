#include "tokenizer/import/marian.h"

#include <algorithm>
#include <system_error>

#include "base/json_read.h"
#include "tokenizer/import/sentencepiece.h"
#include "tokenizer/import/sentencepiece_decoder.h"

namespace malmoi::tokenizer {
namespace {

constexpr uint64_t kLargestVocabulary = 256 << 20;
constexpr std::string_view kMarianEnd = "</s>", kMarianUnknown = "<unk>", kMarianPad = "<pad>";

bool names_language(std::string_view piece) { return piece.starts_with(">>") && piece.ends_with("<<"); }

bool is_special(std::string_view piece) {
  return piece == kMarianEnd || piece == kMarianUnknown || piece == kMarianPad || names_language(piece);
}

// A SentencePiece model whose pieces have other ids.
class MarianPieces final : public Model {
 public:
  MarianPieces(std::unique_ptr<Model> source, Vocabulary vocabulary, int32_t unk)
      : source_(std::move(source)), vocabulary_(std::move(vocabulary)), unk_(unk) {
    const Vocabulary& theirs = source_->vocabulary();
    for (int32_t id = 0; id < theirs.id_limit(); ++id)
      ids_.push_back(vocabulary_.find(theirs.spelling(id)).value_or(unk_));
  }
  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    const size_t before = tokens.size();
    source_->tokenize(piece, tokens);
    for (size_t i = before; i < tokens.size(); ++i) tokens[i].id = ids_[static_cast<size_t>(tokens[i].id)];
  }
  bool takes_bytes() const override { return source_->takes_bytes(); }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unk_id() const override { return unk_; }
  std::string_view type() const override { return "Marian"; }
  Status write_json(std::string&) const override {
    return unsupported("tokenizer.json has no model for pieces of one vocabulary with ids of another", "tokenizer",
                       "keep source.spm, target.spm and vocab.json beside the model");
  }

 private:
  std::unique_ptr<Model> source_;
  Vocabulary vocabulary_;
  int32_t unk_;
  std::vector<int32_t> ids_;  // by the source's
};

Result<Vocabulary> read_vocabulary(const Path& file) {
  MALMOI_ASSIGN(Json json, read_json(file.string(), kLargestVocabulary));
  if (!json.is_object()) return invalid_data("is no object of pieces and ids", file.string());
  Vocabulary vocabulary;
  for (const auto& [piece, id] : json.items()) {
    const auto value = json_count(json, piece, Vocabulary::kMaxId);
    if (!value) return invalid_data("the id of '" + piece + "' is no number from 0 on", file.string());
    vocabulary.add(piece, static_cast<int32_t>(*value));
  }
  for (std::string_view piece : {kMarianEnd, kMarianUnknown}) {
    if (!vocabulary.find(piece))
      return invalid_data("has no " + std::string(piece), file.string(), "the vocabulary is not a Marian model's");
  }
  return vocabulary;
}

Result<SentencePieceModel> read_sentencepiece(const Path& file) {
  MALMOI_ASSIGN(MappedFile bytes, MappedFile::open(file));
  return parse_sentencepiece(bytes.text(), file.string());
}

// What ids are read back by: the pieces of the vocabulary as the target's model has them.
SentencePieceModel reading(SentencePieceModel target, const Vocabulary& vocabulary) {
  std::vector<SentencePieceModel::Piece> pieces(static_cast<size_t>(vocabulary.id_limit()));
  std::vector<bool> known(pieces.size(), false);
  auto place = [&](const SentencePieceModel::Piece& piece, PieceKind kind) {
    auto id = vocabulary.find(piece.text);
    if (!id) return;
    pieces[static_cast<size_t>(*id)] = {piece.text, piece.score, kind};
    known[static_cast<size_t>(*id)] = true;
  };
  for (const SentencePieceModel::Piece& piece : target.pieces) place(piece, piece.kind);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string text(vocabulary.spelling(static_cast<int32_t>(i)));
    const bool silent = text.empty() || is_special(text);
    if (silent || !known[i]) pieces[i] = {text, 0, silent ? PieceKind::kControl : PieceKind::kNormal};
  }
  target.pieces = std::move(pieces);
  return target;
}

Status check_folder(const Path& folder) {
  std::error_code error;
  if (std::filesystem::is_regular_file(folder / "target_vocab.json", error))
    return unsupported("a vocabulary for each side is not supported", (folder / "target_vocab.json").string(),
                       "give the ids of the text: malmoi generate --ids");
  for (const char* name : {"target.spm", "vocab.json"}) {
    if (!std::filesystem::is_regular_file(folder / name, error))
      return not_found("is missing", (folder / name).string(), "put it beside source.spm");
  }
  return {};
}

}  // namespace

Result<Tokenizer> load_marian(const Path& source_spm, Compat /*compat*/) {
  const Path folder = source_spm.parent_path();
  MALMOI_TRY(check_folder(folder));
  MALMOI_ASSIGN(Vocabulary vocabulary, read_vocabulary(folder / "vocab.json"));
  MALMOI_ASSIGN(SentencePieceModel source, read_sentencepiece(source_spm));
  MALMOI_ASSIGN(SentencePieceModel target, read_sentencepiece(folder / "target.spm"));
  MALMOI_ASSIGN(auto parts, sentencepiece_parts(source, source_spm.string()));
  parts->origin = "marian";
  parts->added = {};
  AddedTokens special;
  for (int32_t id = 0; id < vocabulary.id_limit(); ++id) {
    const std::string piece(vocabulary.spelling(id));
    if (!is_special(piece)) continue;
    const AddedToken token{.id = id, .content = piece, .special = true};
    special.add(token);
    parts->added.add(token);
  }
  parts->splitter = std::make_unique<ControlSplitter>(std::move(special));
  const int32_t end = *vocabulary.find(kMarianEnd), unk = *vocabulary.find(kMarianUnknown);
  parts->bos.reset();
  parts->eos = end;
  parts->unk = unk;
  parts->pad = vocabulary.find(kMarianPad);
  parts->post_processor = make_template({}, {{std::string(kMarianEnd), end}});
  MALMOI_ASSIGN(Charsmap denormalizer, Charsmap::parse(target.denormalizer_charsmap, (folder / "target.spm").string()));
  parts->id_decoder =
      std::make_unique<SentencePieceDecoder>(reading(std::move(target), vocabulary), std::move(denormalizer));
  parts->model = std::make_unique<MarianPieces>(std::move(parts->model), std::move(vocabulary), unk);
  return Tokenizer(std::move(parts));
}

}  // namespace malmoi::tokenizer
