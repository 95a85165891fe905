#include "infer/beam_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "infer/sampling.h"

namespace malmoi::infer {
namespace {

// The score of beams that are copies of the first one until it has continuations enough.
constexpr double kHopeless = -1e9;
constexpr size_t kPromptRows = 512;  // that a pass reads

struct Beam {
  std::vector<int32_t> text;  // what the decoder reads
  double score = 0;           // sum of log-probabilities
  nn::SequenceState state;
};

// A beam with one token more.
struct Continuation {
  size_t beam = 0;
  int32_t id = 0;
  double score = 0;
  bool ends = false;
};

bool better(const Continuation& a, const Continuation& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.beam != b.beam ? a.beam < b.beam : a.id < b.id;
}

// The k best of what is offered.
class Best {
 public:
  explicit Best(size_t k) : k_(k) {}
  void offer(const Continuation& c) {
    if (heap_.size() == k_ && !better(c, heap_.front())) return;
    if (heap_.size() == k_) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(c);
    std::push_heap(heap_.begin(), heap_.end(), better);
  }
  std::vector<Continuation> sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return std::move(heap_);
  }

 private:
  size_t k_;
  std::vector<Continuation> heap_;  // the worst first
};

class BeamSearch {
 public:
  BeamSearch(Session& session, std::span<const int32_t> prompt, const BeamOptions& options)
      : session_(session), options_(options), source_(prompt), vocab_(static_cast<size_t>(session.model().outputs())) {}

  Status begin(std::span<const int32_t> text, bool encodes) {
    Beam first;
    MALMOI_ASSIGN(first.state, session_.open());
    if (encodes) MALMOI_TRY(session_.read_source(first.state, source_));
    else source_ = {};
    first.text.assign(text.begin(), text.end());
    prompt_ = first.text.size();
    for (size_t at = 0; at < prompt_; at += kPromptRows) {
      const size_t rows = std::min(kPromptRows, prompt_ - at);
      session_.append(first.state, text.subspan(at, rows), at + rows == prompt_);
      MALMOI_ASSIGN(std::span<const float> row, session_.logits());
      if (!row.empty()) logits_.assign(row.begin(), row.end());
    }
    beams_.push_back(std::move(first));
    while (beams_.size() < static_cast<size_t>(options_.beams)) {
      Beam copy{.text = beams_[0].text, .score = kHopeless};
      MALMOI_ASSIGN(copy.state, beams_[0].state.fork());
      beams_.push_back(std::move(copy));
      logits_.insert(logits_.end(), logits_.begin(), logits_.begin() + static_cast<std::ptrdiff_t>(vocab_));
    }
    return {};
  }

  // One token more for every beam. Whether to go on.
  Result<bool> step() {
    MALMOI_ASSIGN(std::vector<Continuation> best, continuations());
    ++length_;
    for (size_t i = 0; i < beams_.size() && i < best.size(); ++i) {  // what ends must be among the best
      if (best[i].ends) finish(best[i]);
    }
    const bool all_end = std::all_of(best.begin(), best.end(), [](const Continuation& c) { return c.ends; });
    if (all_end) return false;
    std::stable_partition(best.begin(), best.end(), [](const Continuation& c) { return !c.ends; });
    best.resize(std::min(best.size(), beams_.size()));
    MALMOI_TRY(move_to(best));
    if (!may_improve()) return false;
    for (Beam& beam : beams_) session_.append(beam.state, std::span<const int32_t>(beam.text).last(1));
    MALMOI_ASSIGN(std::span<const float> rows, session_.logits());
    logits_.assign(rows.begin(), rows.end());
    return true;
  }

  std::vector<BeamAnswer> answers(bool cancelled) {
    if (cancelled) {
      for (const Beam& beam : beams_)
        finished_.push_back({answer_of(beam.text), normalised(beam.score), chat::FinishReason::kCancelled});
      sort_finished();
    }
    finished_.resize(std::min(finished_.size(), static_cast<size_t>(options_.answers)));
    return std::move(finished_);
  }

