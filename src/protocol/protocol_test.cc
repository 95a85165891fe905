// Requests are read whole or refused by the field's name; responses have the shapes that clients read.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/test_growth.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_error.h"
#include "protocol/openai_models.h"
#include "protocol/tokenize.h"

namespace malmoi::protocol {
namespace {

Result<CompletionRequest> completion(const std::string& body) {
  MALMOI_ASSIGN(Json json, parse_body(body));
  return parse_completion(json, {});
}
Result<ChatRequest> chat(const std::string& body) {
  MALMOI_ASSIGN(Json json, parse_body(body));
  return parse_chat(json, {});
}
const char* kHello = R"("messages":[{"role":"user","content":"안녕"}])";
std::string with(const std::string& more) { return std::string("{") + kHello + "," + more + "}"; }

TEST(Completion, ReadsEveryField) {
  auto request =
      completion(R"({"model":"m","prompt":"옛날에","max_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,
    "repetition_penalty":1.1,"presence_penalty":0.5,"frequency_penalty":-0.5,"n":2,"stop":["\n","끝"],"seed":-3,"logprobs":5,
    "logit_bias":{"12":-100},"stream":true,"stream_options":{"include_usage":true},"user":"u"})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const GenerationOptions& o = request->options;
  EXPECT_EQ(o.model, "m");
  EXPECT_EQ(std::get<std::string>(request->prompts.at(0)), "옛날에");
  EXPECT_EQ(o.max_tokens, 7);
  EXPECT_EQ(o.n, 2);
  EXPECT_EQ(o.stop, (std::vector<std::string>{"\n", "끝"}));
  EXPECT_EQ(o.sampling.temperature, 0.5);
  EXPECT_EQ(o.sampling.top_p, 0.9);
  EXPECT_EQ(o.sampling.top_k, 40);
  EXPECT_EQ(o.sampling.min_p, 0.05);
  EXPECT_EQ(o.sampling.repetition_penalty, 1.1);
  EXPECT_EQ(o.sampling.presence_penalty, 0.5);
  EXPECT_EQ(o.sampling.frequency_penalty, -0.5);
  EXPECT_EQ(o.sampling.seed, static_cast<uint64_t>(-3));
  EXPECT_TRUE(o.seeded);
  EXPECT_EQ(o.sampling.logit_bias, (std::vector<std::pair<int32_t, float>>{{12, -100.f}}));
  EXPECT_TRUE(o.logprobs && o.stream && o.include_usage);
  EXPECT_EQ(o.top_logprobs, 5);
}

TEST(Completion, DefaultsAreTheModelsOwn) {
  chat::SamplingOptions defaults;
  defaults.temperature = 0.7;
  defaults.top_k = 50;
  auto request = parse_completion(*parse_body(R"({"prompt":"a"})"), defaults);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->options.sampling.temperature, 0.7);
  EXPECT_EQ(request->options.sampling.top_k, 50);
  EXPECT_EQ(request->options.max_tokens, 16);
  EXPECT_FALSE(request->options.seeded);
}

