#include "train/table_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/counted.h"
#include "base/utf8.h"
#include "tokenizer/document_marks.h"

namespace malmoi::train {
namespace {

// Labels that nobody named (registry.cc makes them so, as transformers does).
bool are_unnamed(std::span<const std::string> labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != "LABEL_" + std::to_string(i)) return false;
  }
  return true;
}

std::string list_of(std::span<const std::string> labels) {
  constexpr size_t kShown = 12;
  std::string text;
  for (size_t i = 0; i < std::min(labels.size(), kShown); ++i) text += (i ? ", " : "") + labels[i];
  return labels.size() > kShown ? text + " ..." : text;
}

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

Result<std::string> cell_text(const Json* cell, std::string_view role, std::string_view where) {
  std::string text;
  if (cell && cell->is_string()) text = cell->get<std::string>();
  else if (cell && (cell->is_number() || cell->is_boolean())) text = dump_json(*cell);
  else if (cell && !cell->is_null())
    return invalid_data("the " + std::string(role) + " is not a text", std::string(where), "write a text there");
  if (text.find_first_not_of(kSpace) == std::string::npos)
    return invalid_data("the " + std::string(role) + " is empty", std::string(where), "fill it, or take the row out");
  return text;
}

Result<std::vector<std::string>> cell_list(const Json* cell, std::string_view role, std::string_view where) {
  std::vector<std::string> texts;
  if (cell && cell->is_array()) {
    for (const Json& part : *cell) {
      MALMOI_ASSIGN(std::string text, cell_text(&part, role, where));
      texts.push_back(std::move(text));
    }
    if (texts.empty())
      return invalid_data("the " + std::string(role) + " are empty", std::string(where), "take the row out");
    return texts;
  }
  MALMOI_ASSIGN(std::string whole, cell_text(cell, role, where));
  for (std::string_view word : words_of(whole)) texts.emplace_back(word);
  return texts;
}

Result<CellWords> cell_words(const Json* words, const Json* labels, std::string_view where) {
  CellWords cell;
  MALMOI_ASSIGN(cell.words, cell_list(words, "tokens", where));
  MALMOI_ASSIGN(cell.labels, cell_list(labels, "labels", where));
  if (cell.words.size() == cell.labels.size()) return cell;
  return invalid_data(counted(cell.words.size(), "token") + " with " + counted(cell.labels.size(), "label"),
                      std::string(where), "give each token one label");
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; (at = text.find_first_not_of(kSpace, at)) != text.npos;) {
    const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

Result<std::vector<std::string>> cell_answers(const Json* cell, std::string_view where) {
  if (!cell) return invalid_data("the answers are missing", std::string(where), "write [] where there is none");
  if (cell->is_object()) cell = cell->contains("text") ? &(*cell)["text"] : nullptr;
  std::vector<std::string> texts;
  if (cell && cell->is_array()) {
    for (const Json& answer : *cell) {
      MALMOI_ASSIGN(std::string text, cell_text(&answer, "answer", where));
      texts.push_back(std::move(text));
    }
    return texts;
  }
  MALMOI_ASSIGN(std::string text, cell_text(cell, "answer", where));
  texts.push_back(std::move(text));
  return texts;
}

Result<double> cell_number(const Json* cell, std::string_view role, std::string_view where) {
  MALMOI_ASSIGN(std::string text, cell_text(cell, role, where));
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(static_cast<float>(number)))
    return invalid_data("the " + std::string(role) + " '" + text + "' is not a number", std::string(where),
                        "write one, such as 3.5");
  return number;
}

Result<CellTexts> cell_texts(const Json* first, const Json* second, std::string_view where) {
  CellTexts texts;
  MALMOI_ASSIGN(texts.first, cell_text(first, "text", where));
  if (second) {
    MALMOI_ASSIGN(texts.second, cell_text(second, "text_pair", where));
  }
  return texts;
}

size_t byte_of_code_point(std::string_view text, size_t n) {
  size_t at = 0;
  for (; n > 0 && at < text.size(); --n) at += decode_utf8(text, at).length;
  return n > 0 ? text.npos : at;
}

Result<int32_t> label_index(const std::string& label, std::span<const std::string> labels, std::string_view where) {
  auto found = std::find(labels.begin(), labels.end(), label);
  if (found != labels.end()) return static_cast<int32_t>(found - labels.begin());
  int32_t index = -1;
  auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), index);
  const bool whole = error == std::errc() && end == label.data() + label.size();
  if (whole && index >= 0 && static_cast<size_t>(index) < labels.size() && are_unnamed(labels)) return index;
  return invalid_data("the label '" + label + "' is not one of the model's: " + list_of(labels), std::string(where),
                      "mend the label, or train a model that has it");
}

EncodedWords encode_words(const std::vector<std::string>& words, const tokenizer::Tokenizer& tokenizer,
                          int64_t max_length) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  EncodedWords encoded{encode_text(joined, nullptr, tokenizer, max_length), std::vector<int64_t>(words.size(), -1)};
  const std::vector<EncodedText::Place>& places = encoded.text.places;
  uint32_t begin = 0;  // of the word, in code points
  size_t token = 0;
  for (size_t w = 0; w < words.size(); ++w) {
    const uint32_t end = begin + static_cast<uint32_t>(count_code_points(words[w]));
    while (token < places.size() && (places[token].text < 0 || places[token].end <= begin)) ++token;
    if (token < places.size() && places[token].begin < end) encoded.first[w] = static_cast<int64_t>(token++);
    begin = end + 1;
  }
  return encoded;
}

Result<EncodedText> encode_output(const std::string& text, const tokenizer::Tokenizer& tokenizer, int64_t max_length) {
  const std::optional<int32_t> end = tokenizer::document_marks(tokenizer).after;
  if (!end)
    return usage_error("has no token that ends a text, so that a decoder would never stop", "tokenizer",
                       "use one with an end of text");
  EncodedText output = encode_text(text, nullptr, tokenizer, max_length);
  if (output.ids.empty() || output.ids.back() != *end) {
    if (static_cast<int64_t>(output.ids.size()) >= max_length && !output.ids.empty()) {
      output.ids.pop_back();
      output.places.pop_back();
      ++output.cut;
    }
    output.ids.push_back(*end);
    output.places.emplace_back();
  }
  return output;
}

}  // namespace malmoi::train
