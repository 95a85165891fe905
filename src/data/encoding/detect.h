// Which encoding some bytes are in that are not UTF-8.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/encoding/codecs.h"

namespace malmoi::data::internal {

/// An encoding that bytes may be read in.
struct Reading {
  std::string label, icu;
  std::optional<Language> language;  // none: of an encoding outside the table
  double prior = 0;                  // bits: what it costs to suppose it
  bool declared = false;
  double share = 1;  // of a declared one: what of its bits counts
};

/// The bits of `bytes` in an encoding, its prior among them; ill-formed parts cost more than any character. A declaration
/// lowers them by a fixed part, which settles short texts, and by a share, so that long ones are believed unless another
/// encoding reads much better; not so Latin-1, which programs declared of anything.
double bits_in(const Reading& reading, std::string_view bytes);

/// The reading with the lowest bits; `declared` are names that something beside or in the text gives. Looks at all of
/// `bytes`: give a sample.
Reading detect(std::string_view bytes, std::span<const std::string> declared);

/// The lines of `bytes` that hold anything but ASCII, up to `limit` bytes in all. `well_formed`: those that are UTF-8 too.
std::string sample_of(std::string_view bytes, size_t limit, bool well_formed);

}  // namespace malmoi::data::internal
