// The recipe of a corpus: sources and stages as data. The same struct stands behind `malmoi data build --in`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "data/html/html.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct SourceSpec {
  std::string name;
  std::vector<std::string> paths;  // files and folders
  ReaderOptions reader;
  std::string license;      // of documents that declare none
  std::string language;     // the same
  bool whole_page = false;  // HTML: everything shown, not the main content
  double weight = 0;        // share of the mix; 0: as much as there is
  double epochs = 1;        // copies; a fraction takes that share of the documents
};

struct FilterSpec {
  std::string name;
  Json settings = Json::object();
};

struct NearSpec {
  bool on = false;
  double threshold = 0.7;
  int ngram = 5;
};

struct ParagraphSpec {
  bool on = true;
  uint32_t min_length = 40;  // code points; shorter ones may repeat
};

struct SubstringSpec {
  bool on = false;
  uint32_t min_bytes = 200;
};

struct PiiSpec {
  bool on = false;
  std::string action = "placeholder";  // placeholder, pseudonym, remove, drop (the document)
  std::string key;                     // of pseudonyms, read from key_file
  std::vector<std::string> types;      // empty: all
};

struct DecontaminateSpec {
  std::vector<std::string> sets;
  int ngram = 13;
};

enum class GroupBy { kDocument, kFolder, kHost, kField };

struct Recipe {
  std::string name;
  std::vector<SourceSpec> sources;
  Path out;
  TextFormat format = TextFormat::kMarkdown;
  bool split_languages = true;              // documents of several languages become one for each, by paragraph
  std::vector<std::string> keep_languages;  // empty: all
  uint64_t min_characters = 20;             // of a document after everything
  std::vector<FilterSpec> filters;
  bool exact = true;
  NearSpec near;
  ParagraphSpec paragraphs;
  SubstringSpec substring;
  PiiSpec pii;
  DecontaminateSpec decontaminate;
  double valid_fraction = 0.02, test_fraction = 0;
  GroupBy group = GroupBy::kDocument;
  std::string group_field;  // of kField: a key of the documents' meta
  uint64_t seed = 1;
  bool shuffle = true;
  bool curriculum = false;              // short documents first, shuffled within eight classes of length
  double temperature = 1;               // sizes of sources ^ (1 / temperature) are their shares, where it is not 1
  uint64_t shard_bytes = 128ull << 20;  // of text
  int compression = 6;                  // of zstd; 0: plain .jsonl
  ReaderLimits limits;

  /// Everything that decides the output, as JSON; its hash names the work.
  Json description() const;
};

/// Reads a recipe. Errors name file, line and key, with the nearest known key.
Result<Recipe> parse_recipe(const ConfigDocument& document);
/// The recipe of `--in PATH... --out DIR`.
Recipe default_recipe(std::vector<std::string> paths, Path out);

/// "512", "64KiB", "1.5GB", "1GiB" ... in bytes.
Result<uint64_t> parse_bytes(std::string_view text, const std::string& where);

}  // namespace malmoi::data
