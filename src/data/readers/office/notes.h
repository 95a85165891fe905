// Footnotes and endnotes: numbered in the order of their references, read after the text, each once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/readers/office/blocks.h"

namespace malmoi::data::office {

class Notes {
 public:
  explicit Notes(TextFormat format) : format_(format) {}

  /// What stands in the text for a note; `key` names it.
  std::string mark(const std::string& key) {
    auto [at, is_new] = numbers_.try_emplace(key, static_cast<int>(keys_.size()) + 1);
    if (is_new) keys_.push_back(key);
    return note_mark(at->second, format_);
  }

  /// Appends every note, those that notes refer to as well. `read(key)` gives what a note holds; it is not called within
  /// itself, however notes refer to each other.
  template <typename F>
  void append(Blocks& out, F read) {
    for (size_t i = 0; i < keys_.size(); ++i) {
      Blocks content = read(std::string(keys_[i]));
      if (!is_blank(content)) out.push_back(note(static_cast<int>(i) + 1, std::move(content)));
    }
  }

 private:
  TextFormat format_;
  std::map<std::string, int> numbers_;
  std::vector<std::string> keys_;
};

}  // namespace malmoi::data::office
