// For tests of builds: a folder of documents of many kinds, a recipe for it, and what was written.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/rng.h"
#include "data/build/recipe.h"
#include "data/corpus.h"
#include "base/test_folder.h"

namespace malmoi::data {

inline Path build_folder(const std::string& name) { return test_folder("build_" + name); }

// Without the syncing of write_file, which thousands of small files would wait for.
inline void put(const Path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
}

inline std::string sentence(Rng& rng, bool korean) {
  constexpr const char* kKorean[] = {"나무",   "바람", "강물이",   "사람들은", "오래",   "노래를",
                                     "불렀다", "하늘", "마을에서", "천천히",   "걸었다", "밤새"};
  constexpr const char* kEnglish[] = {"river", "mountain", "people", "slowly", "walked", "a",
                                      "the",   "evening",  "bread",  "window", "found",  "letters"};
  std::string out;
  for (int i = 0; i < 12; ++i) (out += i ? " " : "") += (korean ? kKorean : kEnglish)[rng.below(12)];
  return out + ".";
}

// A folder of documents: Korean, English, mixed, some copies, a page, lines, and something unreadable.
inline Path make_documents(const std::string& name, int n = 300) {
  Path folder = build_folder(name);
  Rng rng(7);
  std::string lines;
  for (int i = 0; i < n; ++i) {
    bool korean = i % 2 == 0;
    std::string text;
    for (int p = 0; p < 4; ++p)
      (text += p ? "\n\n" : "") +=
          sentence(rng, i % 10 == 9 ? p % 2 == 0 : korean) + " " + sentence(rng, i % 10 == 9 ? p % 2 == 0 : korean);
    char file[32];
    std::snprintf(file, sizeof file, "d%03d/doc%04d.txt", i / 50, i);
    std::filesystem::create_directories((folder / file).parent_path());
    put(folder / file, text);
    Document d;
    d.text = sentence(rng, korean) + " " + sentence(rng, korean);
    lines += document_to_line(d) + "\n";
  }
  std::filesystem::create_directories(folder / "copies");
  for (int i = 0; i < n; i += 30) {
    char file[32];
    std::snprintf(file, sizeof file, "d%03d/doc%04d.txt", i / 50, i);
    std::filesystem::copy_file(folder / file, folder / "copies" / (std::to_string(i) + ".txt"),
                               std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_TRUE(write_file(folder / "lines.jsonl", lines).ok());
  EXPECT_TRUE(write_file(folder / "broken.txt.gz", "\x1f\x8b\x08 this is not gzip").ok());
  return folder;
}

inline Recipe small_recipe(const Path& in, const Path& out) {
  Recipe recipe = default_recipe({in.string()}, out);
  recipe.shard_bytes = 256 << 10;
  recipe.name = "small";
  recipe.valid_fraction = 0.1;
  return recipe;
}

inline std::map<std::string, std::string> shards_of(const Path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".zst")
      out[entry.path().filename().string()] = to_hex(hash128(*read_file(entry.path())));
  out["manifest.json"] = to_hex(hash128(*read_file(folder / "manifest.json")));
  return out;
}

inline std::vector<Document> documents_of(const Path& folder, const std::string& split) {
  auto stream = open_documents({folder}, split);
  EXPECT_TRUE(stream.ok());
  std::vector<Document> out;
  Document d;
  while (true) {
    auto more = (*stream)->next(d);
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return out;
    out.push_back(d);
  }
}

}  // namespace malmoi::data
