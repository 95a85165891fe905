#include "data/build/build.h"

#include <algorithm>

#include "base/file_lock.h"
#include "base/log.h"
#include "data/build/card.h"
#include "data/build/dedup_stage.h"
#include "data/build/plan.h"
#include "data/build/progress.h"
#include "data/build/write_stage.h"
#include "data/carry.h"
#include "data/corpus.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {
namespace {

class Build {
 public:
  Build(const Recipe& recipe, const BuildOptions& options, const Job& job)
      : recipe_(recipe), options_(options), job_(job), progress_(job.progress), started_(monotonic_seconds()) {}

  Result<BuildResult> run() {
    // With a tight limit, the tree of one page must fit; how many at once is the read stage's to see to. The number of
    // workers stays out of it, so that machines of different sizes build the same corpus together.
    recipe_.limits.document_bytes =
        std::min<uint64_t>(recipe_.limits.document_bytes, options_.memory_bytes / kMemoryPerByte);
    for (SourceSpec& source : recipe_.sources) source.reader.limits = recipe_.limits;
    if (recipe_.shard_bytes * 3 > options_.memory_bytes)
      return usage_error(
          "a shard of " + std::to_string(recipe_.shard_bytes) + " bytes does not fit the memory limit three times",
          "output.shard_bytes", "lower it, or raise --memory-limit");
    MALMOI_ASSIGN(plan_, make_plan(recipe_));
    if (plan_.parts.empty())
      return not_found("no document in the inputs", recipe_.sources[0].paths[0],
                       "name files or folders that hold some");
    BuildResult result;
    if (!options_.force && is_built()) {
      MALMOI_ASSIGN(result.report, read_json((recipe_.out / "report.json").string()));
      result.present = true;
      result.skipped = result.report.contains("skipped") && !result.report["skipped"].empty();
      return result;
    }
    MALMOI_TRY(refuse_foreign_folder());
    work_.folder = recipe_.out / ("work-" + plan_.key);
    MALMOI_TRY(make_folder(work_.folder));
    MALMOI_TRY(read_parts());
    for (uint64_t part = 0; part < plan_.parts.size(); ++part)
      if (!work_.done(part)) {
        result.waiting = true;
        return result;
      }
    MALMOI_ASSIGN(FileLock lock, FileLock::open(recipe_.out / ".lock"));
    if (!lock.try_lock() || (options_.world > 1 && is_built())) {
      result.waiting = !is_built();
      return result;
    }
    return finish();
  }

 private:
  bool is_built() const {
    if (!Corpus::is_corpus(recipe_.out)) return false;
    auto corpus = Corpus::open(recipe_.out);
    return corpus.ok() && json_string(corpus->manifest(), "build") == plan_.key;
  }

  // NAME.PROCESS.tmp: what a killed process was writing of a corpus.
  static bool is_left_by_a_kill(const std::string& name) {
    if (!name.ends_with(".tmp")) return false;
    const size_t number = name.rfind('.', name.size() - 5);
    if (number == std::string::npos || number + 5 == name.size()) return false;
    const std::string whole = name.substr(0, number);
    constexpr std::string_view kFiles[] = {"events.jsonl.zst", "manifest.json", "report.json", "report.html",
                                           "datacard.json",    "DATACARD.md",   "README.md"};
    return is_shard(whole) || std::find(std::begin(kFiles), std::end(kFiles), whole) != std::end(kFiles);
  }
  static bool is_shard(const std::string& name) {
    bool split = name.starts_with("train-") || name.starts_with("valid-") || name.starts_with("test-");
    return split && (name.ends_with(".jsonl.zst") || name.ends_with(".jsonl"));
  }

