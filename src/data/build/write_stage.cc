#include "data/build/write_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <optional>

#include "base/parallel.h"
#include "base/utf8.h"
#include "data/build/buckets.h"
#include "data/build/part_documents.h"
#include "data/build/placement.h"
#include "data/dedup/scratch.h"
#include "data/readers/convert.h"
#include "data/readers/markdown.h"

namespace malmoi::data {
namespace {

constexpr const char* kSplitNames[] = {"train", "valid", "test"};

class WriteStage {
 public:
  WriteStage(const WorkFolder& work, uint64_t parts, const Recipe& recipe, Decisions& decisions, const Path& out,
             formats::ZstdWriter& events, const WriteStageOptions& options)
      : work_(work),
        parts_(parts),
        recipe_(recipe),
        decisions_(decisions),
        out_(out),
        events_(events),
        options_(options) {}

  Result<WriteResult> run() {
    MALMOI_ASSIGN(folder_, ScratchFolder::create(work_.folder));
    MALMOI_ASSIGN(placed_, place_documents(work_, parts_, recipe_, decisions_, folder_, options_.memory_bytes / 4));
    if (placed_.left_out > 0) result_.tally.add("dropped.mix", placed_.left_out);
    MALMOI_TRY(distribute());
    MALMOI_TRY(compress());
    return std::move(result_);
  }

 private:
  Status drop(const Document& document, const std::string& rule, std::string detail) {
    result_.tally.add("dropped." + rule);
    return events_.write(event_to_line({document.id, rule, std::move(detail), true}));
  }

  Status note_copy(uint64_t ordinal, const Document& document) {
    Fate fate = decisions_.fates[ordinal];
    if (fate == Fate::kOnlyCopiedPassages) return drop(document, "dedup.passages", "nothing left but copies");
    MALMOI_ASSIGN(std::string original, decisions_.ids->of(decisions_.stands_for[ordinal]));
    return drop(document, fate == Fate::kExactCopy ? "dedup.exact" : "dedup.near", "copy of " + original);
  }

  // Every text once through the buckets of the shards it goes to.
  Status distribute() {
    buckets_.emplace(folder_->file("."), placed_.shards.size(),
                     std::clamp<uint64_t>(options_.memory_bytes / 8, 1 << 20, 256 << 20));
    Placement next;
    MALMOI_ASSIGN(bool more, placed_.in_order->next(next));
    uint64_t passed = 0;
    MALMOI_TRY(for_each_document(
        work_, parts_, {},
        [&](uint64_t ordinal, Document& document) -> Status {
          if (decisions_.fates[ordinal] != Fate::kKept) return note_copy(ordinal, document);
          size_t before = document.text.size();
          MALMOI_TRY(decisions_.cut(ordinal, document.text));
          if (document.text.size() != before) {
            document.text = recipe_.format == TextFormat::kMarkdown
                                ? drop_empty_sections(tidy_whitespace(document.text))
                                : tidy_whitespace(document.text);
            result_.tally.add("changed.dedup.passages");
            MALMOI_TRY(events_.write(
                event_to_line({document.id, "dedup.passages",
                               std::to_string(before - document.text.size()) + " bytes that stand elsewhere", false})));
          }
          bool enough = count_code_points(document.text) >= recipe_.min_characters;
          if (!enough) MALMOI_TRY(drop(document, "dedup.passages", "nothing left but copies"));
          while (more && next.ordinal == ordinal) {
            if (enough) MALMOI_TRY(write_copy(next, document));
            MALMOI_ASSIGN(more, placed_.in_order->next(next));
          }
          passed += before;
          if (options_.progress) options_.progress(passed, placed_.bytes);
          return {};
        },
        options_.stop));
    return buckets_->flush();
  }

  Status write_copy(const Placement& placement, const Document& document) {
    count(document, placed_.shards[placement.shard].split);
    if (placement.copy == 0)
      return buckets_->add(placement.shard, placement.position, document_to_line(document) + "\n");
    Document copy = document;
    copy.id += "+" + std::to_string(placement.copy);
    return buckets_->add(placement.shard, placement.position, document_to_line(copy) + "\n");
  }

