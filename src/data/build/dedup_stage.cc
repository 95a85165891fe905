#include "data/build/dedup_stage.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "data/build/part_documents.h"

namespace malmoi::data {

struct Passages::State {
  ExternalSorter<Removal> sorted;
  Removal next{};
  bool more = false;

  State(std::shared_ptr<ScratchFolder> folder, uint64_t memory) : sorted(std::move(folder), "passages", memory) {}
  Status advance() {
    MALMOI_ASSIGN(more, sorted.next(next));
    return {};
  }
};

Passages::Passages(std::unique_ptr<State> state) : state_(std::move(state)) {}
Passages::Passages(Passages&&) noexcept = default;
Passages::~Passages() = default;

Status Passages::of(uint64_t ordinal, std::vector<Removal>& out) {
  out.clear();
  while (state_->more && state_->next.index < ordinal) MALMOI_TRY(state_->advance());
  while (state_->more && state_->next.index == ordinal) {
    out.push_back(state_->next);
    MALMOI_TRY(state_->advance());
  }
  return {};
}

Status Passages::rewind() {
  MALMOI_TRY(state_->sorted.rewind());
  return state_->advance();
}

Result<IdFile> IdFile::create(const Path& folder) {
  MALMOI_ASSIGN(auto scratch, ScratchFolder::create(folder));
  MALMOI_ASSIGN(ScratchFile file, ScratchFile::create(*scratch, "ids"));
  return IdFile(std::move(scratch), std::move(file));
}

Status IdFile::add(uint64_t ordinal, std::string_view id) {
  MALMOI_TRY(file_.append(id.data(), id.size()));
  ordinals_.push_back(ordinal);
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + id.size());
  return {};
}

Result<std::string> IdFile::of(uint64_t ordinal) {
  auto found = std::lower_bound(ordinals_.begin(), ordinals_.end(), ordinal);
  if (found == ordinals_.end() || *found != ordinal) return std::string();
  MALMOI_TRY(file_.flush());
  auto i = static_cast<size_t>(found - ordinals_.begin());
  uint64_t begin = i > 0 ? ends_[i - 1] : 0;
  std::string id(ends_[i] - begin, '\0');
  MALMOI_TRY(file_.read(begin, id.data(), id.size()));
  return id;
}

Status Decisions::rewind() {
  for (Passages& pass : passes) MALMOI_TRY(pass.rewind());
  return {};
}

Status Decisions::cut(uint64_t ordinal, std::string& text) {
  std::vector<Removal> ranges;
  for (Passages& pass : passes) {
    MALMOI_TRY(pass.of(ordinal, ranges));
    if (!ranges.empty()) text = remove_ranges(text, ranges);
  }
  return {};
}

namespace {

class DedupStage {
 public:
  DedupStage(const WorkFolder& work, uint64_t parts, const Recipe& recipe, const DedupStageOptions& options)
      : work_(work),
        parts_(parts),
        recipe_(recipe),
        scratch_{work.folder, options.memory_bytes / 2},
        options_(options) {}

  Result<Decisions> run() {
    MALMOI_TRY(read_index());
    if (recipe_.exact) MALMOI_TRY(exact());
    if (recipe_.near.on) MALMOI_TRY(near());
    if (recipe_.paragraphs.on) MALMOI_TRY(paragraphs());
    if (recipe_.substring.on) MALMOI_TRY(substrings());
    MALMOI_TRY(name_representatives());
    MALMOI_TRY(out_.rewind());
    return std::move(out_);
  }

 private:
  void tell(const std::string& what, uint64_t done) {
    if (options_.progress && (done & 255) == 0)
      options_.progress(what, static_cast<double>(done) / static_cast<double>(std::max<size_t>(1, mixed_.size())));
  }

  Status read_index() {
    MALMOI_TRY(for_each_record(work_, parts_, [&](uint64_t, const PartRecord& record) -> Status {
      mixed_.push_back(record.mixed);
      bytes_.push_back(static_cast<uint32_t>(std::min<uint64_t>(record.bytes, UINT32_MAX)));
      return {};
    }));
    out_.fates.assign(mixed_.size(), Fate::kKept);
    out_.removed_bytes.assign(mixed_.size(), 0);
    return {};
  }

