#include "tokenizer/import/sentencepiece_proto.h"

#include <fmt/format.h>

#include <unordered_set>

#include "base/utf8.h"
#include "tokenizer/import/protobuf.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/vocabulary.h"

namespace malmoi::tokenizer {
namespace {

// Field numbers of sentencepiece_model.proto.
enum ModelField : uint32_t { kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3, kDenormalizerSpec = 5 };
enum PieceField : uint32_t { kPieceText = 1, kPieceScore = 2, kPieceType = 3 };
enum TrainerField : uint32_t {
  kModelType = 3,
  kVocabSize = 4,
  kWhitespaceAsSuffix = 24,
  kByteFallback = 35,
  kUnkId = 40,
  kBosId = 41,
  kEosId = 42,
  kPadId = 43,
  kUnkSurface = 44,
  kUnkPiece = 45,
  kBosPiece = 46,
  kEosPiece = 47,
  kPadPiece = 48,
};
enum NormalizerField : uint32_t {
  kName = 1,
  kCharsmap = 2,
  kAddDummyPrefix = 3,
  kRemoveExtraWhitespaces = 4,
  kEscapeWhitespaces = 5,
};

Status read_piece(ProtoReader reader, SentencePieceModel::Piece& piece) {
  ProtoField field;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(field));
    if (!more) break;
    if (field.number == kPieceText) piece.text = field.bytes;
    if (field.number == kPieceScore) piece.score = field.as_float();
    if (field.number == kPieceType) {
      if (field.value < 1 || field.value > 6) return reader.bad(fmt::format("there is no piece type {}", field.value));
      piece.kind = static_cast<PieceKind>(field.value);
    }
  }
  if (piece.text.empty()) return reader.bad("a piece has no text");
  if (!is_valid_utf8(piece.text)) return reader.bad("a piece is not UTF-8");
  if (!(piece.score >= -1e30f && piece.score <= 1e30f)) return reader.bad("a piece's score is no number");
  if (piece.kind == PieceKind::kByte && byte_of_piece(piece.text) < 0)
    return reader.bad("a byte piece is not spelled <0xNN>");
  return {};
}

Status read_trainer(ProtoReader reader, SentencePieceModel& model) {
  ProtoField field;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(field));
    if (!more) return {};
    switch (field.number) {
      case kModelType:
        if (field.value < 1 || field.value > 4)
          return reader.bad(fmt::format("there is no model type {}", field.value));
        model.type = static_cast<SentencePieceModel::Type>(field.value);
        break;
      case kWhitespaceAsSuffix: model.treat_whitespace_as_suffix = field.as_bool(); break;
      case kByteFallback: model.byte_fallback = field.as_bool(); break;
      case kUnkPiece: model.unk_piece = field.bytes; break;
      case kBosPiece: model.bos_piece = field.bytes; break;
      case kEosPiece: model.eos_piece = field.bytes; break;
      case kPadPiece: model.pad_piece = field.bytes; break;
      case kUnkSurface: model.unk_surface = field.bytes; break;
      default: break;
    }
  }
}

Status read_normalizer(ProtoReader reader, SentencePieceModel& model) {
  ProtoField field;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(field));
    if (!more) return {};
    switch (field.number) {
      case kName: model.normalizer_name = field.bytes; break;
      case kCharsmap: model.charsmap = field.bytes; break;
      case kAddDummyPrefix: model.add_dummy_prefix = field.as_bool(); break;
      case kRemoveExtraWhitespaces: model.remove_extra_whitespaces = field.as_bool(); break;
      case kEscapeWhitespaces: model.escape_whitespaces = field.as_bool(); break;
      default: break;
    }
  }
}

Status read_denormalizer(ProtoReader reader, SentencePieceModel& model) {
  ProtoField field;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(field));
    if (!more) return {};
    if (field.number == kCharsmap) model.denormalizer_charsmap = field.bytes;
  }
}

Status check_pieces(const SentencePieceModel& model, std::string_view where) {
  std::unordered_set<std::string_view> seen;
  int unknown = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (!seen.insert(model.pieces[id].text).second)
      return invalid_data(fmt::format("the piece \"{}\" stands twice", model.pieces[id].text),
                          fmt::format("{}: piece {}", where, id), "the file is damaged; get it again");
    unknown += model.pieces[id].kind == PieceKind::kUnknown;
  }
  if (unknown != 1)
    return invalid_data(fmt::format("there are {} unknown pieces, there must be one", unknown), std::string(where),
                        "give a SentencePiece model");
  return {};
}

}  // namespace