TEST(Completion, PromptsOfEveryForm) {
  EXPECT_EQ(completion(R"({"prompt":["a","b"]})")->prompts.size(), 2u);
  EXPECT_EQ(std::get<1>(completion(R"({"prompt":[1,2,3]})")->prompts.at(0)), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(std::get<1>(completion(R"({"prompt":[1.0,2]})")->prompts.at(0)), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(completion(R"({"prompt":[[1,2],[3]]})")->prompts.size(), 2u);
  for (const char* wrong : {R"({"prompt":[]})", R"({"prompt":[1,-2]})", R"({"prompt":[1,2.5]})",
                            R"({"prompt":{"a":1}})", R"({"prompt":[1,"a"]})", R"({"prompt":[1e300]})",
                            R"({"prompt":["a",null]})", R"({"prompt":[99999999999999999999]})", "{}"}) {
    auto request = completion(wrong);
    ASSERT_FALSE(request.ok()) << wrong;
    EXPECT_EQ(request.error().where, "prompt") << wrong;
  }
}

TEST(Completion, RefusesByName) {
  struct Case {
    const char* body;
    const char* param;
  };
  for (auto [body, param] :
       {Case{R"({"prompt":"a","temperature":-1})", "temperature"},
        {R"({"prompt":"a","top_p":1.5})", "top_p"},
        {R"({"prompt":"a","n":0})", "n"},
        {R"({"prompt":["a","b","c"],"n":64})", "n"},
        {R"({"prompt":"a","max_tokens":-1})", "max_tokens"},
        {R"({"prompt":"a","max_tokens":"7"})", "max_tokens"},
        {R"({"prompt":"a","suffix":"b"})", "suffix"},
        {R"({"prompt":"a","best_of":3})", "best_of"},
        {R"({"prompt":"a","stop":[""]})", "stop"},
        {R"({"prompt":"a","stop":7})", "stop"},
        {R"({"prompt":"a","logit_bias":{"x":1}})", "logit_bias"},
        {R"({"prompt":"a","logit_bias":{"1":200}})", "logit_bias"},
        {R"({"prompt":"a","stream_options":{"include_usage":true}})", "stream_options"},
        {R"({"prompt":"a","max_tokens":2.5})", "max_tokens"},
        {R"({"prompt":"a","max_tokens":1e300})", "max_tokens"},
        {R"({"prompt":"a","top_k":-2})", "top_k"},
        {R"({"prompt":"a","response_format":{"type":"yaml"}})", "response_format.type"},
        {R"({"prompt":"a","response_format":{"type":5}})", "response_format.type"},
        {R"({"prompt":"a","response_format":{"type":"json_object","shema":{}}})", "response_format.shema"},
        {R"({"prompt":"a","response_format":{"type":"json_schema"}})", "response_format.json_schema"},
        {R"({"prompt":"a","guided_regex":"a","grammar":"root ::= \"a\""})", "guided_regex"},
        {R"({"prompt":"a","guided_choice":[]})", "guided_choice"},
        {R"({"prompt":"a","seed":1.5})", "seed"},
        {R"({"prompt":"a","temprature":1})", "temprature"},
        {R"({"prompt":"a","stream":1})", "stream"},
        {R"({"prompt":"a","logprobs":true})", "logprobs"}}) {
    auto request = completion(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().where, param) << body;
  }
  EXPECT_NE(completion(R"({"prompt":"a","temprature":1})").error().to_string().find("did you mean 'temperature'"),
            std::string::npos);
  EXPECT_TRUE(completion(R"({"prompt":"a","n":2,"best_of":2,"suffix":null,"logprobs":null,"echo":false})").ok());
}

TEST(Completion, AnswersMayBeHeldToARule) {
  using Kind = chat::Constraint::Kind;
  auto rule_of = [](const std::string& field) {
    auto request = completion(R"({"prompt":"a",)" + field + "}");
    EXPECT_TRUE(request.ok()) << field << request.error().to_string();
    return request.ok() ? request->options.constraint : std::nullopt;
  };
  using Rule = std::optional<chat::Constraint>;
  EXPECT_EQ(rule_of(R"("response_format":{"type":"text"})"), std::nullopt);
  EXPECT_EQ(rule_of(R"("response_format":{"type":"json_object"})"), (Rule{{Kind::kJsonObject, ""}}));
  const Rule schema{{Kind::kJsonSchema, R"({"type":"integer"})"}};
  EXPECT_EQ(rule_of(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,
                       "schema":{"type":"integer"}}})"),
            schema);
  EXPECT_EQ(rule_of(R"("json_schema":{"type":"integer"})"), schema);
  EXPECT_EQ(rule_of(R"("guided_json":"{\"type\":\"integer\"}")"), schema);
  EXPECT_EQ(rule_of(R"("guided_regex":"a|b")"), (Rule{{Kind::kRegex, "a|b"}}));
  EXPECT_EQ(rule_of(R"("guided_choice":["a.b","c"])"), (Rule{{Kind::kRegex, "a\\.b|c"}}));
  EXPECT_EQ(rule_of(R"("grammar":"root ::= [a]")"), (Rule{{Kind::kGbnf, "root ::= [a]"}}));
  EXPECT_EQ(rule_of(R"("grammar":"")"), std::nullopt);
}

TEST(Completion, TakesWhatOtherServersTake) {
  auto request = completion(R"({"prompt":"a","max_tokens":2.0,"n":2.0,"seed":-7.0,"top_k":-1,"tools":[],
    "response_format":{"type":"text"},"echo":true,"logprobs":1})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(request->options.max_tokens, 2);
  EXPECT_EQ(request->options.n, 2);
  EXPECT_EQ(request->options.sampling.seed, static_cast<uint64_t>(-7));
  EXPECT_EQ(request->options.sampling.top_k, 0);
  EXPECT_TRUE(request->options.prompt_logprobs);
  EXPECT_FALSE(completion(R"({"prompt":"a","echo":true})")->options.prompt_logprobs);
  EXPECT_FALSE(completion(R"({"prompt":"a","logprobs":1})")->options.prompt_logprobs);
  EXPECT_EQ(completion(R"({"prompt":"a","top_p":0,"top_k":7})")->options.sampling.top_k, 1);
}

