#include "data/build/read_stage.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "base/parallel.h"
#include "data/carry.h"
#include "data/readers/input_stream.h"

namespace malmoi::data {
namespace {

// The bytes of a document, as kMemoryPerByte has them: a page of nothing but tags counts for its elements.
uint64_t weight_of(const RawDocument& raw) {
  constexpr uint64_t kMemoryPerTag = 320;
  uint64_t weight = raw.bytes.size() + raw.document.text.size();
  if (raw.payload != Payload::kHtml && raw.payload != Payload::kHtmlFragment) return weight;
  auto tags = static_cast<uint64_t>(std::count(raw.bytes.begin(), raw.bytes.end(), '<'));
  return std::max(weight, tags * kMemoryPerTag / kMemoryPerByte);
}

// Workers pull from the stream under one lock and hand in results under another. A result whose turn has not come waits
// in `waiting_`; when too much waits, workers sleep, except the one whose turn it is: so it cannot lock up.
class Pipeline {
 public:
  Pipeline(const Plan::Part& part, const Recipe& recipe, const Processor& processor, const ReadStageOptions& options,
           std::function<Status(Processed, uint64_t bytes)> sink)
      : processor_(processor),
        options_(options),
        sink_(std::move(sink)),
        stream_(part.files, reader_options(recipe), [this](Skip skip) { passed_.push_back(std::move(skip)); }) {}

  Status run() {
    parallel_team(options_.workers, [this](int) { work(); });
    if (failed_) return *failed_;
    Processed rest;
    for (const Skip& skip : passed_) Processor::pass_over(skip, rest);
    return sink_(std::move(rest), stream_.bytes_read());
  }

 private:
  static std::vector<ReaderOptions> reader_options(const Recipe& recipe) {
    std::vector<ReaderOptions> options;
    for (const SourceSpec& source : recipe.sources) {
      options.push_back(source.reader);
      options.back().limits = recipe.limits;
    }
    return options;
  }

  struct Ticket {
    uint64_t number = 0, bytes = 0, raw_bytes = 0;
    uint32_t source = 0;
    std::string id;
    RawDocument raw;
    std::vector<Skip> passed;
  };

  bool pull(Ticket& ticket) {
    std::unique_lock lock(in_mutex_);
    ticket.id = stream_.current();
    if (stop_ || !stream_.next(ticket.raw, ticket.source)) return false;
    ticket.number = pulled_++;
    ticket.id = ticket.raw.document.id;
    ticket.bytes = stream_.bytes_read();
    ticket.passed = std::exchange(passed_, {});
    // Large documents wait until enough of those before them are done; their places in the order are taken already.
    ticket.raw_bytes = weight_of(ticket.raw);
    room_.wait(lock, [&] { return stop_ || raw_bytes_ == 0 || raw_bytes_ + ticket.raw_bytes <= options_.raw_bytes; });
    if (stop_) return false;
    raw_bytes_ += ticket.raw_bytes;
    return true;
  }

  // An exception would end this worker alone: the others wait for its turn.
  void work() {
    Ticket ticket;
    Status done = carry_exceptions("", [&] { return work_on(ticket); });
    if (done.ok()) return;
    Error error = done.error();
    error.where = ticket.id;
    ticket = {};
    fail(std::move(error));
  }

  void fail(Error error) {
    {
      std::lock_guard lock(out_mutex_);
      if (!failed_) failed_ = std::move(error);
      turn_.notify_all();
    }
    std::lock_guard in(in_mutex_);
    stop_ = true;
    room_.notify_all();
  }

  Status work_on(Ticket& ticket) {
    while (pull(ticket)) {
      Processed result = processor_.process(std::move(ticket.raw), ticket.source);
      give_back(ticket.raw_bytes);
      if (!ticket.passed.empty()) {
        Processed before;
        for (const Skip& skip : ticket.passed) Processor::pass_over(skip, before);
        before.tally.merge(result.tally);
        before.events.insert(before.events.end(), std::make_move_iterator(result.events.begin()),
                             std::make_move_iterator(result.events.end()));
        result.tally = std::move(before.tally);
        result.events = std::move(before.events);
      }
      hand_in(ticket.number, std::move(result), ticket.bytes);
    }
    return {};
  }

