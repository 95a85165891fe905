// What the server counts, as Prometheus text.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

#include "chat/provider.h"

namespace malmoi::serve {

/// Every name begins with `malmoi_`; those about a model carry `model_name`. Thread-safe.
class Metrics {
 public:
  Metrics();

  void count_response(int status);
  void count_dropped_log_line() { dropped_lines_->Increment(); }
  /// A request for text: seconds to its first token, between tokens, and in all.
  void first_token(double seconds) { first_token_->Observe(seconds); }
  void next_token(double seconds) { next_token_->Observe(seconds); }
  void finished(const std::string& finish_reason, double seconds);
  /// The text of /metrics. No models: the first one is loading.
  std::string print(const std::vector<chat::ModelStatus>& models);

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>*responses_, *finished_;
  prometheus::Counter* dropped_lines_;
  prometheus::Histogram *first_token_, *next_token_, *request_;
};

}  // namespace malmoi::serve
