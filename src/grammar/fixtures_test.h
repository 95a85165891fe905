// What tests of this folder share: whether a text is one of a grammar or a schema, and tokenizers of tests/data.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/test_folder.h"
#include "formats/zstd_stream.h"
#include "grammar/automaton.h"
#include "grammar/constraint.h"
#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/reading.h"

namespace malmoi::grammar {

/// The automaton of what must compile.
inline Automaton compiled(Result<Grammar> grammar) {
  EXPECT_TRUE(grammar.ok()) << grammar.error().to_string();
  if (!grammar.ok()) grammar = grammar_of({});
  auto automaton = Automaton::compile(*grammar);
  EXPECT_TRUE(automaton.ok()) << automaton.error().to_string();
  return *std::move(automaton);
}

/// The error of a grammar that must not compile; empty where it does.
inline std::string error_of(const Result<Grammar>& grammar) {
  if (!grammar.ok()) return grammar.error().to_string();
  auto automaton = Automaton::compile(*grammar);
  return automaton.ok() ? "" : automaton.error().to_string();
}

/// A schema, with texts that are values of it and texts that are none.
struct SchemaCase {
  const char* schema;
  std::vector<std::string> valid, invalid;
};

inline void check_schemas(const std::vector<SchemaCase>& cases) {
  for (const SchemaCase& one : cases) {
    SCOPED_TRACE(one.schema);
    const Automaton automaton = compiled(parse_json_schema(one.schema));
    for (const std::string& text : one.valid) {
      EXPECT_TRUE(parse_json(text, "test").ok()) << text;
      EXPECT_TRUE(matches(automaton, text)) << text;
    }
    for (const std::string& text : one.invalid) EXPECT_FALSE(matches(automaton, text)) << text;
  }
}

/// A file of tests/data/tokenizer, unpacked.
inline std::string unpacked(const std::string& name) {
  auto bytes = read_file(Path(MALMOI_TEST_DATA) / "tokenizer" / (name + ".zst"));
  EXPECT_TRUE(bytes.ok());
  return *formats::zstd_decompress(*bytes, 1 << 24, name);
}

/// Byte-level BPE, whose tokens cut characters.
inline tokenizer::Tokenizer byte_level_tokenizer() {
  return *tokenizer::Tokenizer::from_json(unpacked("training/hf-bpe.json"));
}

/// SentencePiece with byte tokens for what has no piece.
inline tokenizer::Tokenizer sentencepiece_tokenizer() {
  const Path folder = test_folder("grammar-sentencepiece");
  EXPECT_TRUE(write_file(folder / "tokenizer.model", unpacked("import/sp-bpe-llama2/tokenizer.model")).ok());
  auto tokenizer = tokenizer::Tokenizer::load(folder / "tokenizer.model");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  return *std::move(tokenizer);
}

}  // namespace malmoi::grammar
