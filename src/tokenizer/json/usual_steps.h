// Steps of tokenizer.json as they are written for tokenizers that are made here: by training, or of another format.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/json/json_text.h"

namespace malmoi::tokenizer {

/// Pre-tokenizer: spells bytes in the byte alphabet, and cuts nothing.
inline constexpr std::string_view kByteSpellingStep =
    R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false})";
/// Normalizers: SentencePiece's mark of a word before the text, and for every space.
inline constexpr std::string_view kPrependMarkStep = R"({"type":"Prepend","prepend":"▁"})";
inline constexpr std::string_view kEscapeSpacesStep = R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})";

/// Pre-tokenizer: every match of a regular expression is a piece, and so is what stands between.
inline std::string isolating_split_step(std::string_view regex) {
  return R"({"type":"Split","pattern":{"Regex":)" + json_quoted(regex) + R"(},"behavior":"Isolated","invert":false})";
}

/// Decoder: marks of words to spaces, names of bytes to bytes; `strip_first`: the space that the first mark becomes is no text.
inline std::string marks_decoder(bool strip_first) {
  std::string json = R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},)"
                     R"({"type":"ByteFallback"},{"type":"Fuse"})";
  if (strip_first) json += R"(,{"type":"Strip","content":" ","start":1,"stop":0})";
  return json + "]}";
}

}  // namespace malmoi::tokenizer
