// A model: its parameters by their published names, a backbone that turns tokens into hidden states, and a head.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "base/error.h"
#include "base/json.h"
#include "formats/tensor_source.h"
#include "model/trained_adapter.h"
#include "nn/batch.h"
#include "nn/linear.h"
#include "nn/parameter_set.h"

namespace malmoi::model {

using autograd::Context;
using autograd::Parameter;
using autograd::Var;
using nn::Purpose;

/// What a model's head is for; a class of a published config names one.
enum class Task : uint8_t {
  kFeatures,
  kCausalLm,
  kMaskedLm,
  kSeq2Seq,
  kClassification,       // one of several labels for each text
  kMultiLabel,           // yes or no to each of several labels
  kRegression,           // numbers for each text
  kTokenClassification,  // one of several labels for each token
  kQuestionAnswering,    // of each token: how well the answer begins with it, and how well it ends
  kDiscrimination,       // of each token: whether it was put in place of another (Clark et al. 2020)
};

/// The task whose head serves: what the numbers of a text mean is no matter of the head that makes them.
constexpr Task head_task(Task task) {
  return task == Task::kMultiLabel || task == Task::kRegression ? Task::kClassification : task;
}

/// The layers between tokens and hidden states, of one family. Const members may be called from one compute thread at a
/// time.
class Backbone {
 public:
  virtual ~Backbone() = default;
  /// The last hidden states [rows, hidden_size]: of an encoder, a decoder, or, of an encoder-decoder, of its decoder. There
  /// the encoder's output is made from batch.source, or stands in the states.
  virtual Var forward(Context& context, const nn::Batch& batch) const = 0;
  /// Encoder-decoders: the encoder's last hidden states.
  virtual Var encode(Context& context, const nn::Batch& source) const;
  /// Encoder-decoders: writes what the decoder reads of a memory into source.states.
  virtual void remember(Context& context, const Var& memory, const nn::Batch& source) const;
  /// What a sequence keeps of each layer; empty for encoders, which read a text whole.
  virtual std::vector<nn::LayerState> states() const { return {}; }
  /// Whether a batch that is trained on may go on from states (data.order: streams): each layer then writes what comes after a
  /// run to batch.next_states, so that it reads the same states again in the backward pass.
  virtual bool carries_states() const { return false; }
};

/// What turns hidden states into logits: a transform of some of the rows, then one product.
class Head {
 public:
  virtual ~Head() = default;
  /// The rows that logits are made of: hidden states as they are, transformed, or one for each run.
  virtual Var features(Context& context, Var hidden, const nn::Batch& batch) const;

