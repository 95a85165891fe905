// An engine as a provider: conversations become ids, answers become text, and what was read is counted.
#include "infer/provider.h"

#include <gtest/gtest.h>

#include <future>

#include "chat/conversation.h"
#include "chat/published_template.h"
#include "infer/prompt.h"
#include "infer/tiny_model.h"
#include "model/adapt.h"
#include "model/test_adapter.h"

namespace malmoi::infer {
namespace {

class EngineProviderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = tiny_model(96);
    auto tokenizer = tokenizer::Tokenizer::from_json(tiny_tokenizer_json());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
    tokenizer_ = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
    auto engine = Engine::create(*model_, *tokenizer_);
    ASSERT_TRUE(engine.ok()) << engine.error().to_string();
    engine_ = *std::move(engine);
    provider_ = std::make_unique<EngineProvider>(
        *engine_, *tokenizer_, EngineProviderOptions{.model = {.name = "tiny"}, .stop_ids = {kTinyEnd}});
  }

  // The events of an answer, to its end.
  std::vector<TokenEvent> events_of(chat::GenerationRequest request) {
    struct Told {
      std::vector<TokenEvent> events;
      std::promise<void> end;
    };
    auto told = std::make_shared<Told>();
    Status status = provider_->generate(std::move(request), [told](const TokenEvent& event) {
      told->events.push_back(event);
      if (event.finish != FinishReason::kNone) told->end.set_value();
      return true;
    });
    EXPECT_TRUE(status.ok()) << status.error().to_string();
    if (status.ok()) told->end.get_future().wait();
    return told->events;
  }

  std::vector<int32_t> ids_of(chat::Prompt prompt) {
    auto prepared = provider_->prepare({.prompt = std::move(prompt)});
    EXPECT_TRUE(prepared.ok()) << prepared.error().to_string();
    return std::get<std::vector<int32_t>>(prepared->prompt);
  }

  std::unique_ptr<model::Model> model_;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<EngineProvider> provider_;
};

TEST_F(EngineProviderTest, PromptsOfEveryFormBecomeIds) {
  EXPECT_EQ(ids_of("hi"), (std::vector<int32_t>{'h', 'i'}));
  EXPECT_EQ(ids_of(std::vector<int32_t>{7, 8}), (std::vector<int32_t>{7, 8}));
  EXPECT_EQ(ids_of(""), (std::vector<int32_t>{kTinyEnd}));  // what separates texts in training
  EXPECT_EQ(ids_of("<|endoftext|>"), (std::vector<int32_t>{kTinyEnd}));
}

TEST_F(EngineProviderTest, AConversationGoesThroughTheTemplateAndUsersWriteText) {
  auto prepared = provider_->prepare({.prompt = std::vector<chat::Message>{{"user", "<|endoftext|>"}}, .stop = {"x"}});
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  EXPECT_EQ(tokenizer_->decode(std::get<std::vector<int32_t>>(prepared->prompt)), "user: <|endoftext|>\nassistant:");
  EXPECT_EQ(std::get<std::vector<int32_t>>(prepared->prompt).size(), 30u);  // byte by byte
  EXPECT_TRUE(prepared->trim_start);
  EXPECT_EQ(prepared->stop, (std::vector<std::string>{"x", "\nuser:", "\nassistant:", "\nsystem:"}));
  auto again = provider_->prepare(*prepared);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->stop, prepared->stop);
}

TEST_F(EngineProviderTest, AConversationIsRenderedAsItWouldBeAnswered) {
  auto rendered = provider_->render({.prompt = std::vector<chat::Message>{{"system", "짧게."}, {"user", "hi"}}});
  ASSERT_TRUE(rendered.ok()) << rendered.error().to_string();
  EXPECT_EQ(*rendered, "짧게.\n\nuser: hi\nassistant:");
}

