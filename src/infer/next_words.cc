#include "infer/next_words.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>

#include "base/utf8.h"
#include "infer/sampling.h"

namespace malmoi::infer {
namespace {

// White space, ASCII punctuation, and the common CJK and general punctuation.
bool is_boundary(char32_t c) {
  if (c < 0x80)
    return !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '_' && c != '\'' &&
           c != '-';
  return c == 0x85 || c == 0xA0 || (c >= 0x2000 && c <= 0x206F && c != 0x200C && c != 0x200D) ||
         (c >= 0x3000 && c <= 0x303F) || (c >= 0xFF01 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20);
}

struct Node {
  std::vector<int32_t> path;
  std::string bytes;  // of the path, a leading space left out
  double probability;
  bool operator<(const Node& other) const { return probability < other.probability; }
};

class Search {
 public:
  Search(Session& session, const tokenizer::Tokenizer& tokenizer, nn::SequenceState prompt)
      : session_(session), tokenizer_(tokenizer), prompt_(std::move(prompt)) {
    for (int32_t id = 0; id < static_cast<int32_t>(session.model().vocab_size()); ++id)
      pieces_.push_back(tokenizer.token_bytes(id));
  }

  Result<std::vector<NextWord>> run(std::span<const int32_t> prompt, int64_t count, int64_t budget) {
    session_.append(prompt_, prompt);
    MALMOI_ASSIGN(std::span<const float> logits, session_.logits());
    expand({{}, "", 1.0}, logits);
    while (budget-- > 0 && !open_.empty()) {
      Node node = open_.top();
      open_.pop();
      if (node.probability <= threshold(count)) break;  // nothing open can still enter the list
      if (prompt_.length() + static_cast<int64_t>(node.path.size()) >= session_.model().max_positions()) continue;
      MALMOI_ASSIGN(nn::SequenceState state, prompt_.fork());
      session_.append(state, node.path);
      MALMOI_ASSIGN(logits, session_.logits());
      expand(node, logits);
    }
    std::vector<NextWord> words;
    for (const auto& [word, probability] : found_) words.push_back({word, probability});
    std::sort(words.begin(), words.end(), [](const NextWord& a, const NextWord& b) {
      return a.probability != b.probability ? a.probability > b.probability : a.word < b.word;
    });
    if (static_cast<int64_t>(words.size()) > count) words.resize(static_cast<size_t>(count));
    return words;
  }

 private:
  static constexpr size_t kMaxPath = 12;

  void expand(const Node& node, std::span<const float> logits) {
    double total = log_sum_exp(logits), ends = 0;
    for (size_t id = 0; id < logits.size(); ++id) {
      double p = std::exp(static_cast<double>(logits[id]) - total);
      if (id >= pieces_.size()) continue;
      const std::string& piece = pieces_[id];
      if (!node.bytes.empty() && ends_word(static_cast<int32_t>(id), piece)) {
        ends += p;
        continue;
      }
      double reach = node.probability * p;
      if (reach < 1e-6 || piece.empty() || tokenizer_.is_special(static_cast<int32_t>(id))) continue;
      std::string bytes = node.bytes + (node.path.empty() && piece[0] == ' ' ? piece.substr(1) : piece);
      if (!bytes.empty() && has_boundary(bytes)) continue;
      if (node.path.size() + 1 < kMaxPath) {
        std::vector<int32_t> path = node.path;
        path.push_back(static_cast<int32_t>(id));
        open_.push({std::move(path), std::move(bytes), reach});
      }
    }
    if (!node.bytes.empty() && is_valid_utf8(node.bytes)) found_[node.bytes] += node.probability * ends;
  }

  bool ends_word(int32_t id, const std::string& piece) const {
    return tokenizer_.is_special(id) || (!piece.empty() && is_boundary(decode_utf8(piece, 0).code_point));
  }
  static bool has_boundary(const std::string& bytes) {
    for (size_t i = 0; i < bytes.size();) {
      Utf8Char c = decode_utf8(bytes, i);
      if (c.valid && is_boundary(c.code_point)) return true;
      i += c.length;
    }
    return false;
  }
  double threshold(int64_t count) const {
    if (static_cast<int64_t>(found_.size()) < count) return 0;
    std::vector<double> all;
    for (const auto& [word, probability] : found_) all.push_back(probability);
    std::nth_element(all.begin(), all.begin() + (count - 1), all.end(), std::greater<>());
    return all[static_cast<size_t>(count - 1)];
  }

  Session& session_;
  const tokenizer::Tokenizer& tokenizer_;
  nn::SequenceState prompt_;  // that has read the prompt; words are tried on forks of it
  std::vector<std::string> pieces_;
  std::priority_queue<Node> open_;
  std::map<std::string, double> found_;
};

}  // namespace

Result<std::vector<NextWord>> next_words(Session& session, const tokenizer::Tokenizer& tokenizer,
                                         std::span<const int32_t> prompt, int64_t count, int64_t budget) {
  if (prompt.empty() || count <= 0) return std::vector<NextWord>();
  MALMOI_TRY(check_continues(session.model()));
  MALMOI_ASSIGN(nn::SequenceState state, session.open());
  return Search(session, tokenizer, std::move(state)).run(prompt, count, budget);
}

}  // namespace malmoi::infer
