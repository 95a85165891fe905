// The lines of one text as UTF-8, each in the encoding that it is in: nearly always the same one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/encoding.h"
#include "data/encoding/detect.h"

namespace malmoi::data {

/// Reads line after line. The encoding is found once, from the lines ahead; a line of a UTF-8 text that reads much better
/// in another encoding is taken to be in it, and the other way round. A few stray bytes in a UTF-8 line are read as
/// Windows-1252 where that gives a usual character, and are U+FFFD otherwise. One thread.
class LineDecoder {
 public:
  /// `declared`: names of encodings that something beside the text gives, the likeliest first.
  explicit LineDecoder(std::vector<std::string> declared = {}) : declared_(std::move(declared)) {}

  /// `ahead` begins with the line and goes on with what is known of the text behind it: some kilobytes are enough.
  /// The encoding of a line of ASCII is that of the lines before it.
  Decoded decode(std::string_view line, std::string_view ahead);

  /// Whether a line stands as it is: ASCII, or plainly UTF-8. `decode` would give the same; this copies nothing.
  bool stands(std::string_view line);
  const std::string& label() const { return label_; }

 private:
  enum class State { kUnknown, kUtf8, kLegacy };
  void begin(std::string_view ahead);
  void look_ahead(std::string_view ahead);
  Decoded decode_legacy(std::string_view line);
  std::vector<std::string> declared_;
  State state_ = State::kUnknown;
  std::optional<internal::Reading> legacy_;  // what lines are read in that are not UTF-8
  int looks_ = 0;
  std::string label_ = "ascii";
};

namespace internal {

/// How much of a text is looked at to find its encoding.
constexpr size_t kSampleBytes = 8192;

/// Bytes by a reading, under the name that documents have for what is in them: euc-kr where no character lies outside
/// KS X 1001, latin-1 where Windows-1252 and Latin-1 agree.
Decoded decode_reading(std::string_view bytes, const Reading& reading);

}  // namespace internal
}  // namespace malmoi::data