// Through the template, the grammar and the parser: a call that must be made is one of the function's.
TEST_F(EngineProviderTest, ThePromptHoldsToolsAndACallThatMustBeMadeIsMade) {
  auto published = chat::PublishedTemplate::of_text(
      "{{ tools | tojson }}<|endoftext|>{{ messages[0].content }}{# <tool_call>{\"name\": #}", "t.jinja");
  ASSERT_TRUE(published.ok()) << published.error().to_string();
  model_ = tiny_model(2048);
  engine_ = *Engine::create(*model_, *tokenizer_);
  provider_ = std::make_unique<EngineProvider>(
      *engine_, *tokenizer_,
      EngineProviderOptions{.model = {.name = "tiny"},
                            .chat_template = chat::ChatTemplate::of_model(*std::move(published), {"<|endoftext|>"}),
                            .stop_ids = {kTinyEnd}});
  chat::GenerationRequest request{.prompt = std::vector<chat::Message>{{"user", "go"}}};
  request.tools = {.functions = R"([{"type":"function","function":{"name":"walk","parameters":{"type":"object",
          "properties":{"to":{"$ref":"#/$defs/to"}},"required":["to"],"additionalProperties":false,
          "$defs":{"to":{"enum":["<|endoftext|>","집"]}}}}}])",
                   .choice = chat::ToolUse::Choice::kRequired};
  auto prepared = provider_->prepare(request);
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  EXPECT_TRUE(provider_->info().takes_tools);
  const auto& ids = std::get<std::vector<int32_t>>(prepared->prompt);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), kTinyEnd), 1) << "what the functions say is text";
  const std::string prompt = *provider_->detokenize(ids);
  EXPECT_NE(prompt.find(R"("name": "walk")"), std::string::npos) << prompt;
  EXPECT_TRUE(prompt.ends_with("go<tool_call>\n")) << prompt;
  auto parser = chat::open_parser(prepared->form);
  std::string text;
  for (const TokenEvent& event : events_of(*prepared)) text += event.text;
  EXPECT_TRUE(parser->push(text).empty()) << text;
  const std::vector<chat::AnswerEvent> told = parser->finish();
  ASSERT_EQ(told.size(), 1u) << text;
  EXPECT_EQ(told[0].call.name, "walk");
  const Json arguments = *parse_json(told[0].call.arguments, "arguments");
  EXPECT_TRUE(arguments["to"] == "집" || arguments["to"] == "<|endoftext|>") << text;
}

TEST_F(EngineProviderTest, WhatATokenizerPutsBeforeATextStandsThereOnceAndNothingBehindIt) {
  Json json = *parse_json(tiny_tokenizer_json(), "tokenizer.json");
  constexpr int32_t kBegin = 257;
  Json begin = json["added_tokens"][0];
  begin["id"] = kBegin;
  begin["content"] = "<s>";
  json["added_tokens"].push_back(begin);
  auto special = [](const char* name) { return Json{{"SpecialToken", {{"id", name}, {"type_id", 0}}}}; };
  json["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {special("<s>"), Json{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, special("<|endoftext|>")}},
      {"pair", Json::array({Json{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}})},
      {"special_tokens",
       {{"<s>", {{"id", "<s>"}, {"ids", {kBegin}}, {"tokens", {"<s>"}}}},
        {"<|endoftext|>", {{"id", "<|endoftext|>"}, {"ids", {kTinyEnd}}, {"tokens", {"<|endoftext|>"}}}}}}};
  auto around = tokenizer::Tokenizer::from_json(dump_json(json));
  ASSERT_TRUE(around.ok()) << around.error().to_string();
  auto ids = [&](const model::Model& model, const char* text, bool parse_special = true) {
    return prompt_ids(model, *around, {}, text, parse_special);
  };
  EXPECT_EQ(ids(*model_, "hi"), (std::vector<int32_t>{kBegin, 'h', 'i'}));
  EXPECT_EQ(ids(*model_, "<s>hi"), (std::vector<int32_t>{kBegin, 'h', 'i'})) << "written out by hand";
  EXPECT_EQ(ids(*model_, "<s>", false), (std::vector<int32_t>{kBegin, '<', 's', '>'})) << "text";
  EXPECT_EQ(ids(*model_, ""), (std::vector<int32_t>{kBegin}));
  EXPECT_EQ(ids(*tiny_encoder_decoder(), "hi"), (std::vector<int32_t>{kBegin, 'h', 'i', kTinyEnd})) << "read whole";
}

TEST_F(EngineProviderTest, EventsCarryBytesAndThePromptsLength) {
  std::vector<TokenEvent> events =
      events_of({.prompt = "hello", .max_tokens = 6, .ignore_eos = true, .top_logprobs = 2});
  ASSERT_EQ(events.size(), 6u);
  for (const TokenEvent& event : events) {
    EXPECT_EQ(event.bytes, tokenizer_->token_bytes(event.id));
    ASSERT_EQ(event.top.size(), 2u);
    EXPECT_EQ(event.top[0].bytes, tokenizer_->token_bytes(event.top[0].id));
  }
  EXPECT_EQ(events.front().prompt_tokens, 5);
  EXPECT_EQ(events.back().prompt_tokens, 5);
  EXPECT_EQ(events.back().finish, FinishReason::kLength);
}

