#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <array>

#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {

// A byte trie. Every search takes the leftmost match and of these the longest; the next begins behind it.
struct AddedTokens::Automaton {
  struct Node {
    std::vector<std::pair<unsigned char, uint32_t>> next;  // by byte
    int32_t token = -1;                                    // number in tokens_
  };
  std::vector<Node> nodes{1};
  std::array<uint32_t, 256> first{};  // the node after the first byte; 0: none
  int only_first = -1;                // that byte, where all tokens begin with the same; -2 where they do not

  // The first place from `at` on where a token may begin, or the end.
  size_t candidate(std::string_view text, size_t at) const {
    if (only_first >= 0) return std::min(text.find(static_cast<char>(only_first), at), text.size());
    while (at < text.size() && first[static_cast<unsigned char>(text[at])] == 0) ++at;
    return at;
  }

  void add(std::string_view text, int32_t token) {
    uint32_t at = 0;
    for (char c : text) {
      auto byte = static_cast<unsigned char>(c);
      auto& next = nodes[at].next;
      auto found = std::lower_bound(next.begin(), next.end(), byte,
                                    [](const auto& edge, unsigned char b) { return edge.first < b; });
      if (found == next.end() || found->first != byte) {
        found = next.insert(found, {byte, static_cast<uint32_t>(nodes.size())});
        uint32_t fresh = found->second;
        if (at == 0) {
          first[byte] = fresh;
          only_first = only_first == -1 ? byte : -2;
        }
        nodes.emplace_back();
        at = fresh;
      } else {
        at = found->second;
      }
    }
    nodes[at].token = token;
  }

  // The longest match that begins at `begin`: its end, and its token; end 0 where there is none.
  std::pair<size_t, int32_t> longest(std::string_view text, size_t begin) const {
    uint32_t at = first[static_cast<unsigned char>(text[begin])];
    std::pair<size_t, int32_t> best{0, -1};
    for (size_t i = begin + 1; at != 0; ++i) {
      if (nodes[at].token >= 0) best = {i, nodes[at].token};
      if (i >= text.size()) break;
      auto byte = static_cast<unsigned char>(text[i]);
      const auto& next = nodes[at].next;
      auto found = std::lower_bound(next.begin(), next.end(), byte,
                                    [](const auto& edge, unsigned char b) { return edge.first < b; });
      at = found != next.end() && found->first == byte ? found->second : 0;
    }
    return best;
  }
};

AddedTokens::AddedTokens() = default;
AddedTokens::AddedTokens(AddedTokens&&) noexcept = default;
AddedTokens& AddedTokens::operator=(AddedTokens&&) noexcept = default;
AddedTokens::~AddedTokens() = default;

void AddedTokens::add(AddedToken token) {
  if (token.content.empty()) return;
  auto place = std::lower_bound(tokens_.begin(), tokens_.end(), token.id,
                                [](const AddedToken& other, int32_t id) { return other.id < id; });
  if (place != tokens_.end() && place->id == token.id) *place = std::move(token);
  else tokens_.insert(place, std::move(token));
}

const AddedToken* AddedTokens::by_id(int32_t id) const {
  auto place = std::lower_bound(tokens_.begin(), tokens_.end(), id,
                                [](const AddedToken& other, int32_t wanted) { return other.id < wanted; });
  return place != tokens_.end() && place->id == id ? &*place : nullptr;
}

const AddedToken* AddedTokens::by_content(std::string_view content) const {
  for (const AddedToken& token : tokens_)
    if (token.content == content) return &token;
  return nullptr;
}

bool AddedTokens::is_special(int32_t id) const {
  const AddedToken* token = by_id(id);
  return token && token->special;
}

void AddedTokens::build(const Normalizer* normalizer) {
  raw_.reset();
  normal_.reset();
  normalized_.assign(tokens_.size(), {});
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    if (token.normalized && normalizer) {
      NormalizedText text = NormalizedText::of(token.content, 0, false);
      normalizer->normalize(text);
      if (text.text != token.content) normalized_[i] = text.text;
    }
    auto& automaton = token.normalized ? normal_ : raw_;
    if (!automaton) automaton = std::make_unique<Automaton>();
    automaton->add(spelling(token), static_cast<int32_t>(i));
  }
}

bool AddedTokens::any_normalized() const { return normal_ != nullptr; }

std::string_view AddedTokens::spelling(const AddedToken& token) const {
  auto index = static_cast<size_t>(&token - tokens_.data());
  return index < normalized_.size() && !normalized_[index].empty() ? normalized_[index] : token.content;
}

void AddedTokens::split(std::string_view text, bool parse_special, std::vector<Piece>& sections) const {
  find(raw_.get(), text, parse_special, sections);
}

void AddedTokens::split_normalized(std::string_view text, bool parse_special, std::vector<Piece>& sections) const {
  find(normal_.get(), text, parse_special, sections);
}

namespace {

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  auto is_word = [](const CodePoint& c) { return (classes_of(c.value) & kRustWord) != 0; };
  return !(begin > 0 && is_word(last_code_point(text.substr(0, begin)))) &&
         !(end < text.size() && is_word(code_point_at(text, end)));
}

// Where the white space before `begin` begins, not before `least`.
size_t space_before(std::string_view text, size_t begin, size_t least) {
  while (begin > least) {
    const CodePoint last = last_code_point(text.substr(0, begin));
    if (!is_space(last.value)) break;
    begin = last.begin;
  }
  return begin;
}

size_t space_after(std::string_view text, size_t end) {
  for (const CodePoint c : CodePoints(text, end))
    if (!is_space(c.value)) return c.begin;
  return text.size();
}

Piece piece_of(size_t begin, size_t end, int32_t token) {
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end), static_cast<uint32_t>(begin), token};
}

}  // namespace

void AddedTokens::find(const Automaton* automaton, std::string_view text, bool parse_special,
                       std::vector<Piece>& out) const {
  size_t done = 0;
  for (size_t at = 0; automaton && at < text.size();) {
    at = automaton->candidate(text, at);
    if (at == text.size()) break;
    auto [end, number] = automaton->longest(text, at);
    if (end == 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(number)];
    size_t begin = at;
    at = end;
    if ((token.special && !parse_special) || (token.single_word && !stands_alone(text, begin, end))) continue;
    // White space that the token before has swallowed stays with that one.
    if (token.lstrip) begin = begin > done ? space_before(text, begin, done) : done;
    if (token.rstrip) end = space_after(text, end);
    if (done < begin) out.push_back(piece_of(done, begin, -1));
    out.push_back(piece_of(begin, end, token.id));
    done = end;
  }
  if (done < text.size()) out.push_back(piece_of(done, text.size(), -1));
}

}  // namespace malmoi::tokenizer
