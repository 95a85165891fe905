#include "data/build/write_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <mutex>

#include "base/parallel.h"
#include "base/utf8.h"
#include "data/build/part_documents.h"
#include "data/dedup/scratch.h"
#include "data/readers/convert.h"
#include "data/readers/markdown.h"

namespace malmoi::data {
namespace {

constexpr const char* kSplitNames[] = {"train", "valid", "test"};

// One copy of a document in the order of the output.
struct OrderRecord {
  uint64_t split = 0, key = 0, ordinal = 0, copy = 0, bytes = 0;
  auto operator<=>(const OrderRecord&) const = default;
};

// Where a copy goes.
struct Placement {
  uint64_t ordinal = 0, copy = 0, shard = 0, position = 0;
  auto operator<=>(const Placement&) const = default;
};

double unit_interval(uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1.0p-53; }

uint64_t mix_hash(uint64_t a, uint64_t b) {
  uint64_t words[2] = {a, b};
  return hash64({reinterpret_cast<const char*>(words), sizeof words});
}

// Texts on their way to their shards: buffered in memory, appended to one file a shard when the buffers are full.
class Buckets {
 public:
  Buckets(Path folder, uint64_t shards, uint64_t memory)
      : folder_(std::move(folder)), buffers_(shards), memory_(memory) {}

  Status add(uint64_t shard, uint64_t position, std::string_view line) {
    uint64_t head[2] = {position, line.size()};
    buffers_[shard].append(reinterpret_cast<const char*>(head), sizeof head).append(line);
    held_ += sizeof head + line.size();
    return held_ > memory_ ? flush() : Status{};
  }

  Status flush() {
    for (size_t i = 0; i < buffers_.size(); ++i) {
      if (buffers_[i].empty()) continue;
      std::FILE* file = std::fopen(path(i).c_str(), written_ > 0 && exists(i) ? "ab" : "wb");
      if (!file) return io_error("cannot create", path(i).string(), errno);
      bool whole = std::fwrite(buffers_[i].data(), 1, buffers_[i].size(), file) == buffers_[i].size();
      whole = std::fclose(file) == 0 && whole;
      if (!whole) return io_error("cannot write", path(i).string(), errno);
      std::string().swap(buffers_[i]);
    }
    held_ = 0;
    ++written_;
    return {};
  }

  // The lines of a shard in the order of their positions.
  Result<std::vector<std::string_view>> load(uint64_t shard, std::string& bytes) const {
    bytes.clear();
    if (exists(shard)) {
      MALMOI_ASSIGN(bytes, read_file(path(shard)));
    }
    std::vector<std::pair<uint64_t, std::string_view>> entries;
    for (size_t at = 0; at < bytes.size();) {
      uint64_t head[2];
      if (bytes.size() - at < sizeof head) return internal_error("a torn bucket", path(shard).string());
      std::memcpy(head, bytes.data() + at, sizeof head);
      at += sizeof head;
      if (bytes.size() - at < head[1]) return internal_error("a torn bucket", path(shard).string());
      entries.emplace_back(head[0], std::string_view(bytes).substr(at, head[1]));
      at += head[1];
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string_view> lines;
    for (const auto& [position, line] : entries) lines.push_back(line);
    return lines;
  }

  void remove(uint64_t shard) const {
    std::error_code ignored;
    std::filesystem::remove(path(shard), ignored);
  }

 private:
  Path path(uint64_t shard) const { return folder_ / fmt::format("bucket-{:05}", shard); }
  bool exists(uint64_t shard) const {
    std::error_code ignored;
    return std::filesystem::exists(path(shard), ignored);
  }
  Path folder_;
  std::vector<std::string> buffers_;
  uint64_t memory_, held_ = 0, written_ = 0;
};

class Stage {
 public:
  Stage(const WorkFolder& work, uint64_t parts, const Recipe& recipe, Decisions& decisions, const Path& out,
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
    MALMOI_TRY(place());
    MALMOI_TRY(distribute());
    MALMOI_TRY(compress());
    return std::move(result_);
  }

