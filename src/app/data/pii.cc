#include "app/data/pii.h"

#include <fmt/format.h>

#include "base/parallel.h"
#include "data/pii/settings.h"

namespace malmoi::app {
namespace {

Result<data::PiiReplacer> make_replacer(const DataPiiOptions& options) {
  data::PiiReplacer replacer;
  std::optional<data::PiiAction> action = data::pii_action(options.action);
  if (!action)
    return usage_error(fmt::format("unknown action `{}`", options.action), "--action",
                       "placeholder, pseudonym or remove");
  replacer.action = *action;
  if (*action != data::PiiAction::kPseudonym) return replacer;
  if (options.key_file.empty())
    return usage_error("pseudonyms need a key", "--key-file",
                       "give a file of at least 16 random bytes and keep it secret");
  MALMOI_ASSIGN(replacer.key, data::read_pii_key(options.key_file));
  return replacer;
}

std::string process(TextLine& line, const data::PiiOptions& options, const data::PiiReplacer* replacer,
                    std::vector<data::PiiSpan>& spans) {
  spans = data::find_pii(line.text(), options);
  std::vector<size_t> offsets = data::code_point_offsets(line.text(), spans);
  Json list = Json::array();
  for (size_t i = 0; i < spans.size(); ++i)
    list.push_back({offsets[2 * i], offsets[2 * i + 1], data::pii_name(spans[i].type)});
  if (replacer != nullptr) line.object["text"] = replacer->apply(line.text(), spans);
  line.object["spans"] = std::move(list);
  return dump_json(line.object);
}

}  // namespace

Json to_json(const PiiReport& report) {
  const data::PiiCounts& counts = report.counts;
  Json types = Json::object();
  for (size_t i = 0; i < data::kPiiTypes; ++i)
    types[std::string(data::pii_name(static_cast<data::PiiType>(i)))] = counts.spans[i];
  return {{"documents", counts.documents},
          {"documents_with_pii", counts.documents_with_pii},
          {"spans", std::move(types)},
          {"skipped", report.skipped}};
}

Result<PiiReport> data_pii(const DataPiiOptions& options, const LineSink& sink, const Job& job) {
  MALMOI_ASSIGN(data::PiiOptions types, data::pii_options(options.types, "--types"));
  MALMOI_ASSIGN(data::PiiReplacer replacer, make_replacer(options));
  MALMOI_ASSIGN(TextLines lines, TextLines::open(options.input, input_name(options.input), job.warn));
  PiiReport report;
  std::vector<TextLine> batch;
  while (true) {
    MALMOI_TRY(job.stop.check(options.input));
    MALMOI_TRY(lines.next(batch));
    if (batch.empty()) break;
    std::vector<std::string> out(batch.size());
    std::vector<std::vector<data::PiiSpan>> spans(batch.size());
    parallel_for(static_cast<int64_t>(batch.size()), 8, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        if (batch[i].ok) out[i] = process(batch[i], types, options.replace ? &replacer : nullptr, spans[i]);
    });
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i].ok) continue;
      report.counts.add(spans[i]);
      MALMOI_TRY(sink(out[i]));
    }
  }
  report.skipped = lines.skipped();
  MALMOI_TRY(skipped_lines(lines.skipped(), lines.name()));
  return report;
}

}  // namespace malmoi::app
