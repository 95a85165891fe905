// What the server counts, as Prometheus text, by the names that servers of language models share.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

#include "chat/provider.h"

namespace malmoi::serve {

/// The times of one model's answers. As long as the Metrics that it is of; thread-safe, and cheap to copy.
class ModelMetrics {
 public:
  /// Seconds that a request waited before it began to be read, to its first token, between tokens, and in all.
  void waited(double seconds) { queue_->Observe(seconds); }
  void first_token(double seconds) { first_token_->Observe(seconds); }
  void next_token(double seconds) { next_token_->Observe(seconds); }
  void finished(const std::string& finish_reason, double seconds);

 private:
  friend class Metrics;
  std::string model_;
  prometheus::Family<prometheus::Counter>* finished_ = nullptr;
  prometheus::Histogram *queue_ = nullptr, *first_token_ = nullptr, *next_token_ = nullptr, *request_ = nullptr;
};

/// Every name begins with `malmoi_`; those about a model carry `model_name`. Thread-safe.
class Metrics {
 public:
  Metrics();

  void count_response(int status);
  void count_dropped_log_line() { dropped_lines_->Increment(); }
  /// `model`: a name that the server gave it; what clients write would be a metric each.
  ModelMetrics of(const std::string& model);
  /// The text of /metrics. No models: the first one is loading.
  std::string print(const std::vector<chat::ModelStatus>& models);

 private:
  using Histograms = prometheus::Family<prometheus::Histogram>;

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>*responses_, *finished_;
  Histograms *queue_, *first_token_, *next_token_, *request_;
  prometheus::Counter* dropped_lines_;
};

}  // namespace malmoi::serve