// The names of llama.cpp's server and of vLLM's, in both APIs.
TEST(Completion, TakesTheSamplersOfOtherServers) {
  const std::string fields = R"("typical_p":0.9,"top_n_sigma":1.5,"xtc_probability":0.5,"xtc_threshold":0.2,
    "repeat_penalty":1.3,"repeat_last_n":64,"dry_multiplier":0.8,"dry_base":2,"dry_allowed_length":3,
    "dry_penalty_last_n":512,"dry_sequence_breakers":["\n","."],"mirostat":2,"mirostat_tau":3.5,"mirostat_eta":0.2})";
  auto completed = completion("{\"prompt\":\"a\"," + fields);
  ASSERT_TRUE(completed.ok()) << completed.error().to_string();
  auto answered = parse_chat(*parse_body(R"({"messages":[{"role":"user","content":"a"}],)" + fields), {});
  ASSERT_TRUE(answered.ok()) << answered.error().to_string();
  for (const chat::SamplingOptions& s : {completed->options.sampling, answered->options.sampling}) {
    EXPECT_EQ(s.typical_p, 0.9);
    EXPECT_EQ(s.top_n_sigma, 1.5);
    EXPECT_EQ(s.xtc_probability, 0.5);
    EXPECT_EQ(s.xtc_threshold, 0.2);
    EXPECT_EQ(s.repetition_penalty, 1.3);
    EXPECT_EQ(s.penalty_last_n, 64);
    EXPECT_EQ(s.dry_multiplier, 0.8);
    EXPECT_EQ(s.dry_base, 2);
    EXPECT_EQ(s.dry_allowed_length, 3);
    EXPECT_EQ(s.dry_penalty_last_n, 512);
    EXPECT_EQ(s.dry_sequence_breakers, (std::vector<std::string>{"\n", "."}));
    EXPECT_EQ(s.mirostat, 2);
    EXPECT_EQ(s.mirostat_tau, 3.5);
    EXPECT_EQ(s.mirostat_eta, 0.2);
    EXPECT_TRUE(s.check().ok());
  }
}

