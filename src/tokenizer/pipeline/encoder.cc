#include "tokenizer/pipeline/encoder.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

void find_sections(const Tokenizer::Parts& parts, std::string_view text, bool parse_special,
                   std::vector<Piece>& sections) {
  if (text.empty()) return;
  if (parts.splitter) parts.splitter->split(text, parse_special, sections);
  else parts.added.split(text, parse_special, sections);
}

// Normalises each section and finds the added tokens that are looked for in normalised text.
void normalize_sections(const Tokenizer::Parts& parts, std::string_view text, bool parse_special,
                        const std::vector<Piece>& sections, Draft& draft) {
  std::string bytes;
  std::vector<Span> source;
  std::vector<Piece> found;
  bytes.reserve(text.size() + text.size() / 8);
  bool after_special = false;
  for (const Piece& section : sections) {
    std::string_view raw = text.substr(section.begin, section.end - section.begin);
    NormalizedText normal = NormalizedText::of(raw, section.begin, draft.tracked());
    normal.first = &section == sections.data();
    normal.after_special = after_special;
    after_special = section.token >= 0;
    if (section.token < 0 && parts.normalizer) parts.normalizer->normalize(normal);
    found.clear();
    if (section.token >= 0) found.push_back({0, static_cast<uint32_t>(normal.text.size()), 0, section.token});
    else if (!normal.text.empty()) parts.added.split_normalized(normal.text, parse_special, found);
    auto base = static_cast<uint32_t>(bytes.size());
    for (const Piece& piece : found) {
      uint32_t origin = normal.tracked ? normal.source[piece.begin].begin : section.begin + piece.begin;
      draft.pieces.push_back({base + piece.begin, base + piece.end, origin, piece.token});
    }
    bytes += normal.text;
    source.insert(source.end(), normal.source.begin(), normal.source.end());
  }
  draft.replace_bytes(std::move(bytes), std::move(source));
}

bool must_track(const Tokenizer::Parts& parts) {
  return parts.normalizer && parts.pre_tokenizer && parts.pre_tokenizer->needs_source();
}

// By the shorter way, where the tokenizer has one and it holds for this text; else false, and nothing appended.
bool encode_fast(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, std::vector<int32_t>& ids) {
  if (!parts.fast_path) return false;
  thread_local std::vector<Piece> sections;
  sections.clear();
  find_sections(parts, text, parse_special, sections);
  const size_t before = ids.size();
  Section section;
  for (const Piece& piece : sections) {
    section.text = text.substr(piece.begin, piece.end - piece.begin);
    if (piece.token >= 0) {
      ids.push_back(piece.token);
    } else if (!parts.fast_path->encode(section, ids)) {
      ids.resize(before);
      return false;
    }
    section.first = false;
    section.after_special = piece.token >= 0;
  }
  return true;
}

// Byte offsets of a text to numbers of code points.
class CodePointNumbers {
 public:
  explicit CodePointNumbers(std::string_view text) : starts_((text.size() >> 6) + 1) {
    uint32_t n = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if ((i & 63) == 0) starts_[i >> 6] = n;
      n += is_start(text[i]);
    }
    if ((text.size() & 63) == 0) starts_[text.size() >> 6] = n;
    text_ = text;
  }
  // How many characters begin before `at`: for a place inside a character, that character counts.
  uint32_t before(uint32_t at) const {
    at = std::min(at, static_cast<uint32_t>(text_.size()));
    uint32_t n = starts_[at >> 6];
    for (size_t i = at & ~63u; i < at; ++i) n += is_start(text_[i]);
    return n;
  }
  // The character that holds the byte `at`.
  uint32_t index(uint32_t at) const {
    uint32_t n = before(at);
    return at < text_.size() && !is_start(text_[at]) && n > 0 ? n - 1 : n;
  }

 private:
  static bool is_start(char c) { return !is_utf8_continuation(c); }
  std::vector<uint32_t> starts_;
  std::string_view text_;
};

// Characters of white space, or of the byte alphabet's space, at the ends of a token.
std::pair<uint16_t, uint16_t> margins_of(std::string_view token, bool raw_bytes) {
  uint16_t leading = 0, trailing = 0, total = 0;
  auto count = [&](bool margin) {
    if (margin && leading == total) ++leading;
    trailing = margin ? static_cast<uint16_t>(trailing + 1) : 0;
    return ++total < UINT16_MAX;
  };
  if (raw_bytes) {
    for (char c : token)
      if (!count(c == ' ')) break;
  } else {
    constexpr char32_t kSpelledSpace = 0x120;
    for (const CodePoint c : CodePoints(token))
      if (!count(c.value == kSpelledSpace || is_space(c.value))) break;
  }
  return {leading, trailing};
}

class SequenceBuilder {
 public:
  SequenceBuilder(const Tokenizer::Parts& parts, const Draft& draft, std::string_view original, int32_t type)
      : parts_(parts),
        draft_(draft),
        code_points_(original),
        type_(type),
        margins_(parts.post_processor && parts.post_processor->trims_offsets()) {}

