#include "serve/metrics.h"

#include <prometheus/text_serializer.h>

namespace malmoi::serve {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

prometheus::Histogram* histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const Buckets& buckets) {
  return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type,
                                const std::string& model, double value) {
  prometheus::MetricFamily out{name, help, type, {}};
  prometheus::ClientMetric metric;
  metric.label = {{"model_name", model}};
  if (type == prometheus::MetricType::Counter) metric.counter.value = value;
  else metric.gauge.value = value;
  out.metric.push_back(std::move(metric));
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

std::string Metrics::print(const chat::ProviderStats* stats, const std::string& model) {
  std::vector<prometheus::MetricFamily> all = registry_.Collect();
  if (stats) {
    using prometheus::MetricType;
    auto add = [&](const char* name, const char* help, MetricType type, auto value) {
      all.push_back(family(name, help, type, model, static_cast<double>(value)));
    };
    add("malmoi_num_requests_running", "Sequences being decoded", MetricType::Gauge, stats->running);
    add("malmoi_num_requests_waiting", "Sequences waiting to begin", MetricType::Gauge, stats->waiting);
    add("malmoi_kv_cache_bytes", "Memory of the keys and values of running sequences and of prompts that are kept",
        MetricType::Gauge, stats->state_bytes);
    add("malmoi_prompt_tokens_total", "Prompt tokens, those in the cache among them", MetricType::Counter,
        stats->prompt_tokens);
    add("malmoi_generation_tokens_total", "Tokens generated", MetricType::Counter, stats->generated_tokens);
    add("malmoi_cached_prompt_tokens_total", "Prompt tokens that had been read for another request",
        MetricType::Counter, stats->cached_tokens);
    add("malmoi_draft_tokens_total", "Tokens guessed ahead", MetricType::Counter, stats->draft_tokens);
    add("malmoi_accepted_draft_tokens_total", "Guessed tokens that were drawn", MetricType::Counter,
        stats->accepted_draft_tokens);
  }
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace malmoi::serve
