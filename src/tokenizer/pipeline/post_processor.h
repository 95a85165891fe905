// Post-processors: what a tokenizer puts around a text or a pair.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/json/component_type.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// One text after the model. `margins`: how many characters of white space (or of the byte alphabet's space) each token
/// has at its beginning and its end; filled only for processors that trim offsets.
struct Sequence : Encoding {
  std::vector<std::pair<uint16_t, uint16_t>> margins;

  void push(int32_t id, std::pair<uint32_t, uint32_t> offsets, int32_t type, bool special);
  void append(const Sequence& other);
};

/// A token by its text and its id: ["[SEP]", 102].
using NamedId = std::pair<std::string, int32_t>;

/// How many sequences there are, and how many tokens in the largest.
struct Volume {
  size_t sequences = 0, tokens = 0;
};

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// How many tokens it adds to a text or to a pair.
  virtual size_t added_tokens(bool pair) const = 0;
  /// At most so much comes out of so much, of one text or of two.
  virtual Volume volume_after(Volume before) const = 0;
  /// Turns one or two texts into the sequences to be joined.
  virtual void process(std::vector<Sequence>& sequences, bool add_special) const = 0;
  virtual bool trims_offsets() const { return false; }
  virtual Status write_json(std::string& out) const = 0;

  static constexpr std::string_view kKind = "post-processor", kSteps = "processors";
  static std::span<const ComponentType<PostProcessor>* const> types();
};

/// An error where it repeats a text, or puts so much around it, as no model of use asks for: a file of a few kilobytes could take
/// any memory.
Status check_volume(const PostProcessor& processor, std::string_view where);

/// Puts fixed ids around a text, and around each text of a pair (`begin` before, `end` after).
std::unique_ptr<PostProcessor> make_template(const std::vector<NamedId>& begin, const std::vector<NamedId>& end);

}  // namespace malmoi::tokenizer
