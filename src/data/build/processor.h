// All that happens to one document before it meets the others: conversion, languages, filters, decontamination, privacy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/build/part.h"
#include "data/build/recipe.h"
#include "data/build/tally.h"
#include "data/filter.h"
#include "data/pii/pii.h"
#include "data/readers/convert.h"

namespace malmoi::data {

class Decontaminator;
class Sketcher;

/// What became of one raw document. Order in the vectors is the order in the output.
struct Processed {
  struct Kept {
    Document document;
    PartRecord record;
    std::string sketch;
  };
  std::vector<Kept> kept;
  std::vector<Event> events;
  Tally tally;
  uint64_t bytes() const;  // held, about
};

/// Const after making; process() may run on many threads at once.
class Processor {
 public:
  static Result<std::unique_ptr<Processor>> create(const Recipe& recipe, const FilterContext& context = {});
  ~Processor();
  Processed process(RawDocument raw, uint32_t source) const;
  /// The same for an input that was passed over.
  static void pass_over(const Skip& skip, Processed& out);

 private:
  explicit Processor(const Recipe& recipe);
  void finish_document(Document document, uint64_t group, uint32_t source, bool mixed, Processed& out) const;
  bool check_contamination(const Document& document, Processed& out) const;
  bool hide_private(Document& document, Processed& out) const;

  const Recipe& recipe_;
  std::vector<ConvertOptions> convert_;  // by source
  std::vector<std::unique_ptr<Filter>> filters_;
  std::unique_ptr<Decontaminator> decontaminator_;
  std::unique_ptr<Sketcher> sketcher_;
  PiiOptions pii_;
  PiiReplacer replacer_;
};

/// The paragraphs of a text (separated by empty lines) by language: one text for each language that holds at least a
/// tenth of it and forty letters or so; the rest stays with its neighbours. The first is the largest.
std::vector<std::pair<std::string, std::string>> split_by_language(std::string_view text);

}  // namespace malmoi::data