  nn::WeightSlot* weight = nullptr;  // [outputs, hidden_size]; a tied one is the table of embeddings
  Parameter* bias = nullptr;
  float logit_scale = 1, softcap = 0;  // logits = softcap(logit_scale * (features W^T + bias))
  bool row_for_each_run = false;       // else one for each token
};

/// A head that is the table of words: what a file that holds another matrix in its place says.
struct TiedHead {
  std::string tensor;                         // the matrix's published name; empty: the head is not tied
  std::string field = "tie_word_embeddings";  // of the config, to be false then; empty: none says it
  std::string bias = {};                      // what the head's bias is called then; empty: the same
  nn::WeightSlot* words = nullptr;  // of a head that is not tied: the table that it is where a file leaves it out
};

/// The sizes that those who use a model ask for.
struct Sizes {
  int64_t vocab_size = 0, hidden_size = 0, num_layers = 0;
  int64_t max_positions = 0;  // the longest text; of encoder-decoders without a limit a large number
  int64_t token_types = 0;    // kinds of token types that a text may have; 0: none
  int64_t switch_length = 0;  // a text that grows longer than this is read again from its beginning; 0: never
};

class Model {
 public:
  Model(std::string model_type, Task task, Json config)
      : model_type_(std::move(model_type)), task_(task), config_(std::move(config)) {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  nn::ParameterSet parameters;
  std::unique_ptr<Backbone> backbone;
  std::unique_ptr<Head> head;  // null: Task::kFeatures
  Sizes sizes;
  double router_balance = 0;     // weight of the loss that keeps experts equally busy, beside the objective's; 0: none
  size_t head_begin = SIZE_MAX;  // entries of `parameters` from here on are the head's own
  int32_t decoder_start_token_id = -1;  // encoder-decoders
  int32_t pad_token_id = -1;
  std::vector<std::string> labels;  // of a classifier of texts or tokens, by index
  TiedHead tied_head;
  int32_t num_adapters = 0;         // that runs may choose from (model/adapt.h)
  bool mixes_adapters = true;       // whether the runs of one batch may choose different ones
  bool base_is_replaced = false;    // an adapter's tensors stand in the place of the model's, for all runs
  std::vector<std::string> beside;  // beginnings of names of tensors that a file may hold, without use here
  std::vector<formats::StoredTensor>
      carried;  // of features: what its file holds besides and is written again as it was
  std::unique_ptr<TrainedAdapter>
      adapter;                       // trained instead of the model's own parameters (train_adapter.h); null: none
  std::unique_ptr<Model> companion;  // trained beside this one, whose tables it reads (companion.h); null: none

  /// Gives a tied head a matrix of its own, without memory yet.
  void untie_head();
  /// Gives a tied head a slot of its own over the table of words, so that either may be adapted without the other.
  void separate_head();
  /// Takes a head's own matrix away: it is the table `tied_head.words`.
  void tie_head();
  /// Says that it has so many tokens; its tables are another matter (vocabulary_size.h).
  void set_vocab_size(int64_t tokens);
  /// Writes the compute copies from the masters, the adapter's and the companion's too.
  void refresh_compute();

  /// What the head's products read of a batch: `batch` lives until the backward pass is done.
  Var features(Context& context, const nn::Batch& batch) const;
  /// f32 logits of rows of features, for serving and scoring.
  Tensor logits(Context& context, const Tensor& features) const;
  /// The summed loss of rows of features; see autograd::head_loss.
  autograd::HeadLoss loss(Context& context, Var features, autograd::HeadLossOptions options) const;
  /// Log-probabilities of targets; see autograd::head_logps.
  std::vector<float> logps(Context& context, Var features, autograd::HeadLogpsOptions options) const;
  /// Beside a teacher's features; see autograd::head_distillation, whose `teacher_logits` are the teacher's own.
  autograd::HeadDistillation distil(Context& context, Var features, const Model& teacher,
                                    autograd::HeadDistillationOptions options) const;

  /// Beside tokens that were drawn from a teacher; see autograd::head_sampled_distillation.
  autograd::HeadDistillation distil_sampled(Context& context, Var features, autograd::HeadSampledOptions options) const;

  const std::string& model_type() const { return model_type_; }
  Task task() const { return task_; }
  bool generates() const { return task_ == Task::kCausalLm || task_ == Task::kSeq2Seq; }
  /// The published config, every field that changes a number filled in.
  const Json& config() const { return config_; }
  int64_t vocab_size() const { return sizes.vocab_size; }
  int64_t hidden_size() const { return sizes.hidden_size; }
  int64_t num_layers() const { return sizes.num_layers; }
  int64_t max_positions() const { return sizes.max_positions; }
  /// Logits of one row: the vocabulary's size, or the number of labels.
  int64_t outputs() const { return head ? (*head->weight)->out_features() : 0; }
  int64_t parameter_count() const { return parameters.count(); }
  DType dtype() const { return parameters.dtype(); }

  /// Keeps memory alive as long as the model.
  void keep(std::shared_ptr<void> owner) { kept_.push_back(std::move(owner)); }
  /// Keeps the files that its weights lie in.
  void keep_files(std::shared_ptr<const formats::WeightSource> files) { files_.push_back(std::move(files)); }
  /// Whether those are as they were when they were opened: else what it computes is worth nothing. Errors: as MappedFile::check().
  Status check_files() const;

 private:
  std::string model_type_;
  Task task_;
  Json config_;
  std::unique_ptr<nn::WeightSlot> head_slot_;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<std::shared_ptr<const formats::WeightSource>> files_;
};

}  // namespace malmoi::model
