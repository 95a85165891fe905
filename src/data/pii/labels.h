// Words around a number that say what it is: `계좌`, `여권번호`, `order no`, the names of banks.
#pragma once

#include <cstddef>

#include "data/pii/folded.h"

namespace malmoi::data {

enum class Label : unsigned char {
  kNone,
  kRrn,
  kArn,
  kBrn,
  kDriver,
  kPassport,
  kPhone,
  kCard,
  kAccount,
  kBank,       // a bank's full name: 신한은행
  kBankShort,  // a bank's short name that is a word as well: 국민, 우리
  kIp,
  kVersion,  // versions, sections, figures: dotted numbers that are no addresses
  kOther,    // orders, parcels, products: numbers that are nobody's
  kAddress,
};

struct FoundLabel {
  Label label = Label::kNone;
  size_t distance = 0;  // characters between the label and the number
};

/// The label that ends last before `at`, looking back over at most `window` characters, never past `floor`.
/// The longer of two that end together.
FoundLabel label_before(const FoldedText& text, size_t at, size_t floor, size_t window);
/// Whether any label of the kind stands in the characters before `at`.
bool has_label_before(const FoldedText& text, size_t at, size_t floor, size_t window, Label label);
/// Whether a label of the kind begins within `window` characters after `at`, with no digit or line break between.
bool has_label_after(const FoldedText& text, size_t at, size_t window, Label label);
/// Whether the sign at `at` (a full stop, a hyphen, a slash ...) belongs to a label of the kind that ends right before it:
/// `IP.10.0.0.1`, `TEL-02-345-6789`. kNone: to a label of any kind that personal data have.
bool is_sign_of_label(const FoldedText& text, size_t at, Label label = Label::kNone);
/// Whether the full stop at `at` ends an abbreviation, as `H.P.`, `Tel.`, `No.` and `M.` are, and is no part of a dotted
/// name (`www.a.`, `1.a.`).
bool ends_abbreviation(const FoldedText& text, size_t at);
/// Whether the words around [begin, end) call the number wrong, a test or an example.
bool is_called_wrong(const FoldedText& text, size_t begin, size_t end);

}  // namespace malmoi::data
