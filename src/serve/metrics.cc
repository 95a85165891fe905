#include "serve/metrics.h"

#include <prometheus/text_serializer.h>

namespace malmoi::serve {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

prometheus::Histogram* histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const Buckets& buckets) {
  return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

using prometheus::MetricType;

// A number of each model's state, told as it is now.
struct Gauge {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const chat::ModelStatus& model);
};

const Gauge kGauges[] = {
    {"malmoi_num_requests_running", "Sequences being decoded", MetricType::Gauge,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.running); }},
    {"malmoi_num_requests_waiting", "Sequences waiting to begin", MetricType::Gauge,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.waiting); }},
    {"malmoi_kv_cache_bytes", "Memory of the keys and values of running sequences and of prompts that are kept",
     MetricType::Gauge, [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.state_bytes); }},
    {"malmoi_prompt_tokens_total", "Prompt tokens, those in the cache among them", MetricType::Counter,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.prompt_tokens); }},
    {"malmoi_generation_tokens_total", "Tokens generated", MetricType::Counter,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.generated_tokens); }},
    {"malmoi_cached_prompt_tokens_total", "Prompt tokens that had been read for another request", MetricType::Counter,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.cached_tokens); }},
    {"malmoi_draft_tokens_total", "Tokens guessed ahead", MetricType::Counter,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.draft_tokens); }},
    {"malmoi_accepted_draft_tokens_total", "Guessed tokens that were drawn", MetricType::Counter,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.stats.accepted_draft_tokens); }},
    {"malmoi_model_loaded", "Whether the model is in memory", MetricType::Gauge,
     [](const chat::ModelStatus& m) { return m.state == chat::ModelState::kLoaded ? 1.0 : 0.0; }},
    {"malmoi_model_bytes", "Memory of the model, all versions that have answers under way together", MetricType::Gauge,
     [](const chat::ModelStatus& m) { return static_cast<double>(m.bytes); }},
};

prometheus::MetricFamily family_of(const Gauge& gauge, const std::vector<chat::ModelStatus>& models) {
  prometheus::MetricFamily out{gauge.name, gauge.help, gauge.type, {}};
  for (const chat::ModelStatus& model : models) {
    prometheus::ClientMetric metric;
    metric.label = {{"model_name", model.info.name}};
    if (gauge.type == MetricType::Counter) metric.counter.value = gauge.value(model);
    else metric.gauge.value = gauge.value(model);
    out.metric.push_back(std::move(metric));
  }
  return out;
}

}  // namespace

Metrics::Metrics()
    : responses_(&prometheus::BuildCounter()
                      .Name("malmoi_http_responses_total")
                      .Help("HTTP responses by status")
                      .Register(registry_)),
      finished_(&prometheus::BuildCounter()
                     .Name("malmoi_request_success_total")
                     .Help("Answers by finish reason")
                     .Register(registry_)) {
  dropped_lines_ = &prometheus::BuildCounter()
                        .Name("malmoi_access_log_dropped_lines_total")
                        .Help("Lines of the access log that could not be written in time")
                        .Register(registry_)
                        .Add({});
  first_token_ = histogram(registry_, "malmoi_time_to_first_token_seconds", "From a request to its first token",
                           {.005, .01, .02, .04, .08, .15, .25, .5, 1, 2, 4, 8, 15, 30, 60});
  next_token_ = histogram(registry_, "malmoi_inter_token_latency_seconds", "Between tokens of an answer",
                          {.001, .0025, .005, .01, .02, .04, .08, .15, .25, .5, 1, 2});
  request_ = histogram(registry_, "malmoi_e2e_request_latency_seconds", "From a request to its end",
                       {.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 40, 60, 120, 300});
}

void Metrics::count_response(int status) { responses_->Add({{"code", std::to_string(status)}}).Increment(); }

void Metrics::finished(const std::string& finish_reason, double seconds) {
  finished_->Add({{"finished_reason", finish_reason}}).Increment();
  request_->Observe(seconds);
}

std::string Metrics::print(const std::vector<chat::ModelStatus>& models) {
  std::vector<prometheus::MetricFamily> all = registry_.Collect();
  for (const Gauge& gauge : kGauges) {
    if (!models.empty()) all.push_back(family_of(gauge, models));
  }
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace malmoi::serve
