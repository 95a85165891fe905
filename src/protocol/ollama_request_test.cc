// Requests in Ollama's form are read whole or refused by the field's name.
#include <gtest/gtest.h>

#include "protocol/ollama_chat.h"
#include "protocol/ollama_generate.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

Result<TextRequest> ollama_chat(const std::string& body) { return read(kOllamaChat, body); }
Result<TextRequest> generate(const std::string& body) { return read(kOllamaGenerate, body); }
Result<TextRequest> with_options(const std::string& options) {
  return ollama_chat(with("\"options\":{" + options + "}"));
}

TEST(OllamaRequest, ReadsWhatClientsSend) {
  auto request =
      ollama_chat(with(R"("model":"tiny:latest","keep_alive":"5m","truncate":true,"logprobs":true,"top_logprobs":2,
      "options":{"num_predict":7,"temperature":0.5,"top_k":3,"top_p":0.9,"min_p":0.1,"typical_p":0.8,"repeat_penalty":1.2,
      "repeat_last_n":64,"presence_penalty":0.5,"frequency_penalty":0.25,"seed":9,"stop":["\n"],"mirostat":1,
      "mirostat_tau":4,"mirostat_eta":0.2,"num_ctx":512,"num_gpu":99,"num_batch":2,"use_mmap":true,"numa":false,
      "num_keep":4,"penalize_newline":true,"vocab_only":false,"tfs_z":1.0})"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const GenerationOptions& options = request->options;
  EXPECT_EQ(options.model, "tiny");
  EXPECT_TRUE(options.stream) << "streams are what Ollama's clients expect";
  EXPECT_EQ(options.max_tokens, 7);
  EXPECT_EQ(options.sampling.temperature, 0.5);
  EXPECT_EQ(options.sampling.top_k, 3);
  EXPECT_EQ(options.sampling.top_p, 0.9);
  EXPECT_EQ(options.sampling.min_p, 0.1);
  EXPECT_EQ(options.sampling.typical_p, 0.8);
  EXPECT_EQ(options.sampling.repetition_penalty, 1.2);
  EXPECT_EQ(options.sampling.penalty_last_n, 64);
  EXPECT_EQ(options.sampling.presence_penalty, 0.5);
  EXPECT_EQ(options.sampling.frequency_penalty, 0.25);
  EXPECT_EQ(options.sampling.mirostat, 1);
  EXPECT_EQ(options.sampling.mirostat_tau, 4);
  EXPECT_EQ(options.sampling.mirostat_eta, 0.2);
  EXPECT_TRUE(options.seeded);
  EXPECT_EQ(options.sampling.seed, 9u);
  EXPECT_EQ(options.stop, std::vector<std::string>{"\n"});
  EXPECT_EQ(options.top_logprobs, 2);
  EXPECT_EQ(request->context, 512);
  EXPECT_FALSE(ollama_chat(with(R"("stream":false)"))->options.stream);
}

TEST(OllamaRequest, NegativeNumbersAskForNoLimitAndNoSeed) {
  EXPECT_FALSE(with_options(R"("num_predict":-1)")->options.max_tokens.has_value());
  EXPECT_FALSE(with_options(R"("num_predict":-2)")->options.max_tokens.has_value());
  EXPECT_FALSE(with_options(R"("seed":-1)")->options.seeded);
  EXPECT_TRUE(with_options(R"("seed":0)")->options.seeded);
}

TEST(OllamaRequest, FormatsAreRules) {
  using Kind = chat::Constraint::Kind;
  EXPECT_EQ(ollama_chat(with(R"("format":"json")"))->options.constraint, (chat::Constraint{Kind::kJsonObject, ""}));
  EXPECT_EQ(ollama_chat(with(R"("format":{"type":"string"})"))->options.constraint,
            (chat::Constraint{Kind::kJsonSchema, R"({"type":"string"})"}));
  EXPECT_FALSE(ollama_chat(with(R"("format":"")"))->options.constraint.has_value());
}

TEST(OllamaRequest, ThoughtsAreAskedFor) {
  EXPECT_FALSE(ollama_chat(with(R"("stream":true)"))->options.thinking.wanted.has_value());
  EXPECT_EQ(ollama_chat(with(R"("think":false)"))->options.thinking.wanted, false);
  EXPECT_EQ(ollama_chat(with(R"("think":true)"))->options.thinking.wanted, true);
  const chat::Thinking low = ollama_chat(with(R"("think":"low")"))->options.thinking;
  EXPECT_EQ(low.wanted, true);
  EXPECT_EQ(low.effort, "low");
}

TEST(OllamaRequest, MessagesHoldCallsResultsAndThoughts) {
  auto request = ollama_chat(R"({"messages":[{"role":"system","content":"짧게"},{"role":"user","content":"a"},
      {"role":"assistant","thinking":"hm","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},
       {"id":"mine","type":"function","function":{"index":1,"name":"g","arguments":{}}}]},
      {"role":"tool","content":"2","tool_name":"g"},{"role":"tool","content":"1"},{"role":"tool","content":"?","name":"h"}]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[2].reasoning_content, "hm");
  ASSERT_EQ(messages[2].tool_calls.size(), 2u);
  EXPECT_EQ(messages[2].tool_calls[0].arguments, R"({"x":1})");
  EXPECT_EQ(messages[2].tool_calls[0].id, "call00001");
  EXPECT_EQ(messages[2].tool_calls[1].id, "mine");
  EXPECT_EQ(messages[3].tool_call_id, "mine") << "of the function that it names";
  EXPECT_EQ(messages[4].tool_call_id, "call00001") << "of what is left";
  EXPECT_EQ(messages[4].name, "f");
  EXPECT_EQ(messages[5].tool_call_id, "");
  EXPECT_EQ(messages[5].name, "h");
}

