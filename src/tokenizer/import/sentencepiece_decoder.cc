#include "tokenizer/import/sentencepiece_decoder.h"

#include "tokenizer/models/marked_words.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

// Every byte that is not part of a character becomes U+FFFD.
void append_bytes(std::string& out, std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint c = code_point_at(bytes, at);
    out += c.valid ? c.in(bytes) : kReplacementCharacter;
    at = c.valid ? c.end : at + 1;
  }
  bytes.clear();
}

}  // namespace

SentencePieceDecoder::SentencePieceDecoder(const SentencePieceModel& model, Charsmap denormalizer)
    : denormalizer_(std::move(denormalizer)),
      strips_first_(model.add_dummy_prefix || model.remove_extra_whitespaces),
      strips_all_(model.remove_extra_whitespaces) {
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    std::string text;
    switch (piece.kind) {
      case PieceKind::kControl: break;
      case PieceKind::kUnknown: text = model.unk_surface; break;
      case PieceKind::kByte: text = std::string(1, static_cast<char>(byte_of_piece(piece.text))); break;
      default: text = marks_to_spaces(piece.text);
    }
    entries_.push_back({std::move(text), piece.kind});
  }
}

std::string SentencePieceDecoder::token_bytes(int32_t id) const {
  const Entry* found = entry(id);
  return found ? found->text : std::string();
}

std::string SentencePieceDecoder::decode(std::span<const int32_t> ids, bool /*skip_special*/) const {
  std::string out, bytes;
  bool at_begin = true, begin_seen = false;
  for (int32_t id : ids) {
    const Entry* found = entry(id);
    if (!found) continue;  // control pieces leave no text anyway, the unknown one always its surface
    if (found->kind == PieceKind::kByte) {
      bytes += found->text;
      continue;
    }
    append_bytes(out, bytes);
    if (begin_seen || !out.empty()) at_begin = false;
    std::string_view text = found->text;
    begin_seen = false;
    if (at_begin && strips_first_ && found->kind != PieceKind::kControl && found->kind != PieceKind::kUnknown &&
        text.starts_with(' ')) {
      text.remove_prefix(1);
      begin_seen = !strips_all_;
    }
    out += text;
  }
  append_bytes(out, bytes);
  if (denormalizer_.empty()) return out;
  std::string changed;
  for (size_t at = 0; at < out.size();) {
    std::string_view rest = std::string_view(out).substr(at);
    auto match = denormalizer_.longest(rest);
    size_t length = match ? match->length : code_point_at(rest, 0).length();
    changed += match ? match->replacement : rest.substr(0, length);
    at += length;
  }
  return changed;
}

}  // namespace malmoi::tokenizer
