#include "app/tokenizer/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/shown.h"
#include "base/utf8.h"

namespace malmoi::app {
namespace {

using tokenizer::Encoding;
using tokenizer::Tokenizer;

// Where each character of a text begins, and its end.
std::vector<size_t> character_starts(std::string_view text) {
  std::vector<size_t> out;
  for (size_t at = 0; at < text.size(); at += decode_utf8(text, at).length) out.push_back(at);
  out.push_back(text.size());
  return out;
}

std::string_view slice(std::string_view text, const std::vector<size_t>& starts, uint32_t begin, uint32_t end) {
  size_t last = starts.size() - 1;
  size_t from = starts[std::min<size_t>(begin, last)], to = starts[std::min<size_t>(end, last)];
  return to > from ? text.substr(from, to - from) : std::string_view();
}

// A token as people read it: its text, spaces made visible, or its bytes where they are no whole characters.
std::string shown_token(const Tokenizer& tokenizer, int32_t id) {
  std::string bytes = tokenizer.token_bytes(id);
  if (bytes.empty()) return show_controls(tokenizer.piece(id));
  if (!is_valid_utf8(bytes)) {
    std::string hex;
    for (char c : bytes) hex += fmt::format("{}{:02X}", hex.empty() ? "" : " ", static_cast<unsigned char>(c));
    return "⟨" + hex + "⟩";
  }
  std::string text;
  for (char c : show_controls(bytes)) text += c == ' ' ? "␣" : std::string(1, c);
  return text;
}

enum class Script { kHangul, kLatin, kHan, kDigits, kOther };
constexpr const char* kScriptNames[] = {"hangul", "latin", "han", "digits", "other"};

Script script_of(char32_t c) {
  if ((c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) || (c >= 0x3130 && c <= 0x318F))
    return Script::kHangul;
  if ((c | 32) >= 'a' && (c | 32) <= 'z') return Script::kLatin;
  if (c >= 0xC0 && c <= 0x24F) return Script::kLatin;
  if ((c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x2FA1F))
    return Script::kHan;
  return c >= '0' && c <= '9' ? Script::kDigits : Script::kOther;
}

struct Word {
  std::string_view text;
  Script script;
  uint64_t characters;
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    if (end > at) {
      std::array<uint64_t, std::size(kScriptNames)> seen{};
      uint64_t characters = 0;
      for (size_t i = at; i < end; ++characters) {
        Utf8Char c = decode_utf8(text, i);
        ++seen[static_cast<size_t>(script_of(c.code_point))];
        i += c.length;
      }
      auto most = static_cast<Script>(std::max_element(seen.begin(), seen.end()) - seen.begin());
      out.push_back({text.substr(at, end - at), most, characters});
    }
    at = end + 1;
  }
  return out;
}

// Tokens are given to the word that they begin in; those of white space alone to the word behind it.
void count_by_script(const Encoding& encoding, std::string_view text,
                     std::array<Fertility, std::size(kScriptNames)>& counts) {
  std::vector<size_t> starts = character_starts(text);
  std::vector<Word> words = words_of(text);
  size_t word = 0;
  for (const Word& w : words) {
    ++counts[static_cast<size_t>(w.script)].words;
    counts[static_cast<size_t>(w.script)].characters += w.characters;
  }
  for (auto [begin, end] : encoding.offsets) {
    if (words.empty()) break;
    size_t at = starts[std::min<size_t>(end > begin ? end - 1 : begin, starts.size() - 1)];
    while (word + 1 < words.size() &&
           static_cast<size_t>(words[word].text.data() + words[word].text.size() - text.data()) <= at)
      ++word;
    ++counts[static_cast<size_t>(words[word].script)].tokens;
  }
}

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

}  // namespace

std::vector<InspectedToken> inspect_text(const Tokenizer& tokenizer, std::string_view text,
                                         tokenizer::EncodeOptions options) {
  Encoding encoding = tokenizer.encode_full(text, options);
  std::vector<size_t> starts = character_starts(text);
  std::vector<InspectedToken> out;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    auto [begin, end] = encoding.offsets[i];
    out.push_back(
        {encoding.ids[i], tokenizer.piece(encoding.ids[i]), std::string(slice(text, starts, begin, end)), begin, end});
  }
  return out;
}

