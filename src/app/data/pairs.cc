#include "app/data/pairs.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "base/hash.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kPairSeed = 0x7061697273;  // "pairs"

}  // namespace

Json to_json(const PairsReport& report) {
  const data::PairReport& found = report.found;
  return {{"documents", found.documents},
          {"unaligned", found.unaligned},
          {"alone", found.alone},
          {"paragraphs", found.paragraphs},
          {"untranslated", found.untranslated},
          {"repeated", found.repeated},
          {"unfit", found.unfit},
          {"pairs", found.pairs},
          {"train", report.train},
          {"valid", report.valid},
          {"test", report.test}};
}

Result<PairsReport> make_pairs(const PairsOptions& options, const Job& job) {
  PairsReport report;
  std::string train, valid, test;
  auto sink = [&](data::TextPair&& pair) -> Status {
    MALMOI_TRY(job.stop.check());
    const double draw = static_cast<double>(hash64(pair.source, kPairSeed) >> 11) * 0x1.0p-53;
    const bool is_test = draw < options.test_fraction;
    const bool is_valid = !is_test && draw < options.test_fraction + options.valid_fraction;
    ++(is_test ? report.test : is_valid ? report.valid : report.train);
    (is_test    ? test
     : is_valid ? valid
                : train) +=
        dump_json(Json{{"source", pair.source}, {"target", pair.target}, {"name", pair.name}}) + "\n";
    return {};
  };
  uint64_t skipped = 0;
  MALMOI_ASSIGN(report.found, data::align_trees(
                                  options.source, options.target, options.pairs, [&](data::Skip) { ++skipped; }, sink));
  if (report.found.unaligned > 0)
    job.warn(fmt::format("{} with another number of paragraphs on the two sides",
                         counted(report.found.unaligned, "document")));
  if (skipped > 0) job.warn(fmt::format("{} could not be read", counted(skipped, "document")));
  MALMOI_TRY(make_folder(options.out));
  MALMOI_TRY(write_file(options.out / "train.jsonl", train));
  MALMOI_TRY(write_file(options.out / "valid.jsonl", valid));
  MALMOI_TRY(write_file(options.out / "test.jsonl", test));
  MALMOI_TRY(write_file(options.out / "pairs.json", dump_json(to_json(report), 2) + "\n"));
  return report;
}

}  // namespace malmoi::app
