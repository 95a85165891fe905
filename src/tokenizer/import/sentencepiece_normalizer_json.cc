// SentencePiece's normalisation as the steps of tokenizer.json that come nearest.
#include "base/base64.h"
#include "base/utf8.h"
#include "tokenizer/import/sentencepiece_normalizer.h"
#include "tokenizer/json/usual_steps.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kPrependSpace = R"({"type":"Prepend","prepend":" "})";

std::string replace_step(std::string_view from, std::string_view to) {
  return R"({"type":"Replace","pattern":{"String":)" + json_quoted(from) + R"(},"content":)" + json_quoted(to) + "}";
}

void write_sequence(const std::vector<std::string>& steps, std::string& out) {
  out += R"({"type":"Sequence","normalizers":[)";
  for (size_t i = 0; i < steps.size(); ++i) out += (i ? "," : "") + steps[i];
  out += "]}";
}

}  // namespace

Status SentencePieceNormalizer::write_json(std::string& out) const {
  if (rules_.whitespace_as_suffix)
    return unsupported("tokenizer.json cannot put the mark of a word at its end", "normalizer",
                       "keep the SentencePiece .model, which opens here too");
  std::vector<std::string> steps;
  if (!rules_.charsmap.empty()) {
    // Graphemes of six bytes or more are looked up character by character there, so that a syllable in parts stays in parts;
    // composed first, it is one character. Letters for compatibility compose too where the map has their pairs.
    auto composes = [&](std::string_view parts, std::string_view whole) {
      auto match = rules_.charsmap.longest(parts);
      return match && match->length == parts.size() && match->replacement == whole;
    };
    if (composes("ㅋㅠ", "큐")) {
      constexpr char32_t kFirst = 0x3131, kLast = 0x3163;
      for (char32_t letter = kFirst; letter <= kLast; ++letter) {
        std::string from;
        append_utf8(from, letter);
        if (auto match = rules_.charsmap.longest(from)) steps.push_back(replace_step(from, match->replacement));
      }
    }
    if (composes("한", "한")) steps.emplace_back(R"({"type":"NFC"})");
    // So is the end of a line of two characters: of these the first would stand for both.
    const Chunk line_end = next("\r");
    if (line_end.text != "\r") steps.push_back(replace_step("\r", line_end.text));
    steps.push_back(R"({"type":"Precompiled","precompiled_charsmap":")" + encode_base64(rules_.charsmap.blob()) +
                    "\"}");
  }
  if (rules_.remove_extra_whitespaces) {  // spaces alone: Strip would take line ends too
    steps.emplace_back(R"({"type":"Replace","pattern":{"Regex":"\\A +| +\\z"},"content":""})");
    steps.emplace_back(R"({"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "})");
  }
  if (rules_.add_dummy_prefix) steps.emplace_back(rules_.escape_whitespaces ? kPrependMarkStep : kPrependSpace);
  if (rules_.escape_whitespaces) steps.emplace_back(kEscapeSpacesStep);
  write_sequence(steps, out);
  return {};
}

Status SpmNormalizer::write_json(std::string& out) const {
  std::vector<std::string> steps;
  if (add_space_prefix_) steps.emplace_back(kPrependMarkStep);
  steps.emplace_back(kEscapeSpacesStep);
  write_sequence(steps, out);
  return {};
}

}  // namespace malmoi::tokenizer
