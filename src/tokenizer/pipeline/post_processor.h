// Post-processors: what a tokenizer puts around a text or a pair, and truncation and padding.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// One text after the model. `margins`: how many characters of white space (or of the byte alphabet's space) each token
/// has at its beginning and its end; filled only for processors that trim offsets.
struct Sequence : Encoding {
  std::vector<std::pair<uint16_t, uint16_t>> margins;

  void push(int32_t id, std::pair<uint32_t, uint32_t> offsets, int32_t type, bool special);
  void append(const Sequence& other);
};

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// How many tokens it adds to a text or to a pair.
  virtual int added_tokens(bool pair) const = 0;
  /// Turns one or two texts into the sequences to be joined.
  virtual void process(std::vector<Sequence>& sequences, bool add_special) const = 0;
  virtual bool trims_offsets() const { return false; }
  virtual Status write_json(std::string& out) const = 0;
};

/// Puts fixed ids around a text, and around each text of a pair (`begin` before, `end` after).
std::unique_ptr<PostProcessor> make_template(std::vector<std::pair<std::string, int32_t>> begin,
                                             std::vector<std::pair<std::string, int32_t>> end);
std::unique_ptr<PostProcessor> make_byte_level_processor(bool add_prefix_space, bool trim_offsets);

/// From the JSON of the component, as in tokenizer.json.
Result<std::unique_ptr<PostProcessor>> post_processor_from_json(std::string_view json, std::string_view where);

enum class Side { kLeft, kRight };

struct Truncation {
  enum class Strategy { kLongestFirst, kOnlyFirst, kOnlySecond };
  size_t max_length = 512;
  size_t stride = 0;
  Strategy strategy = Strategy::kLongestFirst;
  Side direction = Side::kRight;

  /// Cuts one or two sequences so that they fit with `added` tokens around them.
  void apply(std::vector<Sequence>& sequences, size_t added) const;
  void write_json(std::string& out) const;
};

struct Padding {
  size_t fixed = 0;        // pad to this length; 0: to the text's own (only the multiple counts)
  size_t multiple_of = 0;  // 0: none
  Side direction = Side::kRight;
  int32_t id = 0;
  int32_t type_id = 0;
  std::string token = "[PAD]";

  void apply(Sequence& sequence) const;
  void write_json(std::string& out) const;
};

}  // namespace malmoi::tokenizer