  void give_back(uint64_t raw_bytes) {
    if (raw_bytes == 0) return;
    std::lock_guard lock(in_mutex_);
    raw_bytes_ -= raw_bytes;
    room_.notify_all();
  }

  void hand_in(uint64_t number, Processed result, uint64_t bytes) {
    std::unique_lock lock(out_mutex_);
    turn_.wait(lock, [&] { return waiting_bytes_ < options_.queue_bytes || number == next_ || failed_; });
    if (failed_) return;
    waiting_bytes_ += result.bytes();
    waiting_.emplace(number, std::pair{std::move(result), bytes});
    while (!failed_ && !waiting_.empty() && waiting_.begin()->first == next_) {
      auto [first, at] = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      waiting_bytes_ -= first.bytes();
      ++next_;
      Status done = options_.stop.check("data build", "run it again to go on");
      if (done.ok()) done = sink_(std::move(first), at);
      if (!done.ok()) failed_ = done.error();
    }
    if (failed_) {
      lock.unlock();
      std::lock_guard in(in_mutex_);
      stop_ = true;
      room_.notify_all();
    }
    turn_.notify_all();
  }

  const Processor& processor_;
  ReadStageOptions options_;
  std::function<Status(Processed, uint64_t)> sink_;
  std::mutex in_mutex_;  // guards stream_, pulled_, raw_bytes_, passed_, stop_
  std::vector<Skip> passed_;
  InputStream stream_;
  uint64_t pulled_ = 0, raw_bytes_ = 0;
  std::condition_variable room_;
  bool stop_ = false;
  std::mutex out_mutex_;  // guards the rest
  std::condition_variable turn_;
  std::map<uint64_t, std::pair<Processed, uint64_t>> waiting_;
  uint64_t waiting_bytes_ = 0, next_ = 0;
  std::optional<Error> failed_;
};

}  // namespace

Status read_part(const Plan& plan, uint64_t number, const Recipe& recipe, const Processor& processor,
                 const WorkFolder& work, const ReadStageOptions& options,
                 const std::function<void(uint64_t, uint64_t, uint64_t)>& progress) {
  MALMOI_ASSIGN(PartWriter writer, PartWriter::create(work, number, recipe.near.on));
  Tally tally;
  if (number == 0) {  // inputs that could not be listed belong to no part
    Processed unlisted;
    for (const Skip& skip : plan.skips) Processor::pass_over(skip, unlisted);
    for (const Event& event : unlisted.events) MALMOI_TRY(writer.event(event));
    tally.merge(unlisted.tally);
  }
  uint64_t before = 0;
  Pipeline pipeline(plan.parts[number], recipe, processor, options, [&](Processed result, uint64_t bytes) -> Status {
    for (const Event& event : result.events) MALMOI_TRY(writer.event(event));
    for (const Processed::Kept& kept : result.kept) MALMOI_TRY(writer.add(kept.document, kept.record, kept.sketch));
    tally.merge(result.tally);
    if (progress) progress(result.tally.get("documents.read"), result.kept.size(), bytes - std::min(before, bytes));
    before = std::max(before, bytes);
    return {};
  });
  MALMOI_TRY(pipeline.run());
  return writer.commit(tally);
}

Status read_some(const Plan& plan, uint64_t number, const Recipe& recipe, const Processor& processor,
                 const ReadStageOptions& options, const std::function<bool(Processed)>& visit) {
  bool stopped = false;
  Pipeline pipeline(plan.parts[number], recipe, processor, options, [&](Processed result, uint64_t) -> Status {
    if (!stopped) stopped = !visit(std::move(result));
    return stopped ? Status(Error{ErrorCode::kCancelled, "enough", "", ""}) : Status{};
  });
  Status done = pipeline.run();
  return stopped ? Status{} : done;
}

}  // namespace malmoi::data
