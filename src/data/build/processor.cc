#include "data/build/processor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "data/decontaminate/decontaminate.h"
#include "data/dedup/sketch.h"
#include "data/filters/language_id.h"
#include "data/html/rules.h"
#include "data/pii/settings.h"
#include "data/readers/markdown.h"

namespace malmoi::data {
namespace {

std::vector<std::string_view> paragraphs_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find("\n\n", begin), text.size());
    // A fence of code holds empty lines of its own.
    if (size_t fence = fence_length(text.substr(begin)); fence > 0) {
      size_t close = text.find("\n" + std::string(fence, '`'), begin + fence);
      if (close != std::string_view::npos) end = std::min(text.find("\n\n", close), text.size());
    }
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end;
    while (begin < text.size() && text[begin] == '\n') ++begin;
  }
  return out;
}

uint64_t group_of(const Recipe& recipe, const Document& document) {
  switch (recipe.group) {
    case GroupBy::kFolder: return hash64(Path(document.path).parent_path().string());
    case GroupBy::kHost: {
      std::string url = json_string(document.meta, "url", document.id);
      size_t begin = url.find("://");
      if (begin == std::string::npos) break;
      return hash64(std::string_view(url).substr(begin + 3, url.find('/', begin + 3) - begin - 3));
    }
    case GroupBy::kField:
      if (document.meta.contains(recipe.group_field)) return hash64(dump_json(document.meta[recipe.group_field]));
      break;
    case GroupBy::kDocument: break;
  }
  return hash64(document.id);
}