// A request says what the table of options says, by each of its names; what it leaves out is the model's.
TEST(Completion, EveryNumberOfSamplingHasItsRangeAndDefault) {
  chat::SamplingOptions defaults;
  for (const chat::SamplingField& field : chat::sampling_fields()) {
    for (std::string name : {std::string(field.name), std::string(field.alias)}) {
      if (name.empty()) continue;
      auto with = [&](double value) {
        return parse_completion(*parse_body(dump_json({{"prompt", "a"}, {name, value}})), defaults);
      };
      EXPECT_TRUE(with(1).ok()) << name;
      auto request = with(field.high * 2 + 1);
      ASSERT_FALSE(request.ok()) << name;
      EXPECT_EQ(request.error().where, name);
      EXPECT_FALSE(with(-200).ok()) << name;
    }
  }
  defaults.typical_p = 0.5;
  defaults.dry_sequence_breakers = {"x"};
  auto silent = parse_completion(*parse_body(R"({"prompt":"a"})"), defaults);
  EXPECT_EQ(silent->options.sampling.typical_p, 0.5);
  EXPECT_EQ(silent->options.sampling.dry_sequence_breakers, std::vector<std::string>{"x"});
}

TEST(Completion, SamplersAreReadStrictly) {
  EXPECT_EQ(completion(R"({"prompt":"a","repetition_penalty":1.1,"repeat_penalty":1.5})")
                ->options.sampling.repetition_penalty,
            1.1);
  EXPECT_EQ(completion(R"({"prompt":"a","top_n_sigma":-1})")->options.sampling.top_n_sigma, -1)
      << "off, as llama.cpp has it";
  EXPECT_TRUE(
      completion(R"({"prompt":"a","dry_sequence_breakers":[]})")->options.sampling.dry_sequence_breakers.empty());
  const std::string too_long(chat::kLongestBreaker + 1, 'x');
  for (const std::string& body :
       {std::string(R"({"prompt":"a","typical_p":0})"), std::string(R"({"prompt":"a","mirostat":1.5})"),
        std::string(R"({"prompt":"a","dry_sequence_breakers":[""]})"), std::string(R"({"prompt":"a","dry_base":"2"})"),
        R"({"prompt":"a","dry_sequence_breakers":[")" + too_long + R"("]})"})
    EXPECT_FALSE(completion(body).ok()) << body;
}

TEST(Completion, ExtensionsOfOtherServersAreRefusedUnlessTheyAskForNothing) {
  EXPECT_TRUE(
      completion(R"({"prompt":"a","min_tokens":0,"length_penalty":1.0,"use_beam_search":false,"stop_token_ids":[],
    "skip_special_tokens":true,"mirostat":0,"typical_p":1,"cache_prompt":true,"bad_words":null})")
          .ok());
  for (const char* body : {R"({"prompt":"a","min_tokens":5})", R"({"prompt":"a","tfs_z":0.5})",
                           R"({"prompt":"a","stop_token_ids":[1]})", R"({"prompt":"a","skip_special_tokens":false})",
                           R"({"prompt":"a","use_beam_search":true})", R"({"prompt":"a","length_penalty":0.5})"}) {
    auto request = completion(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().code, ErrorCode::kUnsupported) << body;
  }
}

