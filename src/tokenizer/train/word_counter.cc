#include "tokenizer/train/word_counter.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <numeric>
#include <queue>

#include "base/log.h"
#include "base/parallel.h"

namespace malmoi::tokenizer {
namespace {

// Counts above this share one bucket when the least count is chosen; they always stay.
constexpr size_t kCountBuckets = 1 << 16;
constexpr size_t kMaxRuns = 128;

Result<std::FILE*> open_temporary() {
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "malmoi-words-XXXXXX").string();
  if (error) return io_error("no folder for temporary files", "TMPDIR", error.value());
  int fd = ::mkstemp(name.data());
  if (fd < 0) return io_error("cannot create a temporary file", name, errno);
  ::unlink(name.c_str());
  std::FILE* file = ::fdopen(fd, "w+b");
  if (!file) {
    ::close(fd);
    return io_error("cannot create a temporary file", name, errno);
  }
  return file;
}

}  // namespace

// A sorted run on disk: (length u32, count u64, bytes) records, read one at a time.
class WordCounter::Run {
 public:
  static Result<std::unique_ptr<Run>> create() {
    MALMOI_ASSIGN(std::FILE * file, open_temporary());
    return std::unique_ptr<Run>(new Run(file));
  }
  static Result<std::unique_ptr<Run>> write(const WordCounts& counts) {
    std::vector<std::pair<std::string_view, uint64_t>> words;
    words.reserve(counts.size());
    counts.for_each([&](std::string_view word, uint64_t count) { words.emplace_back(word, count); });
    std::sort(words.begin(), words.end());
    MALMOI_ASSIGN(std::unique_ptr<Run> run, create());
    for (const auto& [word, count] : words) run->append(word, count);
    MALMOI_TRY(run->flush());
    return run;
  }
  void append(std::string_view word, uint64_t count) {
    auto length = static_cast<uint32_t>(word.size());
    failed_ = failed_ || std::fwrite(&length, sizeof length, 1, file_) != 1 ||
              std::fwrite(&count, sizeof count, 1, file_) != 1 || std::fwrite(word.data(), 1, length, file_) != length;
  }
  Status flush() {
    if (failed_ || std::fflush(file_) != 0) return io_error("cannot write word counts", "temporary file", errno);
    return {};
  }
  ~Run() { std::fclose(file_); }
  Run(const Run&) = delete;

  Status rewind() {
    std::rewind(file_);
    return next();
  }
  Status next() {
    uint32_t length = 0;
    done_ = std::fread(&length, sizeof length, 1, file_) != 1;
    if (done_)
      return std::ferror(file_) ? Status(io_error("cannot read word counts", "temporary file", errno)) : Status();
    word_.resize(length);
    if (std::fread(&count_, sizeof count_, 1, file_) != 1 || std::fread(word_.data(), 1, length, file_) != length)
      return io_error("cannot read word counts", "temporary file", errno);
    return {};
  }
  bool done() const { return done_; }
  const std::string& word() const { return word_; }
  uint64_t count() const { return count_; }

 private:
  explicit Run(std::FILE* file) : file_(file) {}
  std::FILE* file_;
  std::string word_;
  uint64_t count_ = 0;
  bool done_ = false, failed_ = false;
};

WordCounter::WordCounter(const WordSplitter& splitter, CountLimits limits)
    : splitter_(splitter), limits_(limits), tables_(std::max(1, num_threads())) {}
WordCounter::~WordCounter() = default;

Status WordCounter::count(const TextSource& source, const Job& job) {
  const auto workers = static_cast<int>(tables_.size());
  // Alone, a worker takes texts while they are in the cache; a team needs enough of them to share.
  const size_t batch_bytes = workers == 1 ? size_t{1} << 18 : (size_t{4} << 20) * workers;
  std::vector<std::string> batch;
  bool more = true;
  while (more) {
    size_t used = 0, bytes = 0;
    while (bytes < batch_bytes) {
      if (used == batch.size()) batch.emplace_back();
      batch[used].clear();
      if (more = source(batch[used]); !more) break;
      bytes += batch[used++].size();
    }
    std::atomic<size_t> next = 0;
    parallel_team(workers, [&](int worker) {
      for (size_t i = next++; i < used; i = next++) splitter_.count(batch[i], tables_[worker]);
    });
    summary_.texts += used;
    summary_.bytes += bytes;
    uint64_t memory = 0;
    for (const WordCounts& table : tables_) memory += table.memory();
    if (memory > limits_.memory / 2) MALMOI_TRY(spill());
    MALMOI_TRY(job.stop.check("", "", "training was stopped"));
    if (job.progress.due())
      job.progress(fmt::format("counting words: {} read", format_bytes(static_cast<double>(summary_.bytes))));
  }
  return {};
}