TEST_F(EngineProviderTest, WhiteSpaceAtTheBeginningIsLeftOutWhereAsked) {
  chat::GenerationRequest request{.prompt = "a", .max_tokens = 20, .ignore_eos = true};
  // White space and 'b' alone, so that some of it comes first.
  for (int32_t id = 0; id < 264; ++id) request.sampling.logit_bias.emplace_back(id, -100.f);
  for (int32_t id : {' ', '\n', 'b'}) request.sampling.logit_bias.emplace_back(id, 100.f);
  auto text_of = [&](bool trim) {
    request.trim_start = trim;
    std::string text;
    for (const TokenEvent& event : events_of(request)) text += event.text;
    return text;
  };
  int led_by_space = 0;
  for (request.sampling.seed = 0; request.sampling.seed < 8; ++request.sampling.seed) {
    std::string whole = text_of(false), trimmed = text_of(true);
    led_by_space += whole.find_first_not_of(" \n") != 0;
    whole.erase(0, whole.find_first_not_of(" \n"));
    EXPECT_EQ(trimmed, whole);
  }
  EXPECT_GT(led_by_space, 0);
}

// An answer of one letter is a repetition, unless that letter ends repetitions: the texts of a request become ids.
TEST_F(EngineProviderTest, BreakersOfRepetitionsAreTexts) {
  chat::GenerationRequest request{.prompt = "a", .max_tokens = 12, .ignore_eos = true};
  request.sampling.temperature = 0;
  request.sampling.logit_bias = {{'a', 50.f}};
  request.sampling.dry_multiplier = 100;
  const std::string repeated(12, 'a');
  auto answer = [&](std::vector<std::string> breakers) {
    request.sampling.dry_sequence_breakers = std::move(breakers);
    std::string text, here;
    for (const TokenEvent& event : events_of(request)) text += event.text;
    Request same;  // on this thread
    same.prompt = {'a'};
    same.max_tokens = 12;
    same.sampling = request.sampling;
    EXPECT_TRUE(infer::generate(*model_, *tokenizer_, same, [&](const TokenEvent& event) {
                  here += event.text;
                  return true;
                }).ok());
    EXPECT_EQ(here, text);
    return text;
  };
  EXPECT_NE(answer({"\n"}), repeated);
  EXPECT_EQ(answer({"a"}), repeated);
}

TEST_F(EngineProviderTest, TheContextIsTheEnginesAndBoundsAnAnswerWithoutALimit) {
  EXPECT_EQ(provider_->info().context_length, engine_->context_length());
  std::vector<TokenEvent> events = events_of({.prompt = "hello", .ignore_eos = true});
  EXPECT_EQ(static_cast<int64_t>(events.size()) + 5, engine_->context_length());
  EXPECT_EQ(provider_->stats().prompt_tokens, 5);
}

TEST_F(EngineProviderTest, AfterDrainingNothingIsTaken) {
  provider_->drain(0);
  Status refused = provider_->generate({.prompt = "a"}, [](const TokenEvent&) { return true; });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
}

// A name chooses an adapter, the model's own name none.
TEST_F(EngineProviderTest, NamesChooseAdapters) {
  const Path adapter = model::write_adapter("named", model::adapter_json(),
                                            model::low_rank_tensors({{"model.layers.0.mlp.down_proj", {32, 64}}}));
  auto asked = [&](const std::string& name) {
    std::vector<int32_t> ids;
    for (const TokenEvent& event : events_of({.model = name, .prompt = "hello", .max_tokens = 12}))
      ids.push_back(event.id);
    return ids;
  };
  const std::vector<int32_t> plain = asked("");
  engine_.reset();
  auto adapted = model::adapt(*model_, {&adapter, 1});
  ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
  engine_ = *Engine::create(*model_, *tokenizer_);
  provider_ = std::make_unique<EngineProvider>(
      *engine_, *tokenizer_,
      EngineProviderOptions{.model = {.name = "tiny"}, .stop_ids = {kTinyEnd}, .adapters = {"letters"}});
  ASSERT_EQ(provider_->models().size(), 2u);
  EXPECT_EQ(provider_->models()[1].name, "letters");
  EXPECT_EQ(provider_->models()[1].context_length, provider_->info().context_length);
  EXPECT_EQ(provider_->info().architecture, model_->model_type());
  EXPECT_EQ(provider_->info().parameters, model_->parameter_count());
  EXPECT_FALSE(provider_->info().takes_tools) << "the plain template knows no tools";
  EXPECT_EQ(asked(""), plain);
  EXPECT_EQ(asked("tiny"), plain);
  EXPECT_NE(asked("letters"), plain);
  EXPECT_FALSE(provider_->generate({.model = "other", .prompt = "a"}, [](const TokenEvent&) { return true; }).ok());
}

}  // namespace
}  // namespace malmoi::infer