const char* length_class(uint64_t characters) {
  constexpr std::array<std::pair<uint64_t, const char*>, 8> kClasses = {{{100, "1. under 100"},
                                                                         {300, "2. 100-299"},
                                                                         {1000, "3. 300-999"},
                                                                         {3000, "4. 1,000-2,999"},
                                                                         {10000, "5. 3,000-9,999"},
                                                                         {30000, "6. 10,000-29,999"},
                                                                         {100000, "7. 30,000-99,999"},
                                                                         {UINT64_MAX, "8. 100,000 and over"}}};
  for (const auto& [limit, name] : kClasses)
    if (characters < limit) return name;
  return "";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> split_by_language(std::string_view text) {
  struct Piece {
    std::string language;
    std::string_view text;
  };
  std::vector<Piece> pieces;
  std::map<std::string, size_t> widths;
  std::string current;
  std::vector<std::string_view> paragraphs = paragraphs_of(text), prose = paragraphs;
  for (std::string_view& paragraph : prose)
    if (fence_length(paragraph) > 0) paragraph = {};
  std::vector<std::string> languages = paragraph_languages(prose);
  for (size_t i = 0; i < paragraphs.size(); ++i) {
    std::string_view paragraph = paragraphs[i];
    const std::string& language = languages[i];
    // Numbers and code belong to what they stand in.
    if (!language.empty()) current = language;
    pieces.push_back({language.empty() ? current : language, paragraph});
    widths[pieces.back().language] += html::text_width(paragraph);
  }
  size_t total = 0;
  for (const auto& [language, width] : widths) total += width;
  std::string largest;
  for (const auto& [language, width] : widths)
    if (!language.empty() && (largest.empty() || width > widths[largest])) largest = language;
  for (Piece& piece : pieces)
    if (piece.language.empty() || widths[piece.language] * 10 < total || widths[piece.language] < 40)
      piece.language = largest;
  std::vector<std::pair<std::string, std::string>> out = {{largest, ""}};
  for (const Piece& piece : pieces) {
    auto found = std::find_if(out.begin(), out.end(), [&](const auto& entry) { return entry.first == piece.language; });
    if (found == out.end()) found = out.insert(out.end(), {piece.language, ""});
    if (!found->second.empty()) found->second += "\n\n";
    found->second += piece.text;
  }
  return out;
}

uint64_t Processed::bytes() const {
  uint64_t sum = 256;
  for (const Kept& k : kept) sum += k.document.text.size() + k.sketch.size() + 512;
  return sum + events.size() * 200;
}

Processor::Processor(const Recipe& recipe) : recipe_(recipe) {
  for (const SourceSpec& source : recipe.sources) convert_.push_back({recipe.format, source.whole_page, recipe.limits});
}
Processor::~Processor() = default;

Result<std::unique_ptr<Processor>> Processor::create(const Recipe& recipe, const FilterContext& context) {
  std::unique_ptr<Processor> processor(new Processor(recipe));
  for (const FilterSpec& spec : recipe.filters) {
    ConfigDocument document;
    document.root = spec.settings;
    document.file = "filter " + spec.name;
    ConfigReader settings(document);
    MALMOI_ASSIGN(std::unique_ptr<Filter> filter, make_filter(spec.name, settings, context));
    processor->filters_.push_back(std::move(filter));
  }
  if (!recipe.decontaminate.sets.empty()) {
    DecontaminationOptions options;
    options.ngram = recipe.decontaminate.ngram;
    processor->decontaminator_ = std::make_unique<Decontaminator>(options);
    for (const std::string& set : recipe.decontaminate.sets) MALMOI_TRY(processor->decontaminator_->add_file(set));
    processor->decontaminator_->build();
  }
  if (recipe.near.on)
    processor->sketcher_ = std::make_unique<Sketcher>(near_options(recipe.near.threshold, recipe.near.ngram));
  MALMOI_ASSIGN(processor->pii_, pii_options(recipe.pii.types, "pii.types"));
  processor->replacer_.action = pii_action(recipe.pii.action).value_or(PiiAction::kPlaceholder);  // drop: not used
  processor->replacer_.key = recipe.pii.key;
  return processor;
}

void Processor::pass_over(const Skip& skip, Processed& out) {
  out.tally.add(skip.failed ? "inputs.skipped" : "inputs.ignored");
  out.tally.add((skip.failed ? "skipped." : "ignored.") + skip.rule);
  out.events.push_back({skip.id, skip.rule, skip.detail, true});
}

Processed Processor::process(RawDocument raw, uint32_t source_index) const {
  Processed out;
  const SourceSpec& source = recipe_.sources[source_index];
  out.tally.add("documents.read");
  Converted converted;
  Skip skip;
  bool kept = convert_document(std::move(raw), convert_[source_index], converted, skip);
  for (const Skip& part : converted.missing) pass_over(part, out);
  if (!kept) {
    if (skip.failed) {
      pass_over(skip, out);
    } else {
      out.tally.add("dropped." + skip.rule);
      out.events.push_back({skip.id, skip.rule, skip.detail, true});
    }
    return out;
  }
  Document& document = converted.document;
  out.tally.add("encoding." + (document.encoding.empty() ? "unknown" : document.encoding));
  out.tally.add("characters.extracted", count_code_points(document.text));
  if (!converted.repair.empty()) {
    out.tally.add("changed.encoding.repaired");
    out.events.push_back({document.id, "encoding.repaired", converted.repair, false});
  }
  document.text = tidy_whitespace(document.text);
  if (document.license.empty()) document.license = source.license;
  document.meta["source"] = source.name;
  uint64_t group = group_of(recipe_, document);
  if (!source.language.empty() || !recipe_.split_languages) {
    if (!source.language.empty()) document.language = source.language;
    finish_document(std::move(document), group, source_index, false, out);
    return out;
  }
  auto pieces = split_by_language(document.text);
  if (pieces.size() == 1) {
    finish_document(std::move(document), group, source_index, false, out);
    return out;
  }
  out.tally.add("changed.languages.split");
  out.events.push_back({document.id, "languages.split", std::to_string(pieces.size()) + " languages", false});
  for (size_t i = 0; i < pieces.size(); ++i) {
    Document piece = document;
    piece.text =
        recipe_.format == TextFormat::kMarkdown ? drop_empty_sections(pieces[i].second) : std::move(pieces[i].second);
    piece.language = pieces[i].first;
    if (i > 0) piece.id += ":" + piece.language;
    finish_document(std::move(piece), group, source_index, true, out);
  }
  return out;
}

bool Processor::check_contamination(const Document& document, Processed& out) const {
  if (!decontaminator_) return true;
  std::vector<ContaminationHit> hits = decontaminator_->find(document.text);
  if (hits.empty()) return true;
  constexpr size_t kNamed = 8;
  std::string detail = fmt::format("{} items: ", hits.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    const ContaminationHit& hit = hits[i];
    out.tally.add("contamination." + hit.set);
    if (i < kNamed)
      detail += fmt::format("{}{}/{} ({} of {} n-grams, bytes {}-{})", i > 0 ? ", " : "", hit.set, hit.item,
                            hit.matched, hit.total, hit.begin, hit.end);
    else if (i == kNamed) detail += ", ...";
  }
  out.tally.add("dropped.decontaminate");
  out.events.push_back({document.id, "decontaminate", std::move(detail), true});
  return false;
}

bool Processor::hide_private(Document& document, Processed& out) const {
  if (!recipe_.pii.on) return true;
  std::vector<PiiSpan> spans = find_pii(document.text, pii_);
  if (spans.empty()) return true;
  std::map<std::string, int> types;
  for (const PiiSpan& span : spans) ++types[std::string(pii_name(span.type))];
  std::string detail;
  for (const auto& [type, n] : types) {
    out.tally.add("pii." + type, static_cast<uint64_t>(n));
    detail += (detail.empty() ? "" : ", ") + std::to_string(n) + " " + type;
  }
  out.tally.add("pii_documents");
  bool drop = recipe_.pii.action == "drop";
  out.tally.add(drop ? "dropped.pii" : "changed.pii");
  out.events.push_back({document.id, "pii", detail, drop});
  if (drop) return false;
  document.text = replacer_.apply(document.text, spans);
  document.title = replacer_.apply(document.title, find_pii(document.title, pii_));
  return true;
}

void Processor::finish_document(Document document, uint64_t group, uint32_t source, bool mixed, Processed& out) const {
  auto drop = [&](const std::string& rule, std::string detail) {
    out.tally.add("dropped." + rule);
    out.events.push_back({document.id, rule, std::move(detail), true});
  };
  auto same = [&](const std::string& kept) { return is_same_language(kept, document.language); };
  if (!recipe_.keep_languages.empty() &&
      std::none_of(recipe_.keep_languages.begin(), recipe_.keep_languages.end(), same))
    return drop("languages.not_kept", document.language.empty() ? "no letters" : document.language);
  for (size_t i = 0; i < filters_.size(); ++i) {
    Verdict verdict = filters_[i]->apply(document);
    if (!verdict.keep) return drop(verdict.rule.empty() ? recipe_.filters[i].name : verdict.rule, verdict.detail);
    if (verdict.rule.empty()) continue;
    out.tally.add("changed." + verdict.rule);
    out.events.push_back({document.id, verdict.rule, verdict.detail, false});
  }
  if (!check_contamination(document, out) || !hide_private(document, out)) return;
  document.text = tidy_whitespace(document.text);
  uint64_t characters = count_code_points(document.text);
  if (characters < recipe_.min_characters)
    return drop("min_characters", std::to_string(characters) + " < " + std::to_string(recipe_.min_characters));
  Processed::Kept kept;
  kept.record.text = hash128(document.text);
  kept.record.id = hash64(document.id);
  kept.record.group = group;
  kept.record.bytes = document.text.size();
  kept.record.source = source;
  kept.record.mixed = mixed;
  kept.record.quality = (mixed ? 0 : 1e12) + static_cast<double>(characters);
  if (sketcher_) append_sketch(kept.sketch, sketcher_->sketch(document.text));
  const std::string language = document.language.empty() ? "none" : document.language;
  out.tally.add("documents.passed");
  out.tally.add("passed.language." + language);
  out.tally.add(std::string("passed.length.") + length_class(characters));
  kept.document = std::move(document);
  out.kept.push_back(std::move(kept));
}

}  // namespace malmoi::data