Status WordCounter::spill() {
  for (WordCounts& table : tables_) {
    if (table.size() == 0) continue;
    MALMOI_ASSIGN(std::unique_ptr<Run> run, Run::write(table));
    runs_.push_back(std::move(run));
    table.clear();
    ++summary_.spilled_runs;
  }
  if (runs_.size() < kMaxRuns) return {};
  // Too many to hold open: they become one.
  MALMOI_ASSIGN(std::unique_ptr<Run> merged, Run::create());
  MALMOI_TRY(merge_runs([&](std::string_view word, uint64_t count) { merged->append(word, count); }));
  MALMOI_TRY(merged->flush());
  runs_.clear();
  runs_.push_back(std::move(merged));
  return {};
}

// The k-way merge of all runs.
Status WordCounter::merge_runs(const Visit& visit) {
  auto later = [](const Run* a, const Run* b) { return a->word() > b->word(); };
  std::priority_queue<Run*, std::vector<Run*>, decltype(later)> heap(later);
  for (auto& run : runs_) {
    MALMOI_TRY(run->rewind());
    if (!run->done()) heap.push(run.get());
  }
  std::string word;
  uint64_t count = 0;
  while (!heap.empty()) {
    Run* run = heap.top();
    heap.pop();
    if (count && run->word() != word) {
      visit(word, count);
      count = 0;
    }
    word = run->word();
    count += run->count();
    MALMOI_TRY(run->next());
    if (!run->done()) heap.push(run);
  }
  if (count) visit(word, count);
  return {};
}

Status WordCounter::each_word(const Visit& visit) {
  if (!runs_.empty()) return merge_runs(visit);
  tables_[0].for_each(visit);
  return {};
}

uint64_t WordCounter::least_count_that_fits(const std::vector<uint64_t>& cost_by_count) const {
  uint64_t total = std::accumulate(cost_by_count.begin(), cost_by_count.end(), uint64_t{0});
  uint64_t least = 1;
  while (total > limits_.memory && least + 1 < cost_by_count.size()) total -= cost_by_count[least++];
  return least;
}

Result<WordList> WordCounter::finish(bool sorted, const Job& job) {
  if (!runs_.empty()) {
    MALMOI_TRY(spill());
  } else {
    for (size_t i = 1; i < tables_.size(); ++i) {
      tables_[0].merge(tables_[i]);
      tables_[i].clear();
    }
  }
  std::vector<uint64_t> cost_by_count(kCountBuckets);
  MALMOI_TRY(each_word([&](std::string_view word, uint64_t count) {
    cost_by_count[std::min<uint64_t>(count, kCountBuckets - 1)] +=
        word.size() * limits_.bytes_a_word_byte + limits_.bytes_a_word;
    summary_.words += count;
    ++summary_.distinct;
  }));
  summary_.least_count = least_count_that_fits(cost_by_count);
  WordList list;
  MALMOI_TRY(each_word([&](std::string_view word, uint64_t count) {
    if (count >= summary_.least_count) {
      list.push(word, count);
    } else {
      summary_.dropped_words += count;
    }
  }));
  summary_.kept_distinct = list.size();
  if (summary_.spilled_runs)
    job.message(fmt::format("word counts were larger than memory allows: {} sorted runs on disk, merged exactly",
                            summary_.spilled_runs));
  if (summary_.dropped_words)
    job.warn(
        fmt::format("{} of {} distinct words do not fit the memory limit of {}: those that came less than {} "
                    "times were left out ({:.3f} % of the text's words)",
                    summary_.distinct - list.size(), summary_.distinct,
                    format_bytes(static_cast<double>(limits_.memory)), summary_.least_count,
                    100.0 * static_cast<double>(summary_.dropped_words) / static_cast<double>(summary_.words)));
  tables_.clear();
  if (!sorted || !runs_.empty()) return list;
  std::vector<uint32_t> order(list.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return list.word(a) < list.word(b); });
  WordList result;
  for (uint32_t i : order) result.push(list.word(i), list.counts[i]);
  return result;
}

}  // namespace malmoi::tokenizer
