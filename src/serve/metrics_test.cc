// Metrics: their names, their labels, and what is counted where.
#include "serve/metrics.h"

#include <gtest/gtest.h>

#include "serve/answers.h"

namespace malmoi::serve {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, HaveTheNamesThatDashboardsAskFor) {
  Metrics metrics;
  ModelMetrics model = metrics.of("tiny");
  model.waited(0.02);
  model.first_token(0.3);
  model.next_token(0.003);
  model.finished("stop", 45);
  const chat::ProviderStats stats{
      .running = 2, .waiting = 1, .prompt_tokens = 30, .generated_tokens = 4, .state_bytes = 25, .state_budget = 100};
  const std::string text = metrics.print({{.info = {.name = "tiny"}, .stats = stats}});
  for (const char* line :
       {"malmoi_num_requests_running{model_name=\"tiny\"} 2", "malmoi_num_requests_waiting{model_name=\"tiny\"} 1",
        "malmoi_kv_cache_usage_perc{model_name=\"tiny\"} 0.25", "malmoi_prompt_tokens_total{model_name=\"tiny\"} 30",
        "malmoi_generation_tokens_total{model_name=\"tiny\"} 4",
        "malmoi_request_success_total{finished_reason=\"stop\",model_name=\"tiny\"} 1",
        "malmoi_request_queue_time_seconds_bucket{model_name=\"tiny\",le=\"0.01\"} 0",
        "malmoi_request_queue_time_seconds_bucket{model_name=\"tiny\",le=\"0.05\"} 1",
        "malmoi_time_to_first_token_seconds_bucket{model_name=\"tiny\",le=\"0.5\"} 1",
        "malmoi_inter_token_latency_seconds_bucket{model_name=\"tiny\",le=\"0.005\"} 1",
        "malmoi_e2e_request_latency_seconds_bucket{model_name=\"tiny\",le=\"40\"} 0",
        "malmoi_e2e_request_latency_seconds_count{model_name=\"tiny\"} 1"})
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
}

TEST(Metrics, ModelsAreCountedApart) {
  Metrics metrics;
  metrics.of("one").finished("length", 1);
  metrics.of("two").finished("length", 1);
  metrics.of("two").finished("length", 1);
  const std::string text = metrics.print({});
  EXPECT_TRUE(has_line(text, "malmoi_request_success_total{finished_reason=\"length\",model_name=\"one\"} 1")) << text;
  EXPECT_TRUE(has_line(text, "malmoi_request_success_total{finished_reason=\"length\",model_name=\"two\"} 2")) << text;
}

// There is no share of a memory that has no bound.
TEST(Metrics, OfAModelWithoutMemoryForStatesNoShareIsTold) {
  Metrics metrics;
  const chat::ProviderStats stats{.running = 1};
  const std::string text = metrics.print({{.info = {.name = "encoder"}, .stats = stats}});
  EXPECT_EQ(text.find("kv_cache_usage_perc"), std::string::npos) << text;
}

// Several answers to a prompt wait once.
TEST(Metrics, ARequestsWaitIsCountedOncePerPrompt) {
  Metrics metrics;
  Answers answers(metrics, 0, {.count = 2, .each = 2, .echoes = {"", ""}, .model = "tiny"});
  for (int64_t answer : {0, 1}) {
    AnswerEvent event;
    event.answer = static_cast<size_t>(answer);
    event.time = 2;
    event.event.answer = answer;
    event.event.id = 1;
    event.event.waited_seconds = 0.7;
    event.event.finish = chat::FinishReason::kLength;
    (void)answers.add(event);
  }
  const std::string text = metrics.print({});
  EXPECT_TRUE(has_line(text, "malmoi_request_queue_time_seconds_count{model_name=\"tiny\"} 1")) << text;
  EXPECT_TRUE(has_line(text, "malmoi_request_queue_time_seconds_sum{model_name=\"tiny\"} 0.7")) << text;
  EXPECT_TRUE(has_line(text, "malmoi_time_to_first_token_seconds_count{model_name=\"tiny\"} 2")) << text;
}

}  // namespace
}  // namespace malmoi::serve
