// Phone numbers: Korean (mobile, area, internet, representative), North American and international.
#pragma once

#include "data/pii/detectors.h"
#include "data/pii/labels.h"
#include "data/pii/number_groups.h"

namespace malmoi::data {

/// What the detectors of numbers share about the place they look at.
struct NumberPlace {
  const FoldedText& text;
  NumberGroups groups;
  size_t floor = 0;  // where the number before ends: its labels are not this one's
  FoundLabel label;  // the nearest before
  bool near_number_before = false, near_number_after = false;  // a bare number one space away, as in tables

  bool is_labelled(Label kind, size_t distance) const { return label.label == kind && label.distance <= distance; }
};

/// A number found: [begin, end) in characters; end 0 if none.
struct NumberSpan {
  size_t begin = 0, end = 0;
};

/// A number after '+' at `plus`, with its country code.
NumberSpan international_phone(const FoldedText& text, size_t plus);
/// A shape that is a phone number whatever stands before it, but for a word of another kind: 010-1234-5678.
NumberSpan certain_phone(const NumberPlace& place);
/// A shape that needs a word or loses to one: 1588-0000, 212-555-0176, bare digits.
NumberSpan labelled_phone(const NumberPlace& place);

}  // namespace malmoi::data