TEST(Body, ObjectsOfTooManyKeysAreRefusedBeforeTheyAreBuilt) {
  auto object = [](size_t keys) {
    std::string text = "{\"prompt\":\"a\"";
    for (size_t i = 1; i < keys; ++i) text += ",\"k" + std::to_string(i) + "\":{\"a\":[1,\"b:{c\\\":\"]}";
    return text + "}";
  };
  EXPECT_TRUE(parse_body(object(kMaxKeys)).ok());
  auto refused = parse_body(object(kMaxKeys + 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().what.find("keys"), std::string::npos);
  EXPECT_FALSE(parse_body("{\"a\":[" + object(kMaxKeys + 1) + "]}").ok());
  // Many objects of few keys are no matter, and quotes do not hide any.
  std::string messages = "{\"messages\":[";
  for (int i = 0; i < 5000; ++i) messages += "{\"role\":\"user\",\"content\":\"\\\\\"},";
  EXPECT_TRUE(parse_body(messages + "{}]}").ok());
  std::string hidden = "{\"a\":\"\\\"\"";
  for (size_t i = 0; i < kMaxKeys; ++i) hidden += ",\"" + std::to_string(i) + "\":1";
  EXPECT_FALSE(parse_body(hidden + "}").ok());
}

// Refusing takes time in proportion to the bytes.
TEST(Body, RefusingIsLinearInTheBytes) {
  auto keys = [](size_t n) {
    std::string text = "{\"a\":1";
    for (size_t i = 0; i < n / 10; ++i) text += ",\"" + std::to_string(10000 + i) + "\":1";
    return text + "}";
  };
  auto name = [](size_t n) { return "{\"" + std::string(n, 'x') + "\":1}"; };
  auto nested = [](size_t n) { return std::string(n, '['); };
  auto bias = [](size_t n) {
    std::string text = "{\"prompt\":\"a\",\"logit_bias\":{\"1\":1";
    for (size_t i = 0; i < n / 10; ++i) text += ",\"" + std::to_string(10000 + i) + "\":1";
    return text + "}}";
  };
  auto refuse = [](const std::string& body) { EXPECT_FALSE(completion(body).ok()); };
  for (const auto& make : {std::function<std::string(size_t)>(keys), {name}, {nested}, {bias}})
    EXPECT_LT(growth_of(make, refuse, 1 << 16), kSteepestGrowth);
}

TEST(Body, WhatAClientSentIsNotRepeatedWhole) {
  std::string huge(1 << 20, 'x');
  EXPECT_LT(completion("{\"prompt\":\"a\",\"" + huge + "\":1}").error().to_string().size(), 1000u);
  EXPECT_EQ(shown(huge).size(), 103u);
  EXPECT_EQ(shown("짧은 글"), "짧은 글");
}

TEST(Body, MustBeOneObject) {
  for (const char* wrong : {"", "[]", "null", "{", "{\"prompt\":\"\xff\"}", "{\"a\":\"\\ud800\"}", "{} {}"})
    EXPECT_FALSE(parse_body(wrong).ok()) << wrong;
  EXPECT_FALSE(parse_body(std::string(100000, '[')).ok());
}

TEST(Chat, ReadsMessages) {
  auto request = chat(
      R"({"messages":[{"role":"system","content":"짧게"},{"role":"user","content":[{"type":"text","text":"가"},{"type":"text","text":"나"}],"name":"x"}],
    "max_tokens":3,"max_completion_tokens":5,"logprobs":true,"top_logprobs":2,"tools":[],"tool_choice":"none","response_format":{"type":"text"},"modalities":["text"]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  ASSERT_EQ(request->messages.size(), 2u);
  EXPECT_EQ(request->messages[1].content, "가나");
  EXPECT_EQ(request->options.max_tokens, 5);
  EXPECT_EQ(request->options.top_logprobs, 2);
  EXPECT_FALSE(chat(with(R"("temperature":1)"))->options.max_tokens.has_value());
}

TEST(Chat, RefusesWhatItCannotDoByName) {
  struct Case {
    std::string body, param;
    ErrorCode code;
  };
  for (const auto& [body, param, code] :
       {Case{with(R"("functions":[{"name":"f"}])"), "functions", ErrorCode::kUnsupported},
        Case{with(R"("response_format":{"type":"xml"})"), "response_format.type", ErrorCode::kUsage},
        Case{with(R"("modalities":["text","audio"])"), "modalities", ErrorCode::kUnsupported},
        Case{with(R"("reasoning_effort":"high")"), "reasoning_effort", ErrorCode::kUnsupported},
        Case{with(R"("top_logprobs":2)"), "top_logprobs", ErrorCode::kUsage},
        Case{with(R"("prompt":"a")"), "prompt", ErrorCode::kUsage},
        Case{R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})",
             "messages[0].content", ErrorCode::kUnsupported},
        Case{R"({"messages":[{"role":"function","content":"x"}]})", "messages[0].role", ErrorCode::kUnsupported},
        Case{R"({"messages":[{"role":"king","content":"x"}]})", "messages[0].role", ErrorCode::kUsage},
        Case{R"({"messages":[{"role":"user"}]})", "messages[0].content", ErrorCode::kUsage},
        Case{R"({"messages":[{"role":"user","content":"a"},7]})", "messages[1]", ErrorCode::kUsage},
        Case{R"({"messages":[]})", "messages", ErrorCode::kUsage}, Case{R"({})", "messages", ErrorCode::kUsage}}) {
    auto request = chat(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().where, param) << body;
    EXPECT_EQ(request.error().code, code) << body;
  }
}