  void take_clusters(const Clusters& clusters, Fate fate, const char* name) {
    uint64_t copies = 0;
    for (uint64_t i = 0; i < clusters.representative.size(); ++i) {
      if (out_.fates[i] != Fate::kKept || clusters.representative[i] == i) continue;
      out_.fates[i] = fate;
      if (out_.stands_for.empty()) out_.stands_for.assign(mixed_.size(), 0);
      out_.stands_for[i] = clusters.representative[i];
      ++copies;
    }
    Json report{{"copies", copies}, {"clusters", clusters.clusters}};
    if (clusters.candidates) {
      report["candidates"] = clusters.candidates;
      report["rejected"] = clusters.rejected;
      report["capped"] = clusters.capped;
    }
    for (const Clusters::Joined& joined : clusters.samples) {
      report["samples"].push_back({{"a", joined.a}, {"b", joined.b}, {"jaccard", joined.jaccard}});
      sampled_[joined.a];  // their texts are looked up later
      sampled_[joined.b];
    }
    out_.report[name] = std::move(report);
  }

  Status exact() {
    MALMOI_ASSIGN(ExactDeduper deduper, ExactDeduper::create(scratch_));
    MALMOI_TRY(for_each_record(work_, parts_, [&](uint64_t ordinal, const PartRecord& record) {
      tell("exact copies", ordinal + 1);
      return deduper.add(ordinal, record.text, record.quality);
    }));
    MALMOI_ASSIGN(Clusters clusters, deduper.finish());
    take_clusters(clusters, Fate::kExactCopy, "exact");
    return {};
  }

  Status near() {
    NearOptions options = near_options(recipe_.near.threshold, recipe_.near.ngram);
    options.workers = options_.workers;
    MALMOI_ASSIGN(NearDeduper deduper, NearDeduper::create(options, scratch_));
    uint64_t ordinal = 0;
    for (uint64_t part = 0; part < parts_; ++part) {
      MALMOI_ASSIGN(std::vector<PartRecord> records, read_part_index(work_, part));
      MALMOI_ASSIGN(formats::ByteReader reader, formats::ByteReader::open(work_.part(part, "sketches.zst")));
      std::string bytes;
      size_t at = 0;
      bool finished = false;
      for (const PartRecord& record : records) {
        // A sketch may lie across chunks: more is read until one is whole.
        while (true) {
          size_t before = at;
          Result<Sketch> sketch = parse_sketch(bytes, at);
          if (sketch.ok()) {
            if (out_.fates[ordinal] == Fate::kKept) MALMOI_TRY(deduper.add(ordinal, *sketch, record.quality));
            break;
          }
          at = before;
          if (finished) return std::move(sketch).error();
          bytes.erase(0, at);
          at = 0;
          MALMOI_ASSIGN(std::string_view chunk, reader.next());
          finished = chunk.empty();
          bytes += chunk;
        }
        tell("near copies", ++ordinal);
      }
    }
    MALMOI_ASSIGN(Clusters clusters, deduper.finish(
                                         [&](double share) {
                                           if (options_.progress) options_.progress("near copies compared", share);
                                         },
                                         options_.stop));
    take_clusters(clusters, Fate::kNearCopy, "near");
    return {};
  }

  // Feeds the texts that are left: first the documents of one language, then those out of mixed ones, so that a passage
  // that both hold is cut from the latter.
  template <typename Deduper>
  Status feed(Deduper& deduper, const char* what) {
    uint64_t fed = 0;
    for (int round = 0; round < 2; ++round) {
      MALMOI_TRY(out_.rewind());
      auto wanted = [&](uint64_t ordinal) { return out_.fates[ordinal] == Fate::kKept && mixed_[ordinal] == round; };
      MALMOI_TRY(for_each_document(
          work_, parts_, wanted,
          [&](uint64_t ordinal, Document& document) -> Status {
            tell(what, ++fed);
            MALMOI_TRY(out_.cut(ordinal, document.text));
            return deduper.add(ordinal + (round ? mixed_.size() : 0), document.text);
          },
          options_.stop));
    }
    return {};
  }