 private:
  uint64_t left_of(uint64_t ordinal, const PartRecord& record) const {
    return record.bytes - std::min<uint64_t>(record.bytes, decisions_.removed_bytes[ordinal]);
  }

  Status each_kept_record(const std::function<Status(uint64_t ordinal, const PartRecord& record)>& visit) {
    uint64_t ordinal = 0;
    for (uint64_t part = 0; part < parts_; ++part) {
      MALMOI_ASSIGN(std::vector<PartRecord> records, read_part_index(work_, part));
      for (const PartRecord& record : records) {
        if (decisions_.fates[ordinal] == Fate::kKept) MALMOI_TRY(visit(ordinal, record));
        ++ordinal;
      }
    }
    return {};
  }

  uint64_t group_of(const PartRecord& record) const {
    return recipe_.exact || recipe_.group != GroupBy::kDocument ? record.group : record.text.low;
  }

  // Decides split, copies, order and shard of every document; nothing but records is in memory.
  Status place() {
    std::vector<uint64_t> source_bytes(recipe_.sources.size(), 0);
    uint64_t nearest = 0;
    double nearest_value = 2;
    uint64_t held_out = 0, documents = 0;
    MALMOI_TRY(each_kept_record([&](uint64_t ordinal, const PartRecord& record) -> Status {
      int split = split_of(recipe_, group_of(record));
      if (split == 0) source_bytes[record.source] += left_of(ordinal, record);
      held_out += split == 1;
      ++documents;
      double value = unit_interval(mix_hash(group_of(record), recipe_.seed));
      if (value < nearest_value) {
        nearest_value = value;
        nearest = group_of(record);
      }
      return {};
    }));
    // A corpus too small for its fraction still holds something out.
    bool force = held_out == 0 && recipe_.valid_fraction > 0 && documents > 1;
    std::vector<double> factors = mixing_factors(recipe_, source_bytes);
    ExternalSorter<OrderRecord> order(folder_, "order", options_.memory_bytes / 8);
    MALMOI_TRY(each_kept_record([&](uint64_t ordinal, const PartRecord& record) -> Status {
      int split = force && group_of(record) == nearest ? 1 : split_of(recipe_, group_of(record));
      double factor = split == 0 ? factors[record.source] : 1;
      auto copies = static_cast<uint64_t>(factor);
      copies += unit_interval(mix_hash(record.id, recipe_.seed ^ 0x6d6978)) < factor - static_cast<double>(copies);
      uint64_t bytes = left_of(ordinal, record);
      if (copies == 0) result_.tally.add("dropped.mix");
      for (uint64_t copy = 0; copy < copies; ++copy)
        MALMOI_TRY(
            order.add({static_cast<uint64_t>(split), key_of(ordinal, record, bytes, copy), ordinal, copy, bytes}));
      return {};
    }));
    MALMOI_TRY(order.finish());
    placements_ = std::make_unique<ExternalSorter<Placement>>(folder_, "placements", options_.memory_bytes / 8);
    uint64_t position = 0, filled = 0, last_split = UINT64_MAX;
    shard_bytes_ = recipe_.shard_bytes;
    OrderRecord record;
    while (true) {
      MALMOI_ASSIGN(bool more, order.next(record));
      if (!more) break;
      if (record.split != last_split || filled >= shard_bytes_) {
        uint64_t in_split = record.split == last_split ? shard_numbers_.back() + 1 : 0;
        shard_splits_.push_back(record.split);
        shard_numbers_.push_back(in_split);
        last_split = record.split;
        filled = 0;
      }
      filled += record.bytes;
      total_ += record.bytes;
      MALMOI_TRY(placements_->add({record.ordinal, record.copy, shard_splits_.size() - 1, position++}));
    }
    return placements_->finish();
  }

