// `malmoi tokenizer encode` and `decode`, a line at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

struct EncodeLineOptions {
  bool jsonl = false;    // a line is a JSON string, or an array of two for a pair; out comes a JSON array
  bool special = false;  // with what the tokenizer puts around a text
  bool plain = false;    // special tokens written in the text are text
  bool offsets = false;  // an object with ids, offsets (code points), mask, types
};
/// `where` names the line in errors. The result has no line break.
Result<std::string> encode_line(const tokenizer::Tokenizer& tokenizer, std::string_view line,
                                const EncodeLineOptions& options, const std::string& where);

struct DecodeLineOptions {
  bool jsonl = false;  // a line is a JSON array of ids, out comes a JSON string; else ids apart by spaces, and text
  bool skip_special = false;
};
Result<std::string> decode_line(const tokenizer::Tokenizer& tokenizer, std::string_view line,
                                const DecodeLineOptions& options, const std::string& where);

}  // namespace malmoi::app