  // A folder that holds something else than a corpus is not ours to fill. Hidden files are nothing of value: a lock, the mark
  // of the recipe that the folder belongs to.
  Status refuse_foreign_folder() const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(recipe_.out, error)) {
      std::string name = entry.path().filename().string();
      bool ours = name.starts_with("work-") || name.starts_with('.') || Corpus::is_corpus(recipe_.out) ||
                  name.ends_with(".tmp") || is_shard(name) || name == "events.jsonl.zst" ||
                  name.starts_with("report.") || name == "DATACARD.md" || name == "README.md" ||
                  name == "datacard.json";
      if (!ours)
        return usage_error("holds other files (" + name + ")", recipe_.out.string(), "name an empty or new folder");
    }
    return {};
  }

  void tell(const std::string& stage) { progress_.show({stage, documents_, kept_, done_bytes_, plan_.bytes}); }

  Status read_parts() {
    MALMOI_ASSIGN(std::unique_ptr<Processor> processor, Processor::create(recipe_, options_.filters));
    ReadStageOptions stage{std::clamp<uint64_t>(options_.memory_bytes / 8, 1 << 20, 256 << 20), options_.workers,
                           options_.memory_bytes / 2 / kMemoryPerByte, job_.stop};
    for (uint64_t part = 0; part < plan_.parts.size(); ++part) {
      if (part % static_cast<uint64_t>(options_.world) != static_cast<uint64_t>(options_.rank)) continue;
      if (work_.done(part)) {
        done_bytes_ += plan_.parts[part].bytes;
        auto tally = read_part_tally(work_, part);
        if (!tally.ok()) continue;
        documents_ += tally->get("documents.read");
        kept_ += tally->get("documents.passed");
        continue;
      }
      uint64_t counted = 0;
      MALMOI_TRY(read_part(plan_, part, recipe_, *processor, work_, stage,
                           [&](uint64_t documents, uint64_t kept, uint64_t bytes) {
                             documents_ += documents;
                             kept_ += kept;
                             done_bytes_ += bytes;
                             counted += bytes;
                             tell("read");
                           }));
      done_bytes_ += plan_.parts[part].bytes - std::min(plan_.parts[part].bytes, counted);
    }
    return {};
  }

  Status copy_events(formats::ZstdWriter& events) {
    for (uint64_t part = 0; part < plan_.parts.size(); ++part) {
      MALMOI_ASSIGN(formats::ByteReader reader, formats::ByteReader::open(work_.part(part, "events.zst")));
      while (true) {
        MALMOI_ASSIGN(std::string_view chunk, reader.next());
        if (chunk.empty()) break;
        MALMOI_TRY(events.write(chunk));
      }
    }
    return {};
  }

  // An older corpus in the same folder goes only now, when the new one is about to be written.
  Status remove_old_corpus() {
    std::error_code ignored;
    std::filesystem::remove(recipe_.out / "manifest.json", ignored);
    for (const auto& entry : std::filesystem::directory_iterator(recipe_.out, ignored)) {
      std::string name = entry.path().filename().string();
      bool stale = name.starts_with("work-") && entry.path() != work_.folder;
      if (is_shard(name) || is_left_by_a_kill(name)) std::filesystem::remove(entry.path(), ignored);
      if (stale) std::filesystem::remove_all(entry.path(), ignored);
    }
    return {};
  }

  Result<BuildResult> finish() {
    Tally tally;
    for (uint64_t part = 0; part < plan_.parts.size(); ++part) {
      MALMOI_ASSIGN(Tally one, read_part_tally(work_, part));
      tally.merge(one);
    }
    MALMOI_TRY(remove_old_corpus());
    tell("deduplicate");
    MALMOI_ASSIGN(Decisions decisions, decide(work_, plan_.parts.size(), recipe_,
                                              {options_.memory_bytes, options_.workers,
                                               [&](const std::string& what, double fraction) {
                                                 progress_.show({"deduplicate: " + what, documents_, kept_,
                                                                 static_cast<uint64_t>(1000 * fraction), 1000});
                                               },
                                               job_.stop}));
    MALMOI_ASSIGN(formats::ZstdWriter events,
                  formats::ZstdWriter::create(recipe_.out / "events.jsonl.zst", std::max(1, recipe_.compression)));
    MALMOI_TRY(copy_events(events));
    WriteStageOptions write;
    write.memory_bytes = options_.memory_bytes;
    write.workers = options_.workers;
    write.stop = job_.stop;
    write.progress = [&](uint64_t bytes, uint64_t total) {
      progress_.show({"write", documents_, kept_, bytes, total});
    };
    MALMOI_ASSIGN(WriteResult written,
                  write_shards(work_, plan_.parts.size(), recipe_, decisions, recipe_.out, events, write));
    MALMOI_TRY(events.commit());
    tally.merge(written.tally);
    CardInput card{
        recipe_, plan_, tally, written.shards, written.samples, decisions.report, monotonic_seconds() - started_};
    BuildResult result;
    result.report = make_report(card);
    result.skipped = tally.get("inputs.skipped") > 0;
    MALMOI_TRY(write_cards(card, result.report));
    std::error_code ignored;
    decisions.passes.clear();
    if (!options_.keep_work) std::filesystem::remove_all(work_.folder, ignored);
    std::filesystem::remove(recipe_.out / ".lock", ignored);
    return result;
  }

  Recipe recipe_;
  const BuildOptions& options_;
  const Job& job_;
  BuildProgress progress_;
  double started_;
  Plan plan_;
  WorkFolder work_;
  uint64_t documents_ = 0, kept_ = 0, done_bytes_ = 0;
};

}  // namespace

Result<BuildResult> build_corpus(const Recipe& recipe, const BuildOptions& options, const Job& job) {
  if (recipe.out.empty())
    return usage_error("no folder for the corpus", "out", "say --out DIR, or `out:` in the recipe");
  if (options.world < 1 || options.rank < 0 || options.rank >= options.world)
    return usage_error("rank " + std::to_string(options.rank) + " of " + std::to_string(options.world), "--rank",
                       "ranks count from 0 to world - 1");
  MALMOI_TRY(make_folder(recipe.out));
  Result<BuildResult> result = BuildResult{};
  MALMOI_TRY(carry_exceptions(recipe.out.string(), [&]() -> Status {
    result = Build(recipe, options, job).run();
    return {};
  }));
  return result;
}

}  // namespace malmoi::data
