// The detectors behind find_pii: each adds the spans of its kind in a folded text, leaving alone what is covered.
#pragma once

#include <cstddef>
#include <vector>

#include "data/pii/folded.h"
#include "data/pii/pii.h"

namespace malmoi::data {

/// Spans found so far, in characters of the folded text.
class Findings {
 public:
  Findings(const FoldedText& text, const PiiOptions& options)
      : text_(text), options_(options), covered_(text.size(), false) {}

  const FoldedText& text() const { return text_; }
  bool wants(PiiType type) const { return options_.enabled[static_cast<size_t>(type)]; }
  bool covered(size_t at) const { return at < covered_.size() && covered_[at]; }
  /// Adds [begin, end) unless some of it is covered already. A type not wanted is covered but not reported.
  void add(size_t begin, size_t end, PiiType type, bool checked = false);
  std::vector<PiiSpan> take() { return std::move(spans_); }

 private:
  const FoldedText& text_;
  const PiiOptions& options_;
  std::vector<bool> covered_;
  std::vector<PiiSpan> spans_;
};

void find_emails(Findings& findings);
void find_ips(Findings& findings);
void find_numbers(Findings& findings);  // RRN, ARN, BRN, DRIVER, PHONE, CARD, ACCOUNT
void find_passports(Findings& findings);
/// What a line end breaks in two: `850314-1` / `234562`, `010-2345-` / `6789`, `hong@` / `example.com`. After the others.
void find_broken(Findings& findings);
void find_korean_addresses(Findings& findings);
void find_english_addresses(Findings& findings);

}  // namespace malmoi::data