  void add(const Piece& piece) {
    if (piece.token >= 0) return push(piece.token, piece.begin, piece.end, false);
    tokens_.clear();
    parts_.model->tokenize(draft_.text(piece), tokens_);
    for (const Token& token : tokens_)
      push(token.id, piece.begin + token.begin, piece.begin + token.end, draft_.raw_bytes);
  }
  Sequence out;

 private:
  void push(int32_t id, uint32_t begin, uint32_t end, bool raw_bytes) {
    Span source = draft_.source_of(begin, end);
    auto limit = static_cast<uint32_t>(draft_.bytes().size());
    if (margins_)
      out.margins.push_back(margins_of(
          draft_.bytes().substr(std::min(begin, limit), std::min(end, limit) - std::min(begin, limit)), raw_bytes));
    out.ids.push_back(id);
    out.offsets.emplace_back(code_points_.index(source.begin), code_points_.index(source.end));
    out.type_ids.push_back(type_);
    out.attention_mask.push_back(1);
    out.special_tokens_mask.push_back(0);
    out.sequence_ids.push_back(static_cast<int8_t>(type_));
  }

  const Tokenizer::Parts& parts_;
  const Draft& draft_;
  CodePointNumbers code_points_;
  int32_t type_;
  bool margins_;
  std::vector<Token> tokens_;
};

void append_from_left(const Draft& draft, SequenceBuilder& builder, size_t most) {
  for (const Piece& piece : draft.pieces) {
    builder.add(piece);
    if (builder.out.ids.size() >= most) return;
  }
}

// From the last piece backwards until there are enough; then in order.
Sequence build_from_right(const Tokenizer::Parts& parts, const Draft& draft, std::string_view text, int32_t type,
                          size_t most) {
  size_t first = draft.pieces.size(), total = 0;
  while (first > 0 && total < most) {
    SequenceBuilder probe(parts, draft, {}, type);
    probe.add(draft.pieces[--first]);
    total += probe.out.ids.size();
  }
  SequenceBuilder builder(parts, draft, text, type);
  for (size_t i = first; i < draft.pieces.size(); ++i) builder.add(draft.pieces[i]);
  return std::move(builder.out);
}

}  // namespace

void prepare_draft(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, Draft& draft) {
  std::vector<Piece> sections;
  find_sections(parts, text, parse_special, sections);
  if (draft.tracked() || parts.normalizer || parts.added.any_normalized())
    normalize_sections(parts, text, parse_special, sections, draft);
  else draft.pieces = std::move(sections);
  if (parts.pre_tokenizer) parts.pre_tokenizer->apply(draft);
  if (draft.raw_bytes && !parts.model->takes_bytes()) spell_draft(draft);
}

void encode_ids(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, std::vector<int32_t>& ids) {
  if (encode_fast(parts, text, parse_special, ids)) return;
  Draft draft(text, must_track(parts));
  prepare_draft(parts, text, parse_special, draft);
  std::string_view last;  // a run of one character has many pieces of one text
  size_t last_begin = ids.size();
  for (const Piece& piece : draft.pieces) {
    const std::string_view piece_text = draft.text(piece);
    if (piece.token >= 0) {
      ids.push_back(piece.token);
      last = {};
      last_begin = ids.size();
    } else if (piece_text == last) {
      const size_t count = ids.size() - last_begin;
      for (size_t i = 0; i < count; ++i) ids.push_back(ids[last_begin + i]);
      last_begin += count;
    } else {
      last = piece_text;
      last_begin = ids.size();
      parts.model->encode(piece_text, ids);
    }
  }
}

Sequence encode_sequence(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, int32_t type) {
  Draft draft(text, true);
  prepare_draft(parts, text, parse_special, draft);
  size_t most = SIZE_MAX;
  if (parts.truncation && (parts.truncation->strategy != Truncation::Strategy::kOnlySecond || type != 0))
    most = parts.truncation->max_length;
  if (most != SIZE_MAX && parts.truncation->direction == Side::kLeft)
    return build_from_right(parts, draft, text, type, most);
  SequenceBuilder builder(parts, draft, text, type);
  append_from_left(draft, builder, most);
  return std::move(builder.out);
}

Encoding finish_encoding(const Tokenizer::Parts& parts, std::vector<Sequence> sequences, bool add_special) {
  bool pair = sequences.size() > 1;
  if (parts.truncation) {
    parts.truncation->apply(sequences,
                            add_special && parts.post_processor ? parts.post_processor->added_tokens(pair) : 0);
  }
  if (parts.post_processor) parts.post_processor->process(sequences, add_special);
  Sequence all;
  for (const Sequence& sequence : sequences) all.append(sequence);
  if (parts.padding) parts.padding->apply(all);
  return all;
}

}  // namespace malmoi::tokenizer