TEST(OllamaRequest, ToolsAreInOpenAisForm) {
  auto request = ollama_chat(with(R"("tools":[{"type":"function","function":{"name":"f"}}])"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(request->options.tools.functions,
            R"([{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}])");
}

TEST(OllamaRequest, PromptsGoThroughTheTemplateUnlessTheyAreRaw) {
  auto request = generate(R"({"prompt":"a","system":"s"})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[0].content, "s");
  EXPECT_EQ(messages[1].role, "user");
  EXPECT_EQ(messages[1].content, "a");
  auto raw = generate(R"({"prompt":"a","raw":true,"suffix":"","template":"","context":[],"images":[],"think":false})");
  ASSERT_TRUE(raw.ok()) << raw.error().to_string();
  EXPECT_EQ(std::get<std::string>(raw->prompts.at(0)), "a");
}

TEST(OllamaRequest, WhoAsksForNothingHasTheModelLoaded) {
  for (const char* body : {R"({"model":"m"})", R"({"model":"m","messages":[]})"})
    EXPECT_TRUE(ollama_chat(body)->prompts.empty()) << body;
  for (const char* body : {R"({"model":"m"})", R"({"model":"m","prompt":"","keep_alive":-1})"})
    EXPECT_TRUE(generate(body)->prompts.empty()) << body;
}

struct Refused {
  std::string body, param;
  ErrorCode code = ErrorCode::kUsage;
};

void expect_refused(const TextProtocol& protocol, const Refused& one) {
  auto request = read(protocol, one.body);
  ASSERT_FALSE(request.ok()) << one.body;
  EXPECT_EQ(request.error().where, one.param) << one.body;
  EXPECT_EQ(request.error().code, one.code) << one.body;
}

TEST(OllamaRequest, ChatRefusesByName) {
  constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported;
  const Refused kCases[] = {
      {with(R"("think":"most")"), "think"},
      {with(R"("format":"yaml")"), "format"},
      {with(R"("prompt":"a")"), "prompt"},
      {with(R"("top_logprobs":2)"), "top_logprobs"},
      {with(R"("options":7)"), "options"},
      {with(R"("options":{"temprature":1})"), "options.temprature"},
      {with(R"("options":{"num_predict":-3})"), "options.num_predict"},
      {with(R"("options":{"penalize_newline":false})"), "options.penalize_newline", kUnsupported},
      {with(R"("options":{"tfs_z":0.5})"), "options.tfs_z", kUnsupported},
      {with(R"("options":{"embedding_only":true})"), "options.embedding_only", kUnsupported},
      {R"({"messages":7})", "messages"},
      {R"({"messages":[7]})", "messages[0]"},
      {R"({"messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"messages":[{"role":"king","content":"a"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":"a","images":["AA=="]}]})", "messages[0].images", kUnsupported},
      {R"({"messages":[{"role":"user","content":"a","tool_calls":[{}]}]})", "messages[0].tool_calls", kUnsupported},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]})",
       "messages[0].tool_calls[0].function.arguments"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":{}}}]}]})",
       "messages[0].tool_calls[0].function.name"},
  };
  for (const Refused& one : kCases) expect_refused(kOllamaChat, one);
}

TEST(OllamaRequest, GenerateRefusesByName) {
  constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported;
  const Refused kCases[] = {
      {R"({"prompt":"a","suffix":"b"})", "suffix", kUnsupported},
      {R"({"prompt":"a","template":"{{ .Prompt }}"})", "template", kUnsupported},
      {R"({"prompt":"a","context":[1]})", "context", kUnsupported},
      {R"({"prompt":"a","images":["AA=="]})", "images", kUnsupported},
      {R"({"prompt":"a","width":64})", "width", kUnsupported},
      {R"({"prompt":"a","raw":true,"system":"s"})", "system"},
      {R"({"prompt":"a","raw":true,"think":true})", "think"},
      {R"({"prompt":["a"]})", "prompt"},
      {R"({"prompt":"a","messages":[]})", "messages"},
  };
  for (const Refused& one : kCases) expect_refused(kOllamaGenerate, one);
}

}  // namespace
}  // namespace malmoi::protocol
