// Unigram and character-level BPE as a SentencePiece model.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/utf8.h"
#include "tokenizer/export/export.h"
#include "tokenizer/export/same_ids.h"
#include "tokenizer/import/sentencepiece.h"
#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/json/json_read.h"
#include "tokenizer/models/marked_words.h"

namespace malmoi::tokenizer {
namespace {

Error cannot(std::string why) {
  return unsupported("a SentencePiece model cannot hold this tokenizer: " + std::move(why), "export",
                     "export tokenizer.json instead");
}

std::string type_of(const std::optional<JsonNode>& node) {
  if (!node) return "none";
  auto type = node->string_at("type");
  return type.ok() ? *type : "none";
}

// The steps of a Sequence, or the one step that is no Sequence.
Result<std::vector<JsonNode>> steps_of(const JsonNode& root, std::string_view key, std::string_view list_key) {
  std::vector<JsonNode> out;
  std::optional<JsonNode> node = root.find(key);
  if (type_of(node) != "Sequence") {
    if (node) out.push_back(*node);
    return out;
  }
  MALMOI_ASSIGN(JsonNode steps, node->at(list_key));
  MALMOI_ASSIGN(auto list, steps.array());
  size_t i = 0;
  for (auto step : list) out.push_back(steps.item(step, i++));
  return out;
}

Result<bool> replaces_spaces_by_marks(const JsonNode& step) {
  const std::optional<JsonNode> pattern = step.find("pattern");
  if (!pattern) return false;
  MALMOI_ASSIGN(std::string content, step.string_or("content", ""));
  MALMOI_ASSIGN(std::string text, pattern->string_or("String", ""));
  return content == kWordMark && text == " ";
}

// A mark before the text (or none) and one for every space, by the normalizer.
Status check_normalizer(const JsonNode& root, SentencePieceModel& model) {
  MALMOI_ASSIGN(std::vector<JsonNode> steps, steps_of(root, "normalizer", "normalizers"));
  model.normalizer_name = "identity";
  model.remove_extra_whitespaces = false;
  model.add_dummy_prefix = false;
  bool spaces = false;
  for (const JsonNode& step : steps) {
    MALMOI_ASSIGN(std::string type, step.string_at("type"));
    MALMOI_ASSIGN(std::string first, step.string_or("prepend", ""));
    MALMOI_ASSIGN(bool marks_spaces, replaces_spaces_by_marks(step));
    if (type == "Prepend" && first == kWordMark) model.add_dummy_prefix = true;
    else if (type == "Replace" && marks_spaces) spaces = true;
    else return cannot(fmt::format("its normalisation ({}) is no character map of SentencePiece", type));
  }
  return spaces || steps.empty() ? Status() : Status(cannot("its spaces do not become U+2581"));
}

// Words cut at the marks, perhaps further at single digits.
Status check_words(const JsonNode& root) {
  MALMOI_ASSIGN(std::vector<JsonNode> steps, steps_of(root, "pre_tokenizer", "pretokenizers"));
  for (const JsonNode& step : steps) {
    MALMOI_ASSIGN(std::string type, step.string_at("type"));
    if (type == "Digits") continue;
    if (type != "Metaspace") return cannot("its words are not cut at white space (Metaspace)");
    MALMOI_ASSIGN(std::string replacement, step.string_or("replacement", std::string(kWordMark)));
    MALMOI_ASSIGN(std::string scheme, step.string_or("prepend_scheme", "always"));
    if (replacement != kWordMark) return cannot("its mark of a word is not U+2581");
    if (scheme != "never") return cannot("a text that begins with a space gets no mark of its own (Metaspace)");
  }
  return {};
}

Status read_unigram(const JsonNode& node, SentencePieceModel& model) {
  MALMOI_ASSIGN(JsonNode vocabulary, node.at("vocab"));
  MALMOI_ASSIGN(auto list, vocabulary.array());
  model.type = SentencePieceModel::Type::kUnigram;
  size_t i = 0;
  for (auto entry : list) {
    JsonNode item = vocabulary.item(entry, i++);
    MALMOI_ASSIGN(auto pair, item.array());
    if (pair.size() != 2) return item.error("should be a piece and its score");
    MALMOI_ASSIGN(std::string_view text, item.item(pair.at(0), 0).string());
    MALMOI_ASSIGN(double score, item.item(pair.at(1), 1).number());
    model.pieces.push_back({std::string(text), static_cast<float>(score), PieceKind::kNormal});
  }
  MALMOI_ASSIGN(int64_t unknown, node.integer_or("unk_id", -1));
  if (unknown < 0 || unknown >= static_cast<int64_t>(model.pieces.size())) return cannot("it has no unknown piece");
  model.pieces[static_cast<size_t>(unknown)].kind = PieceKind::kUnknown;
  model.unk_piece = model.pieces[static_cast<size_t>(unknown)].text;
  return {};
}

// Scores are the negative ranks of the first merge that makes a piece; characters come after all merges.
Status read_bpe(const JsonNode& node, SentencePieceModel& model) {
  model.type = SentencePieceModel::Type::kBpe;
  MALMOI_ASSIGN(JsonNode vocabulary, node.at("vocab"));
  MALMOI_ASSIGN(auto entries, vocabulary.object());
  model.pieces.resize(entries.size());
  for (auto [text, id] : entries) {
    MALMOI_ASSIGN(int64_t index, vocabulary.child(id, text).integer());
    if (index < 0 || index >= static_cast<int64_t>(entries.size())) return cannot("its ids have gaps");
    model.pieces[static_cast<size_t>(index)].text = text;
  }
  MALMOI_ASSIGN(JsonNode merges, node.at("merges"));
  MALMOI_ASSIGN(auto list, merges.array());
  std::unordered_map<std::string, float> scores;
  size_t rank = 0;
  for (auto merge : list) {
    JsonNode item = merges.item(merge, rank);
    MALMOI_ASSIGN(auto pair, item.array());
    if (pair.size() != 2) return item.error("should be two pieces");
    MALMOI_ASSIGN(std::string_view left, item.item(pair.at(0), 0).string());
    MALMOI_ASSIGN(std::string_view right, item.item(pair.at(1), 1).string());
    scores.emplace(std::string(left) + std::string(right), -static_cast<float>(rank++));
  }
  for (SentencePieceModel::Piece& piece : model.pieces) {
    if (piece.text.empty()) return cannot("its ids have gaps");
    auto found = scores.find(piece.text);
    piece.score = found == scores.end() ? -static_cast<float>(rank++) : found->second;
  }
  if (rank >= (1u << 24)) return cannot("it has more merges than scores can tell apart");
  MALMOI_ASSIGN(std::string unknown, node.string_or("unk_token", ""));
  for (SentencePieceModel::Piece& piece : model.pieces)
    if (piece.text == unknown) piece.kind = PieceKind::kUnknown;
  model.unk_piece = unknown;
  if (unknown.empty() || model.unk_id() < 0) return cannot("it has no unknown piece");
  return {};
}

// Every piece must come out of the model as of the tokenizer, alone and with its neighbour.
Status check_exported_pieces(const Tokenizer& tokenizer, const SentencePieceModel& model) {
  MALMOI_ASSIGN(std::unique_ptr<Model> theirs, sentencepiece_model(model, "export"));
  std::vector<std::string> normal;
  for (const SentencePieceModel::Piece& piece : model.pieces)
    if (piece.kind == PieceKind::kNormal) normal.push_back(piece.text);
  // Words are merged alone.
  auto has_two_words = [](const std::string& text) { return text.find(kWordMark, 1) != std::string::npos; };
  if (auto text = first_difference(*tokenizer.parts().model, *theirs, normal, has_two_words))
    return cannot(fmt::format("scores do not cut the text \"{}\" as the tokenizer does", *text));
  return {};
}

}  // namespace

Result<std::string> export_sentencepiece(const Tokenizer& tokenizer) {
  MALMOI_ASSIGN(std::string json, to_tokenizer_json(tokenizer.parts()));
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, "tokenizer.json"));
  JsonNode root = text.root();
  MALMOI_ASSIGN(JsonNode node, root.at("model"));
  MALMOI_ASSIGN(std::string type, node.string_at("type"));
  SentencePieceModel model;
  if (type != "Unigram" && type != "BPE") return cannot("its model is " + type);
  if (tokenizer.parts().model->takes_bytes()) return cannot("its model works on bytes");
  MALMOI_TRY(check_words(root));
  MALMOI_TRY(check_normalizer(root, model));
  MALMOI_TRY(type == "Unigram" ? read_unigram(node, model) : read_bpe(node, model));
  MALMOI_ASSIGN(model.byte_fallback, node.boolean_or("byte_fallback", false));
  for (SentencePieceModel::Piece& piece : model.pieces) {
    if (!model.byte_fallback || byte_of_piece(piece.text) < 0) continue;
    piece.kind = PieceKind::kByte;
    piece.score = 0;
  }
  for (const AddedToken& token : tokenizer.parts().added.all()) {
    if (token.id < 0 || static_cast<size_t>(token.id) >= model.pieces.size()) {
      if (static_cast<size_t>(token.id) != model.pieces.size()) return cannot("the ids of its added tokens have gaps");
      model.pieces.push_back({token.content, 0, PieceKind::kNormal});
    }
    SentencePieceModel::Piece& piece = model.pieces[static_cast<size_t>(token.id)];
    if (piece.kind != PieceKind::kUnknown) piece.kind = token.special ? PieceKind::kControl : PieceKind::kUserDefined;
    piece.score = 0;
  }
  auto name = [&](std::optional<int32_t> id, std::string& target) {
    if (id && static_cast<size_t>(*id) < model.pieces.size()) target = model.pieces[static_cast<size_t>(*id)].text;
  };
  name(tokenizer.bos_id(), model.bos_piece);
  name(tokenizer.eos_id(), model.eos_piece);
  name(tokenizer.pad_id(), model.pad_piece);
  MALMOI_TRY(check_exported_pieces(tokenizer, model));
  return write_sentencepiece(model);
}

}  // namespace malmoi::tokenizer
