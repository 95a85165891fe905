#include "tokenizer/import/llama_cpp.h"

#include <algorithm>

#include <fmt/format.h>

#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

bool is_c_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The bytes of a token in the byte alphabet; characters outside it as llama.cpp writes them.
std::string decode_byte_alphabet(std::string_view text) {
  std::string out, byte;
  for (const CodePoint character : CodePoints(text)) {
    const std::string_view c = character.in(text);
    if (unspell_bytes(c, byte)) {
      out += byte;
    } else {
      out += "[UNK_BYTE_0x";
      for (char b : c) out += fmt::format("{:02x}", static_cast<unsigned char>(b));
      out += text;
      out += ']';
    }
  }
  return out;
}

}  // namespace

LlamaSplitter::LlamaSplitter(const GgufVocab& vocab) {
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    const GgufAttributes& as = vocab.tokens[i].as;
    if (!as.control && !as.user_defined && !as.unknown) continue;
    specials_.push_back({static_cast<int32_t>(i), static_cast<uint32_t>(vocab.tokens[i].text.size()),
                         !as.control && !as.unknown, as.lstrip, as.rstrip});
  }
  std::stable_sort(specials_.begin(), specials_.end(),
                   [](const Special& a, const Special& b) { return a.length > b.length; });
  for (size_t i = 0; i < specials_.size(); ++i)
    matcher_.add(vocab.tokens[static_cast<size_t>(specials_[i].id)].text, static_cast<int32_t>(i));
}

// The longest special that `text` begins with and that is looked for, and how many bytes were looked at.
LlamaSplitter::Longest LlamaSplitter::longest(std::string_view text, bool parse_special) const {
  Longest best;
  best.looked_at = matcher_.all(text, [&](size_t, int32_t special) {
    if (parse_special || specials_[static_cast<size_t>(special)].always) best.special = special;
  });
  return best;
}

// The longest special at each place, by special: the order in which llama.cpp looks for them.
LlamaSplitter::Found LlamaSplitter::find(std::string_view text, bool parse_special) const {
  Found found;
  for (uint32_t at = 0; at < text.size();) {
    const Longest best = longest(text.substr(at), parse_special);
    uint32_t again = at + 1;
    if (best.looked_at > 1) {
      // Within a run of one byte the answer repeats as long as the same bytes are looked at.
      const size_t run = std::min(text.find_first_not_of(text[at], at), text.size());
      if (run > at + best.looked_at) again = static_cast<uint32_t>(run - best.looked_at) + 1;
    }
    if (best.special < 0) {
      at = again;
      continue;
    }
    PositionQueue& places = found[best.special];
    while (at < again) places.push(at++);
  }
  return found;
}

void LlamaSplitter::split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const {
  auto whole = [&](uint32_t begin, uint32_t end) {
    if (begin < end) sections.push_back({begin, end, begin});
  };
  Found found = find(text, parse_special);
  if (found.empty()) return whole(0, static_cast<uint32_t>(text.size()));
  // What is taken: longer ones came before, so a match overlaps something taken if one of its ends does.
  std::vector<char> taken(text.size());
  std::vector<Piece> pieces;
  for (auto place = found.begin(); place != found.end(); place = found.erase(place)) {
    const Special& special = specials_[static_cast<size_t>(place->first)];
    while (!place->second.empty()) {
      uint32_t begin = place->second.pop(), end = begin + special.length;
      if (taken[begin]) continue;
      if (taken[end - 1]) {
        // A shorter one may still fit before what is taken, and has its turn later.
        while (taken[end - 1]) --end;
        const Longest shorter = longest(text.substr(begin, end - begin), parse_special);
        if (shorter.special >= 0) found[shorter.special].push(begin);
        continue;
      }
      while (special.lstrip && begin > 0 && !taken[begin - 1] && is_c_space(text[begin - 1])) --begin;
      while (special.rstrip && end < text.size() && !taken[end] && is_c_space(text[end])) ++end;
      std::fill(taken.begin() + begin, taken.begin() + end, 1);
      pieces.push_back({begin, end, begin, special.id});
    }
  }
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  uint32_t done = 0;
  for (const Piece& piece : pieces) {
    whole(done, piece.begin);
    sections.push_back(piece);
    done = piece.end;
  }
  whole(done, static_cast<uint32_t>(text.size()));
}

LlamaDecoder::LlamaDecoder(const GgufVocab& vocab)
    : drop_first_space_(vocab.add_space_prefix), clean_spaces_(vocab.clean_spaces) {
  const bool bpe = vocab.kind == GgufVocab::Kind::kBpe && !vocab.pre_type.escape_whitespaces;
  for (const GgufToken& token : vocab.tokens) {
    special_.push_back(token.as.control || token.as.unknown);
    std::string piece;
    bool odd = false;
    if (token.as.control || token.as.unknown || token.as.user_defined) {
      piece = token.text;
    } else if (token.as.normal) {
      odd = bpe && !unspell_bytes(token.text, piece);
      if (!bpe) piece = marks_to_spaces(token.text);
      if (odd) piece = token.text;
    } else if (token.as.byte) {
      piece = std::string(1, static_cast<char>(byte_of_piece(token.text)));
    }
    pieces_.push_back(std::move(piece));
    odd_.push_back(odd);
  }
}

std::string LlamaDecoder::token_bytes(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= pieces_.size()) return {};
  const std::string& piece = pieces_[static_cast<size_t>(id)];
  return odd_[static_cast<size_t>(id)] ? decode_byte_alphabet(piece) : piece;
}

std::string LlamaDecoder::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out;
  bool first = true;
  for (int32_t id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= pieces_.size()) continue;
    const bool was_first = std::exchange(first, false);
    if (skip_special && special_[static_cast<size_t>(id)]) continue;
    std::string_view piece = pieces_[static_cast<size_t>(id)];
    std::string written;
    if (odd_[static_cast<size_t>(id)]) piece = written = decode_byte_alphabet(piece);
    if (was_first && drop_first_space_ && piece.starts_with(' ')) piece.remove_prefix(1);
    out += piece;
  }
  return clean_spaces_ ? clean_llama_spaces(std::move(out)) : out;
}

std::string clean_llama_spaces(std::string text) {
  // Each pass looks at the text as the pass before left it, but at the old neighbours within itself.
  auto pass = [&](auto drops) {
    std::string out;
    if (!text.empty()) out += text[0];
    for (size_t i = 1; i < text.size(); ++i) drops(i, out);
    text = std::move(out);
  };
  pass([&](size_t& i, std::string& out) {
    if (text[i - 1] == ' ' && (text[i] == '?' || text[i] == '!' || text[i] == '.' || text[i] == ',')) out.pop_back();
    out += text[i];
  });
  pass([&](size_t& i, std::string& out) {
    const char c = text[i];
    if (c == '\'' && i + 1 < text.size() && text[i - 1] == ' ' && text[i + 1] == ' ') {
      out.pop_back();
      text[++i] = '\0';  // the space after it is dropped, and is none for what follows
    }
    out += c;
  });
  pass([&](size_t& i, std::string& out) {
    if (text[i - 1] == ' ' && text[i] == '\'') {
      std::string_view rest = std::string_view(text).substr(i + 1);
      if (rest.starts_with('s') || rest.starts_with('m') || rest.starts_with("re") || rest.starts_with("ve"))
        out.pop_back();
    }
    out += text[i];
  });
  return text;
}

}  // namespace malmoi::tokenizer