  uint64_t key_of(uint64_t ordinal, const PartRecord& record, uint64_t bytes, uint64_t copy) const {
    uint64_t shuffled = mix_hash(record.id ^ (copy * 0x9E3779B97F4A7C15ull), recipe_.seed);
    if (recipe_.curriculum) {
      auto length_class = static_cast<uint64_t>(std::clamp(static_cast<int>(std::bit_width(bytes)) - 8, 0, 7));
      return length_class << 61 | shuffled >> 3;
    }
    return recipe_.shuffle ? shuffled : ordinal;
  }

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
    buckets_.emplace(folder_->file("."), shard_splits_.size(),
                     std::clamp<uint64_t>(options_.memory_bytes / 8, 1 << 20, 256 << 20));
    Placement next;
    MALMOI_ASSIGN(bool more, placements_->next(next));
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
            MALMOI_ASSIGN(more, placements_->next(next));
          }
          passed += before;
          if (options_.progress) options_.progress(passed, total_);
          return {};
        },
        options_.stop));
    return buckets_->flush();
  }

  Status write_copy(const Placement& placement, const Document& document) {
    count(document, shard_splits_[placement.shard]);
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
    int workers = static_cast<int>(std::clamp<uint64_t>(options_.memory_bytes / (3 * shard_bytes_ + 1), 1,
                                                        static_cast<uint64_t>(options_.workers)));
    std::vector<Shard> shards(shard_splits_.size());
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
    shard.split = kSplitNames[shard_splits_[index]];
    std::string hashes;  // of the lines, so that no second copy of the shard is needed
    for (std::string_view line : lines) {
      Hash128 hash = hash128(line);
      hashes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
      ++shard.documents;
      size_t text = line.find("\",\"text\":\"");
      size_t end = line.find("\",\"title\":\"", text);
      shard.text_bytes += text == std::string_view::npos || end == std::string_view::npos ? 0 : end - text - 10;
    }
    shard.file = fmt::format("{}-{:05}.jsonl{}", shard.split, shard_numbers_[index], recipe_.compression ? ".zst" : "");
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
  std::unique_ptr<ExternalSorter<Placement>> placements_;
  std::vector<uint64_t> shard_splits_, shard_numbers_;
  uint64_t shard_bytes_ = 0, total_ = 0;
  std::optional<Buckets> buckets_;
  std::map<std::string, uint64_t> sampled_;
  WriteResult result_;
};

}  // namespace

std::vector<double> mixing_factors(const Recipe& recipe, const std::vector<uint64_t>& bytes) {
  std::vector<double> factors;
  bool weighted = recipe.temperature != 1;
  for (const SourceSpec& source : recipe.sources) {
    factors.push_back(source.epochs);
    weighted |= source.weight > 0;
  }
  if (!weighted) return factors;
  std::vector<double> shares;
  for (size_t s = 0; s < bytes.size(); ++s) {
    double size = static_cast<double>(bytes[s]);
    bool any = std::any_of(recipe.sources.begin(), recipe.sources.end(),
                           [](const SourceSpec& source) { return source.weight > 0; });
    shares.push_back(bytes[s] == 0 ? 0 : any ? recipe.sources[s].weight : std::pow(size, 1 / recipe.temperature));
  }
  // The largest total at which no source is taken more often than its epochs.
  double total = 1e300;
  for (size_t s = 0; s < bytes.size(); ++s)
    if (shares[s] > 0) total = std::min(total, static_cast<double>(bytes[s]) * recipe.sources[s].epochs / shares[s]);
  for (size_t s = 0; s < bytes.size(); ++s)
    factors[s] = shares[s] > 0 ? total * shares[s] / static_cast<double>(bytes[s]) : 0;
  return factors;
}

int split_of(const Recipe& recipe, uint64_t group) {
  double value = unit_interval(mix_hash(group, recipe.seed));
  if (value < recipe.valid_fraction) return 1;
  return value < recipe.valid_fraction + recipe.test_fraction ? 2 : 0;
}

Result<WriteResult> write_shards(const WorkFolder& work, uint64_t parts, const Recipe& recipe, Decisions& decisions,
                                 const Path& out, formats::ZstdWriter& events, const WriteStageOptions& options) {
  return Stage(work, parts, recipe, decisions, out, events, options).run();
}

}  // namespace malmoi::data
