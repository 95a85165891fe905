// Tables of texts that an objective reads (data.format: table), and how the texts of a row become the arrays of an example.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tokenizer/encoded_text.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::train {

/// What a cell of a row is to the objective; data.columns names the column that holds it, else it has the role's name.
struct TableColumn {
  std::string_view role;
  bool optional = false;
  bool label = false;  // names of labels: their set makes the outputs of a new head
  bool list = false;   // one for each of several words
};

/// One row by the place of its columns; null: the row has no such cell.
struct TableCells {
  std::span<const Json* const> cells;
  std::string_view where;  // for errors

  const Json* find(size_t place) const { return cells[place]; }
};

/// What encoding needs to know beside the row.
struct RowEncoding {
  const tokenizer::Tokenizer& tokenizer;
  std::span<const std::string> labels;     // of the model, by index
  int64_t max_length = 0, max_output = 0;  // tokens of an input, and of the output of an encoder-decoder
};

/// The values of one example by the place of ArrayFormat's columns.
struct EncodedRow {
  std::vector<std::vector<int32_t>> integers;
  std::vector<std::vector<float>> numbers;
  int64_t cut = 0;  // tokens that did not fit
};

struct TableFormat {
  std::span<const TableColumn> columns;  // the first is the text that a row is known by; none: does not take tables
  /// Errors name `cells.where`: an empty text, a label that the model has not, a value of another kind.
  Result<EncodedRow> (*encode)(const TableCells& cells, const RowEncoding& rules) = nullptr;
};

/// The text of a cell: a number or a truth value as it is written. Errors: a list, an object, an empty text.
Result<std::string> cell_text(const Json* cell, std::string_view role, std::string_view where);
/// The texts of a cell: a list of them, or one text whose words stand apart by white space. Errors: as cell_text.
Result<std::vector<std::string>> cell_list(const Json* cell, std::string_view role, std::string_view where);
/// Words with a label each. Errors: as cell_list; another number of labels.
struct CellWords {
  std::vector<std::string> words, labels;
};
Result<CellWords> cell_words(const Json* words, const Json* labels, std::string_view where);
/// What stands between white space; views of the text.
std::vector<std::string_view> words_of(std::string_view text);
/// A number that is finite in f32, or a text that is one. Errors: anything else.
Result<double> cell_number(const Json* cell, std::string_view role, std::string_view where);
/// A text and, if the row has one, a second one. Errors: as cell_text.
struct CellTexts {
  std::string first;
  std::optional<std::string> second;
  const std::string* pair() const { return second ? &*second : nullptr; }
};
Result<CellTexts> cell_texts(const Json* first, const Json* second, std::string_view where);

/// The answers to a question: a text, a list of texts, or SQuAD's {"text": [...]}; empty lists: there is none. Errors: a value of
/// another kind, or none.
Result<std::vector<std::string>> cell_answers(const Json* cell, std::string_view where);

/// Where the n-th code point of a text begins, from 0; npos: the text is shorter.
size_t byte_of_code_point(std::string_view text, size_t n);

/// The index of a label among those of the model; where these are LABEL_0, LABEL_1 ..., a number is an index, too.
Result<int32_t> label_index(const std::string& label, std::span<const std::string> labels, std::string_view where);

using tokenizer::encode_text;
using tokenizer::encode_windows;
using tokenizer::EncodedText;

/// Words as a text with a space between, and the first token of each; -1: it was cut away, or has none of its own.
struct EncodedWords {
  EncodedText text;
  std::vector<int64_t> first;
};
EncodedWords encode_words(const std::vector<std::string>& words, const tokenizer::Tokenizer& tokenizer,
                          int64_t max_length);
/// What a decoder is to write: the text as the tokenizer puts it together, and its end of text where that is not there yet.
/// Errors: a tokenizer without one, since the model would never stop.
Result<EncodedText> encode_output(const std::string& text, const tokenizer::Tokenizer& tokenizer, int64_t max_length);

}  // namespace malmoi::train
