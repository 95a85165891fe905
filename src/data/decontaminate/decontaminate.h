// Decontamination: which documents repeat a piece of an evaluation set, told by shared n-grams of words.
//
// As GPT-3 and PaLM did it: an evaluation item is hit by a document that shares an n-gram (13 words by default; an item
// with fewer words counts as one n-gram of all its words) after NFC, lower-casing and removing punctuation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

struct DecontaminationOptions {
  int ngram = 13;
  int min_words = 5;         // items shorter than this are left out: they would hit by chance
  double min_overlap = 0.0;  // share of an item's n-grams that must be found in one document; 0: one is enough
};

/// One evaluation item found in a document.
struct ContaminationHit {
  std::string set;                  // name of the evaluation set
  std::string item;                 // its id in the set
  uint32_t matched = 0, total = 0;  // n-grams of the item found, and in it
  size_t begin = 0, end = 0;        // bytes of the document, from the first match to the end of the last
};

/// The n-grams of the evaluation sets. Built once, then const and thread-safe. Memory: 16 bytes an n-gram.
class Decontaminator {
 public:
  explicit Decontaminator(const DecontaminationOptions& options = {});
  ~Decontaminator();
  Decontaminator(Decontaminator&&) noexcept;
  Decontaminator& operator=(Decontaminator&&) noexcept;

  void add(std::string_view set, std::string_view item, std::string_view text);
  /// Adds every item of a .jsonl, .tsv or .txt file; the set's name is the file's. Of a JSON object all texts at any
  /// depth count, each apart (fields named id, cluster, label and the like are short and fall under `min_words`).
  Status add_file(const Path& path);
  /// Call once after the last add.
  void build();

  /// The items hit by a text, in order of set and item.
  std::vector<ContaminationHit> find(std::string_view text) const;

  uint64_t items() const;
  uint64_t ngrams() const;
  uint64_t skipped() const;  // items shorter than min_words

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::data