 private:
  // Twice as many as beams, or as ends leave beams enough.
  Result<std::vector<Continuation>> continuations() {
    Best best(std::max<size_t>(2, 1 + options_.stop_ids.size()) * beams_.size());
    std::vector<float> scores(vocab_);
    for (size_t b = 0; b < beams_.size(); ++b) {
      std::span<const float> row(logits_.data() + b * vocab_, vocab_);
      const double total = log_sum_exp(row);
      if (!std::isfinite(total))
        return Error{ErrorCode::kInternal, "the model gave a value that is not a number", "beam search",
                     "try --dtype f32"};
      for (size_t i = 0; i < vocab_; ++i) scores[i] = static_cast<float>(static_cast<double>(row[i]) - total);
      if (options_.repetition_penalty != 1) penalise_repetition(options_.repetition_penalty, beams_[b].text, scores);
      apply_rules(options_.rules,
                  {.text = beams_[b].text,
                   .prompt = static_cast<int64_t>(prompt_),
                   .source = source_,
                   .max_tokens = options_.max_tokens,
                   .ends = options_.stop_ids},
                  scores);
      if (options_.renormalise) {
        const auto left = static_cast<float>(log_sum_exp(scores));
        for (float& score : scores) score -= left;
      }
      for (size_t i = 0; i < vocab_; ++i) {
        const auto id = static_cast<int32_t>(i);
        best.offer({b, id, beams_[b].score + static_cast<double>(scores[i]), ends(id)});
      }
    }
    return best.sorted();
  }

  bool ends(int32_t id) const {
    return length_ + 1 >= options_.max_tokens ||
           std::find(options_.stop_ids.begin(), options_.stop_ids.end(), id) != options_.stop_ids.end();
  }

  double normalised(double score) const { return normalised(score, length_); }
  double normalised(double score, int64_t length) const {
    return score / std::pow(static_cast<double>(std::max<int64_t>(length, 1)), options_.length_penalty);
  }

  std::vector<int32_t> answer_of(const std::vector<int32_t>& text) const {
    return {text.begin() + static_cast<std::ptrdiff_t>(prompt_), text.end()};
  }

  void finish(const Continuation& c) {
    BeamAnswer answer{answer_of(beams_[c.beam].text), normalised(c.score)};
    answer.ids.push_back(c.id);
    const std::vector<int32_t>& stops = options_.stop_ids;
    if (std::find(stops.begin(), stops.end(), c.id) != stops.end()) answer.finish = chat::FinishReason::kStop;
    finished_.push_back(std::move(answer));
    sort_finished();
    finished_.resize(std::min(finished_.size(), beams_.size()));
  }

  void sort_finished() {
    std::stable_sort(finished_.begin(), finished_.end(),
                     [](const BeamAnswer& a, const BeamAnswer& b) { return a.score > b.score; });
  }

  // Each continuation becomes a beam: the last one of a beam takes its state, those before it share its pages.
  Status move_to(const std::vector<Continuation>& chosen) {
    std::vector<size_t> left(beams_.size(), 0);
    for (const Continuation& c : chosen) ++left[c.beam];
    std::vector<Beam> next;
    for (const Continuation& c : chosen) {
      Beam& from = beams_[c.beam];
      Beam beam{.text = from.text, .score = c.ends ? c.score + kHopeless : c.score};
      beam.text.push_back(c.id);
      if (--left[c.beam] == 0) beam.state = std::move(from.state);
      else {
        MALMOI_ASSIGN(beam.state, from.state.fork());
      }
      next.push_back(std::move(beam));
    }
    beams_ = std::move(next);
    return {};
  }

