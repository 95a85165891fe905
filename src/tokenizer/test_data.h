// Reading tests/data/tokenizer: compressed files and JSON lines.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "formats/zstd_stream.h"

namespace malmoi::tokenizer {

/// A file of tests/data/tokenizer/import, kept there as NAME.zst; empty where it cannot be read.
inline std::string test_file(const std::string& name) {
  Result<std::string> packed = read_file(std::string(MALMOI_TEST_DATA) + "/tokenizer/import/" + name + ".zst");
  if (!packed.ok()) return {};
  Result<std::string> bytes = formats::zstd_decompress(*packed, uint64_t{64} << 20, name);
  return bytes.ok() ? *std::move(bytes) : std::string();
}

/// The lines of tests/data/tokenizer/NAME.jsonl.zst as JSON values; empty where it cannot be read.
inline std::vector<Json> test_lines(const std::string& name) {
  std::string path = std::string(MALMOI_TEST_DATA) + "/tokenizer/" + name + ".jsonl.zst";
  std::vector<Json> out;
  Result<std::string> packed = read_file(path);
  if (!packed.ok()) return out;
  Result<std::string> text = formats::zstd_decompress(*packed, uint64_t{1} << 28, path);
  if (!text.ok()) return out;
  for (size_t at = 0; at < text->size();) {
    size_t end = std::min(text->find('\n', at), text->size());
    if (end > at)
      out.push_back(
          Json::parse(text->begin() + static_cast<ptrdiff_t>(at), text->begin() + static_cast<ptrdiff_t>(end)));
    at = end + 1;
  }
  return out;
}

/// The texts of texts.jsonl.zst.
inline const std::vector<std::string>& test_texts() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list;
    for (const Json& line : test_lines("texts")) list.push_back(line.get<std::string>());
    return list;
  }();
  return all;
}

}  // namespace malmoi::tokenizer
