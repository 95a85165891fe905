// One line from a terminal, edited: GNU readline, with what Ctrl-C means in a chat.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/job.h"

namespace malmoi::cli {

/// What a word may become where it stands.
struct Completion {
  std::vector<std::string> words;
  bool files = false;  // names of files instead
};

/// Reads standard input and shows on stderr, both of which must be a terminal. Characters are UTF-8 in whatever locale:
/// a key takes a whole one away, wide ones take two columns. What is pasted does not end the line where it has line
/// breaks; Alt-Enter writes one. One in a process, on one thread.
class LineEditor {
 public:
  /// What may stand in place of `word` behind the text `before` it.
  using Complete = std::function<Completion(const std::string& before, const std::string& word)>;
  LineEditor(StopToken stop, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class End : uint8_t { kLine, kStop, kInput };  // a whole line; a stop was requested; there is no more
  struct Line {
    End end = End::kInput;
    std::string text;
  };
  Line read(const std::string& prompt);
  /// Adds what arrow keys and Ctrl-R find.
  void remember(const std::string& entry);

 private:
  StopToken stop_;
};

}  // namespace malmoi::cli
