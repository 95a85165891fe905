// What was typed in chats before, in a file that its owner alone can read.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::cli {

/// $XDG_STATE_HOME/malmoi/chat_history; where that is not set, $MALMOI_HOME/.chat_history, or
/// ~/.local/state/malmoi/chat_history.
Path history_path();

/// A line an entry, as a JSON text, the oldest first. One thread; several programs may share the file.
class HistoryFile {
 public:
  static constexpr size_t kMostEntries = 1000;
  static constexpr size_t kLongestEntry = 64 << 10;  // bytes; a longer one, pasted, is not kept

  explicit HistoryFile(Path file) : file_(std::move(file)) {}
  /// The entries; none where there is no file that can be read. Lines that are no JSON text are passed over.
  std::vector<std::string> read() const;
  /// Adds an entry behind those that stand there by now, unless it is the last one already, and forgets the oldest beyond
  /// kMostEntries. The file is replaced in one step, and is its owner's alone (0600). Errors: it cannot be written, or is there
  /// and cannot be read: then it stays.
  Status add(const std::string& entry) const;

 private:
  Result<std::vector<std::string>> entries() const;

  Path file_;
};

}  // namespace malmoi::cli
