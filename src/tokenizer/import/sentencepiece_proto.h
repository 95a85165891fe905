// SentencePiece's model file (sentencepiece_model.proto) as a plain struct, read and written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::tokenizer {

/// The kinds of pieces, numbered as in the file (GGUF's token types use the same numbers).
enum class PieceKind : uint8_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct SentencePieceModel {
  struct Piece {
    std::string text;
    float score = 0;
    PieceKind kind = PieceKind::kNormal;
  };
  enum class Type : uint8_t { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };

  std::vector<Piece> pieces;  // the id is the index
  // trainer_spec
  Type type = Type::kUnigram;
  bool treat_whitespace_as_suffix = false;
  bool byte_fallback = false;
  std::string unk_piece = "<unk>", bos_piece = "<s>", eos_piece = "</s>", pad_piece = "<pad>";
  std::string unk_surface = " \xE2\x81\x87 ";
  // normalizer_spec
  std::string normalizer_name;
  std::string charsmap;
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  // denormalizer_spec
  std::string denormalizer_charsmap;

  /// The id of a piece of this kind; -1 where there is none.
  int32_t id_of(std::string_view text, PieceKind kind) const;
  int32_t unk_id() const;
  int32_t bos_id() const { return id_of(bos_piece, PieceKind::kControl); }
  int32_t eos_id() const { return id_of(eos_piece, PieceKind::kControl); }
  int32_t pad_id() const { return id_of(pad_piece, PieceKind::kControl); }
};

/// Errors name the byte: malformed fields, pieces that are empty, not UTF-8 or given twice, no unknown piece or two.
Result<SentencePieceModel> parse_sentencepiece(std::string_view file, std::string_view where);
std::string write_sentencepiece(const SentencePieceModel& model);

/// The byte that `<0x41>` stands for, spelled just so; -1 for other texts.
int byte_of_piece(std::string_view text);

}  // namespace malmoi::tokenizer