  void count(const Document& document, uint64_t split) {
    Tally& tally = result_.tally;
    uint64_t bytes = document.text.size();
    uint64_t characters = count_code_points(document.text);
    const std::string language = document.language.empty() ? "none" : document.language;
    const std::string source = json_string(document.meta, "source", "unknown");
    tally.add("kept.documents");
    tally.add("kept.bytes", bytes);
    tally.add("kept.characters", characters);
    tally.add(std::string("split.") + kSplitNames[split] + ".documents");
    tally.add(std::string("split.") + kSplitNames[split] + ".bytes", bytes);
    tally.add("language." + language + ".documents");
    tally.add("language." + language + ".bytes", bytes);
    tally.add("source." + source + ".documents");
    tally.add("source." + source + ".bytes", bytes);
    tally.add("license." + (document.license.empty() ? "unknown" : document.license) + ".documents");
    tally.add("license." + (document.license.empty() ? "unknown" : document.license) + ".bytes", bytes);
    int width = std::bit_width(characters);
    tally.add(fmt::format("length.{:02}", width));
    uint64_t seen = sampled_[source + "/" + language]++;
    if (seen < 2 && result_.samples.size() < 20) {
      size_t room = complete_utf8_prefix(std::string_view(document.text).substr(0, 300));
      result_.samples.push_back(
          {{"id", document.id}, {"source", source}, {"language", language}, {"text", document.text.substr(0, room)}});
    }
  }

  // Shards are compressed several at a time, as many as the memory holds.
  Status compress() {
    int workers = static_cast<int>(std::clamp<uint64_t>(options_.memory_bytes / (3 * recipe_.shard_bytes + 1), 1,
                                                        static_cast<uint64_t>(options_.workers)));
    std::vector<Shard> shards(placed_.shards.size());
    std::vector<Status> failures(shards.size());
    std::atomic<size_t> next{0};
    parallel_team(workers, [&](int) {
      for (size_t i = next++; i < shards.size(); i = next++) failures[i] = write_shard(i, shards[i]);
    });
    for (const Status& failure : failures) MALMOI_TRY(failure);
    for (Shard& shard : shards)
      if (shard.documents > 0) result_.shards.push_back(std::move(shard));
    return {};
  }

  Status write_shard(size_t index, Shard& shard) {
    MALMOI_TRY(options_.stop.check("data build", "run it again to go on"));
    std::string bytes;
    MALMOI_ASSIGN(std::vector<std::string_view> lines, buckets_->load(index, bytes));
    if (lines.empty()) return {};
    shard.split = kSplitNames[placed_.shards[index].split];
    std::string hashes;  // of the lines, so that no second copy of the shard is needed
    for (std::string_view line : lines) {
      Hash128 hash = hash128(line);
      hashes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
      ++shard.documents;
      size_t text = line.find("\",\"text\":\"");
      size_t end = line.find("\",\"title\":\"", text);
      shard.text_bytes += text == std::string_view::npos || end == std::string_view::npos ? 0 : end - text - 10;
    }
    shard.file =
        fmt::format("{}-{:05}.jsonl{}", shard.split, placed_.shards[index].number, recipe_.compression ? ".zst" : "");
    MALMOI_ASSIGN(shard.file_bytes, write_lines(out_ / shard.file, lines));
    shard.hash = to_hex(hash128(hashes));
    buckets_->remove(index);
    return {};
  }

  // The bytes that the file has then.
  Result<uint64_t> write_lines(const Path& path, const std::vector<std::string_view>& lines) const {
    if (recipe_.compression == 0) {
      std::string all;
      for (std::string_view line : lines) all += line;
      MALMOI_TRY(write_file(path, all));
      return all.size();
    }
    MALMOI_ASSIGN(formats::ZstdWriter writer, formats::ZstdWriter::create(path, recipe_.compression));
    for (std::string_view line : lines) MALMOI_TRY(writer.write(line));
    MALMOI_TRY(writer.commit());
    return writer.compressed_size();
  }

  const WorkFolder& work_;
  uint64_t parts_;
  const Recipe& recipe_;
  Decisions& decisions_;
  Path out_;
  formats::ZstdWriter& events_;
  const WriteStageOptions& options_;
  std::shared_ptr<ScratchFolder> folder_;
  Placements placed_;
  std::optional<Buckets> buckets_;
  std::map<std::string, uint64_t> sampled_;
  WriteResult result_;
};

}  // namespace

Result<WriteResult> write_shards(const WorkFolder& work, uint64_t parts, const Recipe& recipe, Decisions& decisions,
                                 const Path& out, formats::ZstdWriter& events, const WriteStageOptions& options) {
  return WriteStage(work, parts, recipe, decisions, out, events, options).run();
}

}  // namespace malmoi::data
