#include "serve/metrics.h"

#include <prometheus/text_serializer.h>

#include <cmath>
#include <utility>

namespace malmoi::serve {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;
using Labels = prometheus::Labels;

// From a cached prompt on many cores to a book on two; alerts ask for whole seconds and minutes.
const Buckets kFirstToken = {.001, .0025, .005, .01, .02, .04, .06, .08, .1, .25, .5,  .75,
                             1,    2.5,   5,    7.5, 10,  20,  40,  60,  80, 160, 320, 640};
// A token comes between a thousandth of a second, of a small model, and some seconds, of a large one beside long prompts.
const Buckets kNextToken = {.001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 10};
const Buckets kRequest = {.01, .025, .05, .1, .3, .5, .8, 1,   1.5, 2,   2.5, 5,
                          10,  15,   20,  30, 40, 50, 60, 120, 240, 480, 960, 1920};
const Buckets kQueue = {.001, .005, .01, .05, .1, .3, .5, .8, 1,   1.5, 2,   2.5,
                        5,    10,   15,  20,  30, 40, 50, 60, 120, 240, 480, 960};

prometheus::Family<prometheus::Histogram>* histograms(prometheus::Registry& registry, const char* name,
                                                      const char* help) {
  return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Counter>* counters(prometheus::Registry& registry, const char* name, const char* help) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

// What is used of the memory for states. By its name a percentage; dashboards take it as a share, as the servers give it whose
// name it is.
double share_used(const chat::ModelStatus& model) {
  if (model.stats.state_budget == 0) return NAN;
  return static_cast<double>(model.stats.state_bytes) / static_cast<double>(model.stats.state_budget);
}

using prometheus::MetricType;

// A number of each model's state, told as it is now; NaN: it has none.
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
    {"malmoi_kv_cache_usage_perc", "The same as a share of what it may take, 0 to 1", MetricType::Gauge, share_used},
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
    const double value = gauge.value(model);
    if (std::isnan(value)) continue;
    prometheus::ClientMetric metric;
    metric.label = {{"model_name", model.info.name}};
    if (gauge.type == MetricType::Counter) metric.counter.value = value;
    else metric.gauge.value = value;
    out.metric.push_back(std::move(metric));
  }
  return out;
}

}  // namespace

Metrics::Metrics()
    : responses_(counters(registry_, "malmoi_http_responses_total", "HTTP responses by status")),
      finished_(counters(registry_, "malmoi_request_success_total", "Answers by finish reason")),
      queue_(histograms(registry_, "malmoi_request_queue_time_seconds", "From a request to the reading of its prompt")),
      first_token_(
          histograms(registry_, "malmoi_time_to_first_token_seconds", "From a request to an answer's first token")),
      next_token_(histograms(registry_, "malmoi_inter_token_latency_seconds", "Between tokens of an answer")),
      request_(histograms(registry_, "malmoi_e2e_request_latency_seconds", "From a request to an answer's end")),
      dropped_lines_(&counters(registry_, "malmoi_access_log_dropped_lines_total",
                               "Lines of the access log that could not be written in time")
                          ->Add({})) {}

void Metrics::count_response(int status) { responses_->Add({{"code", std::to_string(status)}}).Increment(); }

ModelMetrics Metrics::of(const std::string& model) {
  const Labels labels = {{"model_name", model}};
  ModelMetrics out;
  out.model_ = model;
  out.finished_ = finished_;
  out.queue_ = &queue_->Add(labels, kQueue);
  out.first_token_ = &first_token_->Add(labels, kFirstToken);
  out.next_token_ = &next_token_->Add(labels, kNextToken);
  out.request_ = &request_->Add(labels, kRequest);
  return out;
}

void ModelMetrics::finished(const std::string& finish_reason, double seconds) {
  finished_->Add({{"finished_reason", finish_reason}, {"model_name", model_}}).Increment();
  request_->Observe(seconds);
}

std::string Metrics::print(const std::vector<chat::ModelStatus>& models) {
  std::vector<prometheus::MetricFamily> all = registry_.Collect();
  for (const Gauge& gauge : kGauges) {
    prometheus::MetricFamily family = family_of(gauge, models);
    if (!family.metric.empty()) all.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace malmoi::serve