Json to_json(const std::vector<InspectedToken>& tokens) {
  Json json = Json::array();
  for (const InspectedToken& token : tokens)
    json.push_back(
        {{"id", token.id}, {"piece", token.piece}, {"text", token.text}, {"begin", token.begin}, {"end", token.end}});
  return json;
}

std::string inspect_for_terminal(const Tokenizer& tokenizer, std::string_view text, tokenizer::EncodeOptions options,
                                 bool colour) {
  static constexpr int kColours[] = {117, 120, 222, 218, 183, 159};
  Encoding encoding = tokenizer.encode_full(text, options);
  std::vector<size_t> starts = character_starts(text);
  std::string line, table;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    auto [begin, end] = encoding.offsets[i];
    std::string piece = shown_token(tokenizer, encoding.ids[i]);
    if (colour) line += fmt::format("\x1b[48;5;{}m\x1b[30m{}\x1b[0m", kColours[i % std::size(kColours)], piece);
    else line += (i ? "|" : "") + piece;
    table += fmt::format("{:>8}  {:>5}..{:<5}  {}\n", encoding.ids[i], begin, end, piece);
  }
  return fmt::format("{}\n{}{} tokens, {} characters\n", line, table, encoding.ids.size(), starts.size() - 1);
}

double Fertility::tokens_per_word() const { return ratio(static_cast<double>(tokens), static_cast<double>(words)); }
double Fertility::tokens_per_character() const {
  return ratio(static_cast<double>(tokens), static_cast<double>(characters));
}
double TokenizerComparison::bytes_per_token() const {
  return ratio(static_cast<double>(bytes), static_cast<double>(all.tokens));
}
double TokenizerComparison::mb_per_second() const { return ratio(static_cast<double>(bytes) / 1e6, seconds); }

Json to_json(const TokenizerComparison& comparison) {
  Json json = {{"tokenizer", comparison.tokenizer},
               {"vocab_size", comparison.vocab_size},
               {"bytes", comparison.bytes},
               {"tokens", comparison.all.tokens},
               {"tokens_per_word", comparison.all.tokens_per_word()},
               {"tokens_per_character", comparison.all.tokens_per_character()},
               {"bytes_per_token", comparison.bytes_per_token()},
               {"unknown", comparison.unknown},
               {"mb_per_second", comparison.mb_per_second()},
               {"scripts", Json::object()}};
  for (const auto& [script, fertility] : comparison.scripts)
    json["scripts"][script] = {{"words", fertility.words},
                               {"tokens_per_word", fertility.tokens_per_word()},
                               {"tokens_per_character", fertility.tokens_per_character()}};
  return json;
}

TokenizerComparison compare_one(const Tokenizer& tokenizer, const std::string& name, std::string_view text) {
  TokenizerComparison out{.tokenizer = name, .vocab_size = tokenizer.vocab_size(), .bytes = text.size()};
  std::array<Fertility, std::size(kScriptNames)> scripts{};
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find("\n\n", at), text.size());
    std::string_view document = text.substr(at, end - at);
    at = end + 2;
    if (document.empty()) continue;
    auto start = std::chrono::steady_clock::now();
    std::vector<int32_t> ids = tokenizer.encode(document);
    out.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    out.all.tokens += ids.size();
    if (auto unknown = tokenizer.unk_id())
      out.unknown += static_cast<uint64_t>(std::count(ids.begin(), ids.end(), *unknown));
    count_by_script(tokenizer.encode_full(document), document, scripts);
  }
  for (size_t i = 0; i < scripts.size(); ++i) {
    out.all.words += scripts[i].words;
    out.all.characters += scripts[i].characters;
    if (scripts[i].words > 0) out.scripts.emplace_back(kScriptNames[i], scripts[i]);
  }
  return out;
}

}  // namespace malmoi::app