  bool may_improve() const {
    const bool full = finished_.size() >= beams_.size();
    if (!full) return true;
    if (options_.early_stopping == EarlyStopping::kYes) return false;
    const bool at_the_longest = options_.early_stopping == EarlyStopping::kNever && options_.length_penalty > 0;
    return normalised(beams_[0].score, at_the_longest ? options_.max_tokens : length_) > finished_.back().score;
  }

  Session& session_;
  const BeamOptions& options_;
  std::span<const int32_t> source_;
  size_t vocab_, prompt_ = 0;
  int64_t length_ = 0;  // of answers so far
  std::vector<Beam> beams_;
  std::vector<float> logits_;  // [beams, vocab]
  std::vector<BeamAnswer> finished_;
};

Status check(const model::Model& model, std::span<const int32_t> prompt, std::span<const int32_t> begin,
             const BeamOptions& options) {
  if (options.beams < 1) return usage_error("there are no beams", "beams", "use 1 or more");
  if (options.answers < 1 || options.answers > options.beams)
    return usage_error(std::to_string(options.answers) + " answers of " + std::to_string(options.beams) + " beams",
                       "answers", "ask for as many as there are beams at the most");
  if (!std::isfinite(options.length_penalty))
    return usage_error("is not a number", "length_penalty", "use 0 for none, 1 for the mean");
  if (!(options.repetition_penalty > 0)) return usage_error("is not above 0", "repetition_penalty", "use 1 for none");
  if (options.max_tokens < 1) return usage_error("leaves nothing to write", "max_tokens", "use 1 or more");
  if (prompt.empty()) return usage_error("the prompt is empty", "prompt", "give at least one token");
  auto inside = [](std::span<const int32_t> ids, int64_t size) {
    return std::all_of(ids.begin(), ids.end(), [size](int32_t id) { return id >= 0 && id < size; });
  };
  if (!inside(prompt, model.vocab_size()) || !inside(begin, model.outputs()) ||
      !inside(options.stop_ids, model.outputs()))
    return usage_error("a token is outside the vocabulary", "prompt", "use the tokenizer that belongs to the model");
  return options.rules.check(model.outputs());
}

}  // namespace

Result<EarlyStopping> parse_early_stopping(const std::string& text) {
  if (text == "false") return EarlyStopping::kNo;
  if (text == "true") return EarlyStopping::kYes;
  if (text == "never") return EarlyStopping::kNever;
  return usage_error("'" + text + "' is not known", "early_stopping", "use false, true or never");
}

Result<std::vector<BeamAnswer>> beam_search(Session& session, std::span<const int32_t> prompt,
                                            std::span<const int32_t> begin, const BeamOptions& options,
                                            const StopToken& stop) {
  const model::Model& model = session.model();
  MALMOI_TRY(check_generates(model));
  const bool encodes = model.task() == model::Task::kSeq2Seq;
  MALMOI_TRY(check(model, prompt, begin, options));
  const int32_t start = model.decoder_start_token_id;
  if (encodes && begin.empty()) {
    MALMOI_TRY(check_begins(model));
    begin = {&start, 1};
  }
  std::span<const int32_t> text = encodes ? begin : prompt;
  const auto positions = static_cast<int64_t>(std::max(text.size(), encodes ? prompt.size() : 0));
  BeamOptions bounded = options;
  bounded.max_tokens = std::min(options.max_tokens, model.max_positions() - static_cast<int64_t>(text.size()));
  if (positions > model.max_positions() || bounded.max_tokens < 1)
    return usage_error(
        "the prompt has " + std::to_string(positions) + " tokens, the context " + std::to_string(model.max_positions()),
        "prompt", "shorten the prompt");
  BeamSearch search(session, prompt, bounded);
  MALMOI_TRY(search.begin(text, encodes));
  bool goes_on = true;
  while (goes_on && !stop.requested()) {
    MALMOI_ASSIGN(goes_on, search.step());
  }
  return search.answers(goes_on);
}

}  // namespace malmoi::infer
