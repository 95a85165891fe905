// Drafts by a smaller model, which reads each text beside the large one.
#include <algorithm>
#include <cmath>
#include <map>

#include "infer/drafter.h"
#include "infer/sampling.h"
#include "infer/session.h"
#include "infer/state_rules.h"

namespace malmoi::infer {
namespace {

// A token that the draft model itself thinks less probable is not worth a row of the large model.
constexpr double kLeastProbability = 0.4;
// Tokens of texts that it has not read yet, per call: answers wait no longer than that.
constexpr size_t kMostRead = 512;

class DraftModel : public Drafter {
 public:
  DraftModel(const model::Model& model, int64_t vocab_size, std::unique_ptr<Session> session)
      : vocab_size_(std::min(vocab_size, model.vocab_size())),
        outputs_(model.outputs()),
        most_(model.max_positions()),
        session_(std::move(session)) {}

  void draft(std::span<Text> texts) override {
    session_->forget();  // what a call that failed has left
    left_to_read_ = kMostRead;
    std::vector<Going> going;
    for (Text& text : texts) {
      if (text.most > 0 && is_readable(text)) catch_up(text, going);
    }
    while (!going.empty() && step(going)) {
    }
  }

  void forget(uint64_t sequence) override { readers_.erase(sequence); }

 private:
  bool is_readable(const Text& text) const {
    auto known = [&](int32_t id) { return id < vocab_size_; };
    return static_cast<int64_t>(text.ids.size()) + text.most <= most_ && std::ranges::all_of(text.ids, known);
  }

  // What the draft model has read of a text.
  struct Reader {
    nn::SequenceState state;
    std::vector<int32_t> ids;
  };
  struct Going {
    Text* text;
    Reader* reader;
    size_t rows;  // of its ids in the next pass
  };

  // Forgets what the text did not go on with, and takes the rest of it into the next pass.
  void catch_up(Text& text, std::vector<Going>& going) {
    Reader* reader = reader_of(text.sequence);
    if (!reader) return;
    auto same = static_cast<size_t>(
        std::mismatch(reader->ids.begin(), reader->ids.end(), text.ids.begin(), text.ids.end()).first -
        reader->ids.begin());
    same = std::min(same, text.ids.size() - 1);  // the last one is read again, for its logits
    if (!reader->state.truncate(static_cast<int64_t>(same))) reader->state.truncate(same = 0);
    const size_t rows = std::min(text.ids.size() - same, left_to_read_);
    left_to_read_ -= rows;
    if (rows == 0) return;
    const auto next = text.ids.subspan(same, rows);
    reader->ids.resize(same);
    reader->ids.insert(reader->ids.end(), next.begin(), next.end());
    going.push_back({&text, reader, rows});
  }

  Reader* reader_of(uint64_t sequence) {
    if (auto known = readers_.find(sequence); known != readers_.end()) return &known->second;
    auto state = session_->open();
    if (!state.ok()) return nullptr;
    return &readers_.emplace(sequence, Reader{*std::move(state), {}}).first->second;
  }

  // One pass. Those that are to guess more stay in `going`. False: it could not run, and nothing more is guessed.
  bool step(std::vector<Going>& going) {
    for (Going& one : going)
      session_->append(one.reader->state, std::span<const int32_t>(one.reader->ids).last(one.rows));
    auto logits = session_->logits();
    if (!logits.ok()) {
      readers_.clear();  // its memory is spent: who still writes is read anew
      return false;
    }
    std::vector<Going> more;
    for (size_t i = 0; i < going.size(); ++i) {
      const auto row = logits->subspan(i * static_cast<size_t>(outputs_), static_cast<size_t>(outputs_));
      if (take(going[i], row)) more.push_back(going[i]);
    }
    going = std::move(more);
    return true;
  }

  // The next token of a guess. Whether there is to be one more.
  bool take(Going& one, std::span<const float> row) {
    Text& text = *one.text;
    if (one.reader->ids.size() < text.ids.size()) return false;  // not read to its end yet
    const Candidate best = top_candidates(row, 1)[0];
    if (best.id >= vocab_size_ || !(std::exp(best.logprob) >= kLeastProbability)) return false;
    text.draft.push_back(best.id);
    if (static_cast<int64_t>(text.draft.size()) >= text.most) return false;
    one.reader->ids.push_back(best.id);
    one.rows = 1;
    return true;
  }

  int64_t vocab_size_;  // of both models
  int64_t outputs_, most_;
  std::unique_ptr<Session> session_;
  std::map<uint64_t, Reader> readers_;
  size_t left_to_read_ = 0;  // in a call
};

}  // namespace

Result<std::unique_ptr<Drafter>> make_draft_model(const model::Model& model, int64_t vocab_size, size_t bytes) {
  MALMOI_TRY(check_continues(model));
  // Vocabularies of one tokenizer may be filled up to different sizes.
  constexpr int64_t kMostFilled = 1024;
  if (std::abs(model.outputs() - vocab_size) > kMostFilled)
    return usage_error("the draft model writes " + std::to_string(model.outputs()) + " tokens, the model " +
                           std::to_string(vocab_size),
                       "draft model", "use a smaller model with the same tokenizer");
  MALMOI_ASSIGN(auto session, Session::create(model, {.row_invariant = false, .state_bytes = bytes}));
  if (!can_truncate(session->pool()))
    return unsupported("a recurrent model cannot take back what it drafted", "draft model",
                       "use one that keeps keys and values");
  return std::make_unique<DraftModel>(model, vocab_size, std::move(session));
}

}  // namespace malmoi::infer
