// A training configuration, read from YAML: every key, its default, its range.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autograd/context.h"
#include "base/config.h"
#include "tensor/precision.h"
#include "train/adapter_options.h"
#include "train/chat_config.h"
#include "train/objective.h"
#include "train/optimizer.h"

namespace malmoi::train {

struct ScheduleConfig {
  std::string name = "cosine";  // a name of schedule_table()
  int64_t warmup_steps = 0;
  double min_lr = 0;
  int64_t decay_steps = 0;  // wsd_linear, wsd_sqrt: the length of the decay at the end
  bool operator==(const ScheduleConfig&) const = default;
};

enum class DataFormat : uint8_t { kText, kIds, kArrays, kTable, kChat, kPrompts };

/// `data.replay:`: another corpus, of the same format.
struct ReplayConfig {
  std::vector<std::string> train, valid;
  double share = 0.1;  // of the sequences
  bool operator==(const ReplayConfig&) const = default;
};

struct DataConfig {
  DataFormat format = DataFormat::kText;
  std::vector<std::string> train, valid, loss_mask;
  double valid_fraction = 0;
  int64_t sequence_length = 256;  // of arrays, tables and chats: that of their longest rows, set when they are opened
  int64_t output_length = 256;    // table: the longest output of an encoder-decoder
  std::map<std::string, std::string> columns;  // table: the column that holds what an objective asks for
  std::map<std::string, std::string> where;    // table: rows count whose columns say this; empty: all
  bool cut_long_rows = false;                  // table: rows that are too long are cut, not an error
  bool shuffled = true;
  bool streams = false;  // in order, each row of a step going on from that row of the step before
  std::string token_dtype = "u16";
  bool split_documents = true;  // text: packed documents do not see each other
  ChatConfig chat;              // of format chat
  std::optional<ReplayConfig> replay;

  /// Whether examples are cut out of ids in a row; else they are rows.
  bool is_flat() const { return format == DataFormat::kText || format == DataFormat::kIds; }
  /// Whether a tokenizer is needed.
  bool reads_texts() const { return format == DataFormat::kText || format == DataFormat::kPrompts || has_text_rows(); }
  /// Whether examples are rows of texts, which are encoded before all else: a step's memory follows from their length.
  bool has_text_rows() const { return format == DataFormat::kTable || format == DataFormat::kChat; }
  bool operator==(const DataConfig&) const = default;
};

struct SampleConfig {
  std::vector<std::string> prompts;
  int64_t tokens = 64;
  double temperature = 0.8;
  int64_t outputs = 100;  // of an encoder-decoder's held-out rows: so many are written and scored at each evaluation
  bool operator==(const SampleConfig&) const = default;
};

struct TrainConfig {
  ObjectiveConfig objective;
  std::optional<std::string> init_from;
  std::optional<QuantizeOptions> quantize;  // of the model of init_from, beside an adapter
  std::optional<AdapterOptions> adapter;    // trained in place of the model's own weights
  Json model = Json::object();              // architecture and its fields, where init_from is absent
  std::string tokenizer;                    // folder; empty: none
  bool character_tokenizer = false;
  DataConfig data;
  int64_t batch_size = 8, gradient_accumulation = 1;
  int64_t steps = 0;
  double epochs = 0;                       // instead of steps
  double minutes = 0;                      // instead of steps: as many as fit, chosen when their speed is known
  Precision precision = Precision::kBF16;  // `dtype` in the file
  bool fastest_precision = false;          // dtype: auto
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  double grad_clip = 1.0;
  std::vector<std::string> freeze;                // patterns of published names that are not trained
  double ema_decay = 0;                           // 0: none
  std::optional<RoundingOptions> quantize_aware;  // products read what fewer bits would hold of the weights
  uint64_t seed = 1;
  int64_t eval_every = 0, save_every = 0, keep = 3;
  bool eval_by_share = false;        // minutes without eval_every: so often in the run, not every so many steps
  double save_minutes = 1;           // of wall time between checkpoints; 0: by save_every alone
  std::string best_metric = "loss";  // of the validation data: what the best model and early stopping go by
  bool eval_first = false;           // an evaluation before the first step, to be compared with
  bool early_stopping = false;
  int64_t patience = 5;
  double min_delta = 0;
  double spike_factor = 10;                              // SpikeWatch; 0: no step is a spike
  int64_t max_bad_steps = 10;                            // skipped in a row before training gives up
  std::optional<autograd::Checkpointing> checkpointing;  // absent: cheap, or what the memory limit asks for
  int64_t memory_limit = 0;                              // bytes; 0: none
  DType save_dtype = DType::kF32;
  SampleConfig samples;
  std::string out;

  int64_t sequences_per_step() const { return batch_size * gradient_accumulation; }
  bool operator==(const TrainConfig&) const = default;
};

/// Reads a configuration. The first error names file, line and key.
Result<TrainConfig> parse_train_config(const ConfigDocument& document);

/// `2GB`, `1.5 GiB`, `800000000`: a number of bytes.
Result<int64_t> parse_bytes(std::string_view text, const std::string& where);

}  // namespace malmoi::train
