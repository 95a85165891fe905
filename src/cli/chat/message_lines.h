// Typed lines become what is said: a message of one line or several, or a command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi::cli {

/// What was typed, once it is whole.
struct Entry {
  enum class Kind : uint8_t { kNothing, kMessage, kCommand };
  Kind kind = Kind::kNothing;
  std::string text;   // the message, or the command with its slash
  std::string typed;  // as a history gives it back: typed again it is the same entry
};

/// A line that ends in `\` goes on in the next one. `"""` at the beginning opens a text of any lines, which ends with the
/// first line that ends in `"""`; what stands in it is a message. Else `/` begins a command, and `//` a message with one slash.
/// A line may itself hold line breaks: it was pasted, or comes from a history.
class MessageLines {
 public:
  /// Whether the entry is whole with this line.
  bool add(std::string_view line);
  /// Whether more lines are waited for.
  bool begun() const { return begun_; }
  /// The entry, after add() said that it is whole; the next one begins.
  Entry take();
  /// Forgets what was begun.
  void drop();

 private:
  std::string typed_;
  bool begun_ = false;
};

}  // namespace malmoi::cli
