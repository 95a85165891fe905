// The scheduler: many sequences decoded together, step by step, on the thread that calls it. Ids alone, no text.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "infer/drafter.h"
#include "infer/prefix_tree.h"
#include "infer/session.h"
#include "infer/token_request.h"

namespace malmoi::infer {

struct SchedulerOptions {
  int64_t max_running = 32;    // answers decoded together; short prompts that wait for long ones get a quarter more
  int64_t prefill_rows = 512;  // prompt tokens that a step reads, and a quarter more; beside answers a quarter of it
  size_t state_bytes = 0;      // that the states of all sequences may take; 0: half of what the machine has free
  nn::KeyType keys = nn::KeyType::kModel;  // what keys and values are kept as
  /// Of these, what prompts that were read may keep for those that begin as they do; 0: nothing. Room is made for sequences
  /// that run first.
  size_t prefix_bytes = 0;
  /// What guesses tokens ahead (drafter.h); null: nothing is guessed. Of schedulers that share one, one has answers under
  /// way at a time.
  std::shared_ptr<Drafter> drafter;
};

struct SchedulerStats {
  int64_t running = 0, waiting = 0;  // answers
  int64_t prompt_tokens = 0, generated_tokens = 0, requests = 0;
  int64_t cached_tokens = 0;  // of the prompts' tokens, those that had been read for another request
  int64_t draft_tokens = 0, accepted_draft_tokens = 0;
  size_t state_bytes = 0;   // held by sequences, and by prompts that are kept
  size_t state_budget = 0;  // that they may hold together
};

/// One step is one forward pass: each answer under way takes its next token, and prompts are read in pieces beside them.
///
/// Rows of a step are shared among clients by fair queueing (Demers et al. 1989): of the next pieces of all prompts, those
/// come first that would end first if every client had read an equal share since it came. So a short prompt does not wait
/// for the long ones before it, nor a client for the many prompts of another. In the same way they are let in: who has the
/// fewest answers under way first, and short ones beyond max_running where long ones fill it.
///
/// A request waits until the pool has room for its prompt and the beginning of its answers. Where room runs out later, the
/// youngest answer gives its state back and waits; let in again, it reads what it was given and has written as before. A
/// prompt that begins as another did goes on from that one's state; tokens that are guessed ahead are read with the one
/// before them. Prompts are computed by blocks and answers token by token (kernels::AttentionPath), wherever they are cut:
/// so an answer's tokens depend neither on what runs beside it, nor on what ran before it, nor on what was guessed, to the
/// bit. All but check() and stats() belong to one thread.
class Scheduler {
 public:
  /// Errors: a model that does not write text, a pool too small for one sequence.
  static Result<std::unique_ptr<Scheduler>> create(const model::Model& model, const SchedulerOptions& options = {});
  ~Scheduler();

  /// The longest prompt and answer together, in tokens: what the model reads and the pool holds.
  int64_t context_length() const { return context_length_; }
  const model::Model& model() const { return *model_; }
  /// Whether a request can run at all. Errors: an empty prompt, ids outside the vocabulary, a prompt that leaves no room,
  /// values out of range, a file of the model that changed under it. From any thread.
  Status check(const TokenRequest& request) const;
  /// Queues a request that check() lets pass. An answer ends with the context at the latest.
  Status submit(TokenRequest request, TokenHandler handler);
  /// Takes one step. Whether there is more to do.
  bool step();
  /// Ends all requests as cancelled.
  void cancel();
  /// From any thread.
  SchedulerStats stats() const;

 private:
  struct Sequence;
  struct Turns;
  using Sequences = std::deque<std::unique_ptr<Sequence>>;
  // What a sequence does in a step: reads rows of its source, of its prompt, or of its answer, with guesses behind it.
  struct Piece {
    Sequence* sequence = nullptr;
    int64_t rows = 0;
    bool source = false;
    int64_t wanted = 0;               // of the rows, whose logits are looked at: the last ones
    std::vector<int32_t> draft = {};  // the last of the rows
  };

  Scheduler(const model::Model& model, const SchedulerOptions& options);
  int64_t room_for_answer(const TokenRequest& request) const;
  size_t bytes_wanted(const Sequence& sequence) const;
  bool is_long(const Sequence& sequence) const;
  int64_t answers_running(bool extra) const;
  Sequences::iterator next_in_turn();
  Sequences::iterator next_to_let_in(bool& extra);
  size_t bytes_with(const Sequence& next) const;
  bool lacks_source(const Sequence& sequence) const;
  void end_cancelled(Sequences& sequences, bool all);
  void admit();
  bool makes_room_for(const Sequence& next);
  Result<nn::SequenceState> state_for(Sequence& next);
  Result<nn::SequenceState> new_state();
  int64_t prefix_key(const Sequence& sequence) const;
  void keep_prefix(Sequence& sequence);
  std::shared_ptr<Turns> turns_of(uint64_t client) const;
  Piece next_piece(Sequence& sequence) const;
  Piece next_of_answer(Sequence& sequence) const;
  int64_t most_to_draft(const Sequence& sequence, int64_t answers) const;
  void draft(std::vector<Piece>& pieces);
  static void drop_draft(Piece& piece);
  bool tells_prompt(const Sequence& sequence) const;
  void share(const std::vector<Sequence*>& prompts, std::vector<Piece>& pieces);
  std::vector<Piece> plan();
  void make_room(std::vector<Piece>& pieces);
  void make_own_room(std::vector<Piece>& pieces);
  void pass();
  bool append(std::vector<Piece>& pieces);
  void take(const std::vector<Piece>& pieces, std::span<const float> logits);
  void tell_prompt(Sequence& sequence, std::span<const float> rows, int64_t count);
  void begin_answers(Sequence& first, std::vector<Sequence*>& answers);
  void take_draft(Sequence& sequence, const Piece& piece, std::span<const float> rows);
  Result<std::span<const float>> allowed(const Sequence& sequence, std::span<const float> logits);
  void accept(Sequence& sequence, std::span<const float> logits);
  void switch_when_long(Sequence& sequence);
  void emit(Sequence& sequence, Token token);
  void end(Sequence& sequence, Token last);
  void fail(Sequence& sequence, const std::string& why);
  void fail_running(const std::string& why);
  void publish();

  const model::Model* model_;
  SchedulerOptions options_;
  int64_t context_length_ = 0;
  bool encodes_ = false;         // encoder-decoder
  bool can_truncate_ = false;    // states can forget their last rows, so that something may be guessed
  int64_t cut_free_length_ = 0;  // prompts may be cut anywhere up to this length without their bits showing it
  std::unique_ptr<Session> session_;
  PrefixTree prefixes_;
  Sequences waiting_;  // those sent back first, then in the order of their coming
  Sequences running_;  // the oldest first
  std::vector<float> allowed_;
  std::vector<int32_t> reading_;  // ids of a piece
  double clock_ = 0;              // rows of prompts that a client has read that was always there
  uint64_t sequences_ = 0;        // that there were
  std::atomic<int64_t> num_running_{0}, num_waiting_{0}, prompt_tokens_{0}, generated_tokens_{0}, requests_{0};
  std::atomic<int64_t> cached_tokens_{0}, draft_tokens_{0}, accepted_draft_tokens_{0};
  std::atomic<size_t> state_bytes_{0};
};

}  // namespace malmoi::infer