  // Removals by feeding order to passages by ordinal.
  Status take_removals(Removals removals, const char* name) {
    std::vector<Removal> ranges;
    MALMOI_ASSIGN(auto folder, ScratchFolder::create(work_.folder));
    auto state = std::make_unique<Passages::State>(folder, scratch_.memory_bytes / 4);
    for (uint64_t index = 0; index < 2 * mixed_.size(); ++index) {
      uint64_t ordinal = index % mixed_.size();
      if (out_.fates[ordinal] != Fate::kKept || mixed_[ordinal] != (index >= mixed_.size())) continue;
      MALMOI_TRY(removals.of(index, ranges));
      for (Removal range : ranges) {
        range.index = ordinal;
        out_.removed_bytes[ordinal] += static_cast<uint32_t>(range.end - range.begin);
        MALMOI_TRY(state->sorted.add(range));
      }
    }
    out_.report[name] = {{"passages", removals.count()}, {"bytes", removals.bytes()}};
    MALMOI_TRY(state->sorted.finish());
    MALMOI_TRY(state->advance());
    out_.passes.push_back(Passages(std::move(state)));
    for (uint64_t i = 0; i < out_.fates.size(); ++i)
      if (out_.fates[i] == Fate::kKept && out_.removed_bytes[i] > 0 &&
          bytes_[i] - std::min(bytes_[i], out_.removed_bytes[i]) < std::max<uint64_t>(1, recipe_.min_characters))
        out_.fates[i] = Fate::kOnlyCopiedPassages;
    return {};
  }

  Status paragraphs() {
    LineOptions options;
    options.unit = LineOptions::Unit::kParagraph;
    options.min_length = recipe_.paragraphs.min_length;
    MALMOI_ASSIGN(LineDeduper deduper, LineDeduper::create(options, scratch_));
    MALMOI_TRY(feed(deduper, "repeated paragraphs"));
    MALMOI_ASSIGN(Removals removals, deduper.finish());
    return take_removals(std::move(removals), "paragraphs");
  }

  Status substrings() {
    MALMOI_ASSIGN(SubstringDeduper deduper, SubstringDeduper::create({recipe_.substring.min_bytes}, scratch_));
    MALMOI_TRY(feed(deduper, "repeated passages"));
    MALMOI_ASSIGN(Removals removals, deduper.finish());
    return take_removals(std::move(removals), "substrings");
  }

  // The ids of those that stand for copies, and the beginnings of the sampled texts.
  Status name_representatives() {
    std::vector<char> wanted(mixed_.size(), 0);
    for (uint64_t i = 0; i < out_.stands_for.size(); ++i)
      if (out_.fates[i] == Fate::kExactCopy || out_.fates[i] == Fate::kNearCopy) wanted[out_.stands_for[i]] = 1;
    for (const auto& [ordinal, text] : sampled_) wanted[ordinal] = 1;
    MALMOI_ASSIGN(out_.ids, IdFile::create(work_.folder));
    MALMOI_TRY(for_each_document(
        work_, parts_, [&](uint64_t ordinal) { return wanted[ordinal] != 0; },
        [&](uint64_t ordinal, Document& document) -> Status {
          MALMOI_TRY(out_.ids->add(ordinal, document.id));
          if (auto found = sampled_.find(ordinal); found != sampled_.end()) {
            size_t room = std::min<size_t>(document.text.size(), 200);
            found->second =
                document.text.substr(0, complete_utf8_prefix(std::string_view(document.text).substr(0, room)));
          }
          return {};
        },
        options_.stop));
    for (auto& [name, report] : out_.report.items()) {
      if (!report.contains("samples")) continue;
      for (Json& sample : report["samples"]) {
        uint64_t a = sample["a"].get<uint64_t>(), b = sample["b"].get<uint64_t>();
        MALMOI_ASSIGN(sample["a"], out_.ids->of(a));
        MALMOI_ASSIGN(sample["b"], out_.ids->of(b));
        sample["text_a"] = sampled_[a];
        sample["text_b"] = sampled_[b];
      }
    }
    return {};
  }

  const WorkFolder& work_;
  uint64_t parts_;
  const Recipe& recipe_;
  Scratch scratch_;
  const DedupStageOptions& options_;
  std::vector<uint8_t> mixed_;
  std::vector<uint32_t> bytes_;
  std::map<uint64_t, std::string> sampled_;
  Decisions out_;
};

}  // namespace

Result<Decisions> decide(const WorkFolder& work, uint64_t parts, const Recipe& recipe,
                         const DedupStageOptions& options) {
  return DedupStage(work, parts, recipe, options).run();
}

}  // namespace malmoi::data