chat::TokenReport token(int32_t id, std::string bytes, double logprob) {
  return {.id = id, .bytes = std::move(bytes), .logprob = logprob, .chance = 0.5};
}

TEST(Printing, CompletionWithLogprobs) {
  GenerationOptions options;
  options.logprobs = options.token_details = true;
  options.top_logprobs = 1;
  chat::TokenReport whole = token(1, "가", -0.5), half = token(2, "\xEB\x82", -1.0);
  whole.top = {token(1, "가", -0.5)};
  Answer answer{.index = 0, .text = "가", .tokens = {whole, half}, .finish_reason = "length"};
  Json json = print_completion({"cmpl-1", "m", 5}, {answer}, {.prompt_tokens = 3, .completion_tokens = 2}, options);
  EXPECT_EQ(json["object"], "text_completion");
  EXPECT_EQ(json["usage"]["total_tokens"], 5);
  const Json& logprobs = json["choices"][0]["logprobs"];
  EXPECT_EQ(logprobs["tokens"], (Json::array({"가", "bytes:\\xeb\\x82"})));
  EXPECT_EQ(logprobs["text_offset"], (Json::array({0, 1})));
  EXPECT_EQ(logprobs["token_logprobs"][1], -1.0);
  EXPECT_EQ(logprobs["top_logprobs"][0]["가"], -0.5);
  EXPECT_EQ(logprobs["content"][1]["bytes"], (Json::array({0xEB, 0x82})));
  EXPECT_EQ(logprobs["content"][0]["top_logprobs"][0]["id"], 1);
  EXPECT_EQ(json["choices"][0]["finish_reason"], "length");
}

TEST(Printing, OffsetsCountCharactersWhereverTheirBytesAreCut) {
  GenerationOptions options;
  options.logprobs = true;
  Answer answer{.text = "오늘",
                .tokens = {token(1, "\xEC", 0), token(2, "\x98\xA4", 0), token(3, "늘", 0), token(4, " ", 0)}};
  Json json = print_completion({"cmpl-1", "m", 5}, {answer}, {}, options);
  EXPECT_EQ(json["choices"][0]["logprobs"]["text_offset"], (Json::array({0, 1, 1, 2})));
}

