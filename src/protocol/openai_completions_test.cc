// Requests to continue texts are read whole or refused by the field's name, with the fields that chats have, too.
#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

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
  auto request = kOpenAiCompletions.read(*parse_body(R"({"prompt":"a"})"), {}, defaults);
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

TEST(Completion, ASuffixStandsBehindAGapAfterEachPrompt) {
  auto request = completion(R"({"prompt":["a","b"],"suffix":"c"})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  ASSERT_EQ(request->prompts.size(), 2u);
  const auto& gap = std::get<chat::Gap>(request->prompts[1]);
  EXPECT_EQ(gap.before, "b");
  EXPECT_EQ(gap.after, "c");
  EXPECT_EQ(std::get<std::string>(completion(R"({"prompt":"a","suffix":""})")->prompts[0]), "a");
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
        {R"({"prompt":"a","suffix":5})", "suffix"},
        {R"({"prompt":[1,2],"suffix":"b"})", "prompt"},
        {R"({"prompt":"a","suffix":"b","echo":true})", "echo"},
        {R"({"prompt":"a","n":3,"best_of":2})", "best_of"},
        {R"({"prompt":"a","best_of":2,"stream":true})", "best_of"},
        {R"({"prompt":["a","b"],"best_of":64})", "n"},
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

TEST(Completion, BestOfDrawsMoreThanItTells) {
  auto request = completion(R"({"prompt":"a","n":2,"best_of":5})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(request->options.n, 5);
  EXPECT_EQ(request->options.best, 2);
  EXPECT_FALSE(request->options.logprobs) << "nobody asked to be told them";
  EXPECT_EQ(completion(R"({"prompt":"a","n":2,"best_of":2,"stream":true})")->options.best, 0);
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
  auto answered = chat(R"({"messages":[{"role":"user","content":"a"}],)" + fields);
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
        return kOpenAiCompletions.read(Json{{"prompt", "a"}, {name, value}}, {}, defaults);
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
  auto silent = kOpenAiCompletions.read(*parse_body(R"({"prompt":"a"})"), {}, defaults);
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

}  // namespace
}  // namespace malmoi::protocol
