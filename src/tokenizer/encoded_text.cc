#include "tokenizer/encoded_text.h"

#include <algorithm>
#include <utility>

namespace malmoi::tokenizer {
namespace {

std::vector<EncodedText::Place> places_in(const Encoding& encoding) {
  std::vector<EncodedText::Place> places(encoding.ids.size());
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = {encoding.sequence_ids[i], encoding.offsets[i].first, encoding.offsets[i].second};
  return places;
}

EncodedText encode_whole(const std::string& first, const std::string* second, const Tokenizer& tokenizer) {
  constexpr EncodeOptions kWhole{.add_special = true, .parse_special = false};
  Encoding encoding = second ? tokenizer.encode_pair(first, *second, kWhole) : tokenizer.encode_full(first, kWhole);
  std::vector<EncodedText::Place> places = places_in(encoding);
  return {.ids = std::move(encoding.ids), .type_ids = std::move(encoding.type_ids), .places = std::move(places)};
}

// Where the tokens of a text (0: the first, 1: the second) stand, in order.
std::vector<size_t> tokens_of(const EncodedText& whole, int32_t text) {
  std::vector<size_t> tokens;
  for (size_t i = 0; i < whole.places.size(); ++i) {
    if (whole.places[i].text == text) tokens.push_back(i);
  }
  return tokens;
}

EncodedText part_of(const EncodedText& whole, const std::vector<bool>& kept) {
  EncodedText part;
  for (size_t i = 0; i < whole.ids.size(); ++i) {
    if (!kept[i]) continue;
    part.ids.push_back(whole.ids[i]);
    part.type_ids.push_back(whole.type_ids[i]);
    part.places.push_back(whole.places[i]);
  }
  return part;
}

EncodedText cut_to(EncodedText whole, size_t limit) {
  if (whole.ids.size() <= limit) return whole;
  std::vector<size_t> tokens[] = {tokens_of(whole, 0), tokens_of(whole, 1)};
  std::vector<bool> kept(whole.ids.size(), true);
  const size_t cut = whole.ids.size() - limit;
  for (size_t n = 0; n < cut; ++n) {
    std::vector<size_t>& longer = tokens[1].size() > tokens[0].size() ? tokens[1] : tokens[0];
    if (longer.empty()) break;  // what the tokenizer adds alone is longer than the limit
    kept[longer.back()] = false;
    longer.pop_back();
  }
  EncodedText part = part_of(whole, kept);
  part.cut = static_cast<int64_t>(cut);
  return part;
}

}  // namespace

EncodedText encode_text(const std::string& first, const std::string* second, const Tokenizer& tokenizer,
                        int64_t max_length) {
  return cut_to(encode_whole(first, second, tokenizer), static_cast<size_t>(max_length));
}

std::vector<EncodedText> encode_windows(const std::string& first, const std::string& second, const Tokenizer& tokenizer,
                                        int64_t max_length, int64_t overlap) {
  const auto limit = static_cast<size_t>(max_length);
  EncodedText whole = encode_whole(first, &second, tokenizer);
  const std::vector<size_t> tokens = tokens_of(whole, 1);
  const size_t around = whole.ids.size() - tokens.size();
  // In less room windows would be many, and each would see little.
  if (whole.ids.size() <= limit || around > limit - limit / 4) return {cut_to(std::move(whole), limit)};
  const size_t room = limit - around, step = room - std::min(static_cast<size_t>(overlap), room / 2);
  std::vector<EncodedText> windows;
  for (size_t begin = 0; begin == 0 || begin + room < tokens.size() + step; begin += step) {
    std::vector<bool> kept(whole.ids.size(), true);
    for (size_t t = 0; t < tokens.size(); ++t) kept[tokens[t]] = t >= begin && t < begin + room;
    windows.push_back(part_of(whole, kept));
  }
  return windows;
}

}  // namespace malmoi::tokenizer