TEST(Printing, APromptsFirstTokenHasNoProbability) {
  GenerationOptions options;
  options.logprobs = options.token_details = true;
  options.top_logprobs = 1;
  Answer answer{.text = "a", .tokens = {token(1, "a", std::nan(""))}};
  Json logprobs = print_completion({"cmpl-1", "m", 5}, {answer}, {}, options)["choices"][0]["logprobs"];
  EXPECT_TRUE(logprobs["token_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["top_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["content"][0]["logprob"].is_null());
}

TEST(Printing, CompletionStreamCountsOffsetsOn) {
  GenerationOptions options;
  options.logprobs = options.include_usage = true;
  CompletionStream stream({"cmpl-1", "m", 5}, options, 1);
  stream.chunk({.text = "가나", .tokens = {token(1, "가나", 0)}});
  Json json = stream.chunk({.text = "다", .tokens = {token(2, "다", 0)}, .finish_reason = "stop"});
  EXPECT_EQ(json["choices"][0]["logprobs"]["text_offset"], (Json::array({2})));
  EXPECT_TRUE(json["choices"][0]["logprobs"]["top_logprobs"].is_null());
  EXPECT_TRUE(json["usage"].is_null());
  Json last = stream.usage_chunk({.prompt_tokens = 1, .completion_tokens = 2, .cached_tokens = 1});
  EXPECT_EQ(last["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"]["total_tokens"], 3);
}

TEST(Printing, ChatAndItsChunks) {
  GenerationOptions options;
  options.logprobs = true;
  options.top_logprobs = 1;
  chat::TokenReport t = token(1, "네", -0.1);
  t.top = {token(1, "네", -0.1)};
  Json whole =
      print_chat({"chatcmpl-1", "m", 5}, {{.text = "네", .tokens = {t}, .finish_reason = "stop"}}, {1, 1}, options);
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["choices"][0]["message"]["content"], "네");
  EXPECT_EQ(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"][0]["token"], "네");
  EXPECT_FALSE(whole["choices"][0]["logprobs"]["content"][0].contains("id"));
  ChatStream stream({"chatcmpl-1", "m", 5}, options);
  EXPECT_EQ(stream.role_chunk(0)["choices"][0]["delta"]["role"], "assistant");
  Json piece = stream.chunk({.text = "네", .tokens = {t}});
  EXPECT_EQ(piece["object"], "chat.completion.chunk");
  EXPECT_EQ(piece["choices"][0]["delta"]["content"], "네");
  EXPECT_TRUE(piece["choices"][0]["finish_reason"].is_null());
  Json end = stream.chunk({.finish_reason = "stop"});
  EXPECT_TRUE(end["choices"][0]["delta"].empty());
  EXPECT_EQ(end["choices"][0]["finish_reason"], "stop");
}

TEST(Printing, ErrorsHaveTheFourFields) {
  Json json = print_error(to_api_error(unsupported("'tools' is not supported", "tools", "leave it out")))["error"];
  EXPECT_EQ(json["message"], "'tools' is not supported; leave it out");
  EXPECT_EQ(json["type"], "invalid_request_error");
  EXPECT_EQ(json["param"], "tools");
  EXPECT_EQ(json["code"], "unsupported_parameter");
  EXPECT_TRUE(print_error({.message = "m"})["error"]["param"].is_null());
  EXPECT_EQ(to_api_error(internal_error("x")).status, 500);
  EXPECT_EQ(to_api_error(not_found("x")).status, 404);
  EXPECT_EQ(to_api_error({ErrorCode::kCancelled, "x", "", ""}).status, 503);
}

TEST(Tokenize, ReadsAndPrints) {
  auto request = parse_tokenize(*parse_body(R"({"content":"가","with_pieces":true,"parse_special":false})"));
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(request->with_pieces && !request->parse_special && !request->add_special);
  EXPECT_FALSE(parse_tokenize(*parse_body("{}")).ok());
  EXPECT_EQ(print_tokenized({{.id = 4}, {.id = 5}}, false)["tokens"], (Json::array({4, 5})));
  Json pieces = print_tokenized({{4, "ê°Ģ", "가", false}}, true);
  EXPECT_EQ(pieces["tokens"][0]["text"], "가");
  EXPECT_EQ(pieces["count"], 1);
  EXPECT_EQ(parse_detokenize(*parse_body(R"({"tokens":[1,2]})"))->ids.size(), 2u);
  for (const char* wrong : {"{}", R"({"tokens":[-1]})", R"({"tokens":"a"})", R"({"tokens":[1.5]})"})
    EXPECT_FALSE(parse_detokenize(*parse_body(wrong)).ok()) << wrong;
}

TEST(Models, List) {
  Json json = print_models({{"m", 5, 256}});
  EXPECT_EQ(json["object"], "list");
  EXPECT_EQ(json["data"][0]["id"], "m");
  EXPECT_EQ(json["data"][0]["max_model_len"], 256);
}

}  // namespace
}  // namespace malmoi::protocol
