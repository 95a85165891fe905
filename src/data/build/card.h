// What a build tells people and programs: report.json, report.html, DATACARD.md, datacard.json, README.md (with the
// configuration that Hugging Face datasets reads) and manifest.json.
#pragma once

#include <vector>

#include "base/error.h"
#include "data/build/plan.h"
#include "data/build/recipe.h"
#include "data/build/tally.h"
#include "data/corpus.h"

namespace malmoi::data {

struct CardInput {
  const Recipe& recipe;
  const Plan& plan;
  const Tally& tally;
  const std::vector<Shard>& shards;
  const std::vector<Json>& samples;
  const Json& dedup;
  double seconds = 0;
};

Json make_report(const CardInput& input);

/// Writes all of them into the corpus' folder, manifest.json last: with it the corpus is there.
Status write_cards(const CardInput& input, const Json& report);

/// The report as one self-contained page with charts.
std::string report_page(const Json& report);

}  // namespace malmoi::data