int byte_of_piece(std::string_view text) {
  const int byte = byte_of_token(text);
  return byte >= 0 && byte_token(byte) == text ? byte : -1;
}

int32_t SentencePieceModel::id_of(std::string_view text, PieceKind kind) const {
  for (size_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].kind == kind && pieces[id].text == text) return static_cast<int32_t>(id);
  return -1;
}

int32_t SentencePieceModel::unk_id() const {
  for (size_t id = 0; id < pieces.size(); ++id)
    if (pieces[id].kind == PieceKind::kUnknown) return static_cast<int32_t>(id);
  return -1;
}

Result<SentencePieceModel> parse_sentencepiece(std::string_view file, std::string_view where) {
  SentencePieceModel model;
  ProtoReader reader(file, 0, where);
  ProtoField field;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(field));
    if (!more) break;
    if (field.wire != 2) continue;
    ProtoReader inner(field.bytes, reader.content_offset(), where);
    if (field.number == kPieces) {
      if (model.pieces.size() > static_cast<size_t>(Vocabulary::kMaxId)) return reader.bad("there are too many pieces");
      MALMOI_TRY(read_piece(inner, model.pieces.emplace_back()));
    }
    if (field.number == kTrainerSpec) MALMOI_TRY(read_trainer(inner, model));
    if (field.number == kNormalizerSpec) MALMOI_TRY(read_normalizer(inner, model));
    if (field.number == kDenormalizerSpec) MALMOI_TRY(read_denormalizer(inner, model));
  }
  MALMOI_TRY(check_pieces(model, where));
  return model;
}

std::string write_sentencepiece(const SentencePieceModel& model) {
  ProtoWriter out;
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    ProtoWriter p;
    p.bytes(kPieceText, piece.text);
    p.real(kPieceScore, piece.score);
    if (piece.kind != PieceKind::kNormal) p.varint(kPieceType, static_cast<uint64_t>(piece.kind));
    out.bytes(kPieces, p.message());
  }
  ProtoWriter trainer;
  auto signed_varint = [](int32_t value) { return static_cast<uint64_t>(static_cast<int64_t>(value)); };
  trainer.varint(kModelType, static_cast<uint64_t>(model.type));
  trainer.varint(kVocabSize, model.pieces.size());
  if (model.treat_whitespace_as_suffix) trainer.varint(kWhitespaceAsSuffix, 1);
  if (model.byte_fallback) trainer.varint(kByteFallback, 1);
  trainer.varint(kUnkId, signed_varint(model.unk_id()));
  trainer.varint(kBosId, signed_varint(model.bos_id()));
  trainer.varint(kEosId, signed_varint(model.eos_id()));
  trainer.varint(kPadId, signed_varint(model.pad_id()));
  trainer.bytes(kUnkSurface, model.unk_surface);
  trainer.bytes(kUnkPiece, model.unk_piece);
  trainer.bytes(kBosPiece, model.bos_piece);
  trainer.bytes(kEosPiece, model.eos_piece);
  trainer.bytes(kPadPiece, model.pad_piece);
  out.bytes(kTrainerSpec, trainer.message());
  ProtoWriter normalizer;
  normalizer.bytes(kName, model.normalizer_name);
  normalizer.bytes(kCharsmap, model.charsmap);
  normalizer.varint(kAddDummyPrefix, model.add_dummy_prefix);
  normalizer.varint(kRemoveExtraWhitespaces, model.remove_extra_whitespaces);
  normalizer.varint(kEscapeWhitespaces, model.escape_whitespaces);
  out.bytes(kNormalizerSpec, normalizer.message());
  if (!model.denormalizer_charsmap.empty()) {
    ProtoWriter denormalizer;
    denormalizer.bytes(kCharsmap, model.denormalizer_charsmap);
    out.bytes(kDenormalizerSpec, denormalizer.message());
  }
  return out.message();
}

}  // namespace malmoi::tokenizer
