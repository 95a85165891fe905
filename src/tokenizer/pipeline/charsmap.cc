#include "tokenizer/pipeline/charsmap.h"

#include <cstring>

#include "base/utf8.h"

namespace malmoi::tokenizer {
namespace {

// Units of the darts double array: leaf flag, label and offset share 32 bits.
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) == 1; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFFu; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FFu; }
uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view blob, std::string_view where) {
  Charsmap out;
  out.blob_ = blob;
  if (blob.empty()) return out;
  uint32_t size = 0;
  if (blob.size() < sizeof size)
    return invalid_data("a character map of " + std::to_string(blob.size()) + " bytes", std::string(where));
  std::memcpy(&size, blob.data(), sizeof size);
  if (size > blob.size() - sizeof size || size % 4 != 0)
    return invalid_data("a character map whose trie is longer than the map", std::string(where) + ", offset 0");
  out.trie_.resize(size / 4);
  if (size > 0) std::memcpy(out.trie_.data(), blob.data() + sizeof size, size);
  out.replacements_ = blob.substr(sizeof size + size);
  if (!is_valid_utf8(out.replacements_))
    return invalid_data("a character map whose replacements are not UTF-8",
                        std::string(where) + ", offset " + std::to_string(4 + size));
  return out;
}

std::optional<Charsmap::Match> Charsmap::find(std::string_view text, bool longest) const {
  if (trie_.empty()) return std::nullopt;
  std::optional<Match> best;
  size_t at = offset_of(trie_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;
    at ^= byte;
    if (at >= trie_.size() || label_of(trie_[at]) != byte) break;
    uint32_t unit = trie_[at];
    at ^= offset_of(unit);
    if (at >= trie_.size()) break;
    if (!has_leaf(unit)) continue;
    uint32_t begin = value_of(trie_[at]);
    if (begin >= replacements_.size()) continue;
    size_t end = replacements_.find('\0', begin);
    best = Match{i + 1, std::string_view(replacements_).substr(begin, end == std::string::npos ? end : end - begin)};
    if (!longest) break;
  }
  return best;
}

Charsmap::Path Charsmap::follow(std::string_view text) const {
  Path path{false, false, 0};
  if (trie_.empty()) return path;
  size_t at = offset_of(trie_[0]);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    at ^= byte;
    if (byte == 0 || at >= trie_.size() || label_of(trie_[at]) != byte) return path;
    path.met_key = path.met_key || has_leaf(trie_[at]);
    at ^= offset_of(trie_[at]);
  }
  path.alive = true;
  path.place = at;
  return path;
}

bool Charsmap::goes_on(const Path& path, unsigned char byte) const {
  const size_t at = path.place ^ byte;
  return path.alive && byte != 0 && at < trie_.size() && label_of(trie_[at]) == byte;
}

std::vector<std::string> Charsmap::keys() const {
  constexpr size_t kLongestKey = 256;  // a hostile trie may lead in circles
  constexpr size_t kMostKeys = size_t{1} << 20;
  std::vector<std::string> found, todo{""};
  while (!todo.empty() && found.size() < kMostKeys) {
    const std::string text = std::move(todo.back());
    todo.pop_back();
    if (auto match = longest(text); match && match->length == text.size()) found.push_back(text);
    const Path path = follow(text);
    for (int byte = 255; byte > 0 && text.size() < kLongestKey; --byte)
      if (goes_on(path, static_cast<unsigned char>(byte))) todo.push_back(text + static_cast<char>(byte));
  }
  return found;
}

}  // namespace malmoi::tokenizer
