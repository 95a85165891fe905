// Requests in the form of Google's API are read whole or refused by the field's name.
#include "protocol/gemini_request.h"

#include <gtest/gtest.h>

#include "protocol/gemini.h"
#include "protocol/gemini_schema.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

Result<TextRequest> gemini(const std::string& body) { return read(kGemini, body, {.name = "m"}); }

std::string with_contents(const std::string& more) {
  return R"({"contents":[{"parts":[{"text":"안녕"}]}],)" + more + "}";
}

std::string configured(const std::string& fields) { return with_contents(R"("generationConfig":{)" + fields + "}"); }

std::string with_function(const std::string& more) {
  return with_contents(R"("tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"},{"name":"h"}]}],)" + more);
}

TEST(GeminiRequest, ReadsEveryField) {
  auto request = gemini(R"({"model":"models/m","system_instruction":{"parts":{"text":"짧게"}},
      "contents":[{"role":"user","parts":[{"text":"가"},{"text":"나"}]}],
      "safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],"labels":{"a":"b"},
      "generationConfig":{"temperature":0.5,"topP":0.9,"top_k":40.0,"candidateCount":2,"maxOutputTokens":7,"seed":-3,
        "stopSequences":["\n","끝"],"presencePenalty":0.5,"frequencyPenalty":-0.5,"responseLogprobs":true,"logprobs":5,
        "responseMimeType":"text/plain","responseModalities":["TEXT"],
        "thinkingConfig":{"include_thoughts":true,"thinkingBudget":-1}}})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const GenerationOptions& options = request->options;
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.sampling.temperature, 0.5);
  EXPECT_EQ(options.sampling.top_p, 0.9);
  EXPECT_EQ(options.sampling.top_k, 40);
  EXPECT_EQ(options.sampling.presence_penalty, 0.5);
  EXPECT_EQ(options.sampling.frequency_penalty, -0.5);
  EXPECT_EQ(options.sampling.seed, static_cast<uint64_t>(-3));
  EXPECT_TRUE(options.seeded && options.logprobs && options.include_thoughts);
  EXPECT_EQ(options.n, 2);
  EXPECT_EQ(options.max_tokens, 7);
  EXPECT_EQ(options.stop, (std::vector<std::string>{"\n", "끝"}));
  EXPECT_EQ(options.top_logprobs, 5);
  EXPECT_FALSE(options.stream || options.constraint);
  ASSERT_EQ(messages_of(*request).size(), 2u);
  EXPECT_EQ(messages_of(*request)[0].role, "system");
  EXPECT_EQ(messages_of(*request)[0].content, "짧게");
  EXPECT_EQ(messages_of(*request)[1].role, "user");
  EXPECT_EQ(messages_of(*request)[1].content, "가나");
}

TEST(GeminiRequest, WhatIsLeftOutIsAsTheModelHasIt) {
  chat::SamplingOptions defaults;
  defaults.temperature = 0.7;
  defaults.top_k = 50;
  defaults.min_p = 0.1;
  auto request = kGemini.read(*parse_body(with_contents(R"("labels":{})")), {.name = "models/m"}, defaults);
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(request->options.model, "m");
  EXPECT_EQ(request->options.sampling.temperature, 0.7);
  EXPECT_EQ(request->options.sampling.top_k, 50);
  EXPECT_EQ(request->options.sampling.min_p, 0.1);
  EXPECT_FALSE(request->options.max_tokens.has_value());
  EXPECT_FALSE(request->options.include_thoughts) << "they are told where they are asked for";
  EXPECT_FALSE(request->options.seeded);
}

TEST(GeminiRequest, ABudgetOfNothingAsksForNoThoughts) {
  auto wanted = [](const char* budget) {
    return gemini(configured(R"("thinkingConfig":{"thinkingBudget":)" + std::string(budget) + "}"))
        ->options.thinking.wanted;
  };
  EXPECT_EQ(wanted("0"), false);
  EXPECT_EQ(wanted("-1"), std::nullopt);
}

TEST(GeminiRequest, ALevelSaysHowHardToThink) {
  auto level = [](const char* name) {
    return gemini(configured(R"("thinkingConfig":{"thinkingLevel":")" + std::string(name) + "\"}"))->options.thinking;
  };
  EXPECT_EQ(level("HIGH").effort, "high");
  EXPECT_EQ(level("low").wanted, true);
  EXPECT_FALSE(level("THINKING_LEVEL_UNSPECIFIED").wanted.has_value());
}

TEST(GeminiRequest, TheAddressSaysWhetherToStream) {
  EXPECT_FALSE(gemini(with_contents(R"("labels":{})"))->options.stream);
  EXPECT_TRUE(read(kGeminiStream, with_contents(R"("labels":{})"))->options.stream);
  EXPECT_EQ(kGeminiStream.stream_form({.query = "key=x&alt=sse"}), StreamForm::kEvents);
  EXPECT_EQ(kGeminiStream.stream_form({}), StreamForm::kArray);
}

TEST(GeminiRequest, ContentsHoldThoughtsCallsAndResults) {
  auto request = gemini(R"({"contents":[
      {"role":"user","parts":[{"text":"a"}]},
      {"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"c2ln"},{"text":"So"}]},
      {"role":"model","parts":[{"text":": "},{"functionCall":{"name":"f","args":{"some_key":1}}},
                               {"functionCall":{"id":"c","name":"g"}},{"functionCall":{"name":"f","args":{}}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"c","name":"g","response":{"output":2}}},
                              {"function_response":{"name":"f","response":{"snake_key":3}}},{"text":"b"}]},
      {"role":"function","parts":[{"functionResponse":{"name":"f","response":{}}}]}]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[1].role, "assistant");
  EXPECT_EQ(messages[1].reasoning_content, "hm");
  EXPECT_EQ(messages[1].content, "So: ") << "what a stream brought in pieces is one message";
  ASSERT_EQ(messages[1].tool_calls.size(), 3u);
  EXPECT_EQ(messages[1].tool_calls[0].id, "call00001");
  EXPECT_EQ(messages[1].tool_calls[0].arguments, R"({"some_key":1})");
  EXPECT_EQ(messages[1].tool_calls[1].id, "c");
  EXPECT_EQ(messages[1].tool_calls[1].arguments, "{}");
  EXPECT_EQ(messages[2].role, "tool");
  EXPECT_EQ(messages[2].tool_call_id, "c");
  EXPECT_EQ(messages[2].name, "g");
  EXPECT_EQ(messages[2].content, R"({"output":2})");
  EXPECT_EQ(messages[3].tool_call_id, "call00001");
  EXPECT_EQ(messages[3].content, R"({"snake_key":3})") << "what a function gives keeps its keys";
  EXPECT_EQ(messages[4].role, "user");
  EXPECT_EQ(messages[4].content, "b");
  EXPECT_EQ(messages[5].tool_call_id, "call00003");
}

TEST(GeminiRequest, UsersTurnsStayApart) {
  auto request = gemini(R"({"contents":[{"parts":[{"text":"a"}]},{"parts":[{"text":"b"}]}]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(messages_of(*request).size(), 2u);
  EXPECT_EQ(messages_of(*gemini(R"({"contents":{"parts":{"text":"a"}}})")).size(), 1u) << "one stands for a list";
}

TEST(GeminiRequest, FunctionsAreReadAsTemplatesPrintThem) {
  auto request = gemini(with_contents(R"("tools":[{"function_declarations":[{"name":"walk","description":"Walks.",
      "parameters":{"type":"OBJECT","properties":{"far_off":{"type":"BOOLEAN"},"to":{"type":"STRING","format":"enum","enum":["집"]}},
                    "property_ordering":["to","far_off"],"required":["to"]},"response":{"type":"STRING"}}]},
      {"functionDeclarations":[{"name":"now","parametersJsonSchema":{"type":"object","snake_case":1}}]}])"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(request->options.tools.functions,
            R"([{"type":"function","function":{"name":"walk","description":"Walks.","parameters":{"type":"object",)"
            R"("properties":{"to":{"type":"string","enum":["집"]},"far_off":{"type":"boolean"}},"required":["to"]}}},)"
            R"({"type":"function","function":{"name":"now","parameters":{"type":"object","snake_case":1}}}])");
  EXPECT_EQ(request->options.tools.choice, Choice::kAuto);
}

TEST(GeminiRequest, FunctionsHaveALimit) {
  std::string functions;
  for (int i = 0; i < 129; ++i) functions += R"(,{"name":"f)" + std::to_string(i) + "\"}";
  const auto request = gemini(with_contents(R"("tools":[{"functionDeclarations":[)" + functions.substr(1) + "]}]"));
  ASSERT_FALSE(request.ok());
  EXPECT_EQ(request.error().where, "tools[0].functionDeclarations[128]");
}

TEST(GeminiRequest, ModesOfCallingAreRead) {
  auto with_mode = [](const std::string& config) {
    auto request = gemini(with_function(R"("toolConfig":{"functionCallingConfig":{)" + config + "}}"));
    EXPECT_TRUE(request.ok()) << request.error().to_string();
    return request.ok() ? request->options.tools : chat::ToolUse();
  };
  EXPECT_EQ(with_mode(R"("mode":"AUTO")").choice, Choice::kAuto);
  EXPECT_EQ(with_mode(R"("mode":"NONE")").choice, Choice::kNone);
  EXPECT_EQ(with_mode(R"("mode":"ANY")").choice, Choice::kRequired);
  EXPECT_EQ(with_mode(R"("mode":"ANY","allowedFunctionNames":["g"])").name, "g");
  const chat::ToolUse two = with_mode(R"("mode":"ANY","allowed_function_names":["f","h"])");
  EXPECT_EQ(two.choice, Choice::kRequired);
  EXPECT_EQ(two.name, "");
  EXPECT_EQ(two.functions.find("\"g\""), std::string::npos) << two.functions;
  EXPECT_NE(two.functions.find("\"h\""), std::string::npos) << two.functions;
}

TEST(GeminiRequest, AnswersAreHeldToAForm) {
  using Kind = chat::Constraint::Kind;
  auto form_of = [](const std::string& fields) {
    auto request = gemini(configured(fields));
    EXPECT_TRUE(request.ok()) << request.error().to_string();
    return request.ok() ? request->options.constraint : std::nullopt;
  };
  EXPECT_EQ(form_of(R"("responseMimeType":"application/json")"), (chat::Constraint{Kind::kJsonSchema, "true"}));
  EXPECT_EQ(
      form_of(
          R"("responseMimeType":"application/json","responseSchema":{"type":"ARRAY","minItems":"2","items":{"type":"INTEGER","format":"int32","nullable":true}})"),
      (chat::Constraint{Kind::kJsonSchema,
                        R"({"type":"array","minItems":2,"items":{"type":"integer","nullable":true}})"}));
  EXPECT_EQ(form_of(R"("response_mime_type":"application/json","response_json_schema":{"anyOf":[{"type":"string"}]})"),
            (chat::Constraint{Kind::kJsonSchema, R"({"anyOf":[{"type":"string"}]})"}));
  EXPECT_EQ(form_of(R"("responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a.b","c"]})"),
            (chat::Constraint{Kind::kRegex, R"(a\.b|c)"}));
}

TEST(GeminiRequest, SchemasOfOpenApiBecomeJsonSchemas) {
  const Json schema = to_json_schema(*parse_body(
      R"({"type":"OBJECT","title":"T","properties":{"b":{"type":"STRING","format":"date-time","maxLength":"9"},
          "type":{"type":"NUMBER","format":"double","minimum":1.5},"c":{"anyOf":[{"type":"NULL"},{"ref":"#/defs/d"}]}},
          "propertyOrdering":["c","absent","b"],"defs":{"d":{"type":"TYPE_UNSPECIFIED"}}})"));
  EXPECT_EQ(dump_json(schema),
            R"({"type":"object","title":"T","properties":{"c":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/d"}]},)"
            R"("b":{"type":"string","format":"date-time","maxLength":9},"type":{"type":"number","minimum":1.5}},)"
            R"("$defs":{"d":{}}})");
}

TEST(GeminiRequest, WhatIsWrongIsRefusedByName) {
  struct Case {
    std::string body, where;
    ErrorCode code = ErrorCode::kUsage;
  };
  constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported;
  auto part = [](const std::string& fields) { return R"({"contents":[{"parts":[{)" + fields + "}]}]}"; };
  auto calling = [](const std::string& config) {
    return with_function(R"("toolConfig":{"functionCallingConfig":{)" + config + "}}");
  };
  for (const Case& one : {
           Case{"{}", "contents"},
           Case{R"({"contents":[]})", "contents"},
           Case{R"({"contents":["a"]})", "contents[0]"},
           Case{R"({"contents":[{"role":"king","parts":[{"text":"a"}]}]})", "contents[0].role"},
           Case{R"({"contents":[{"role":"user"}]})", "contents[0].parts"},
           Case{part(""), "contents[0].parts[0].text"},
           Case{part(R"("text":"a","colour":1)"), "contents[0].parts[0].colour"},
           Case{part(R"("text":"a","thought":true)"), "contents[0].parts[0].thought"},
           Case{part(R"("functionCall":{"name":"f"})"), "contents[0].parts[0].functionCall"},
           Case{part(R"("functionResponse":{"name":"f","response":{}})"), "contents[0].parts[0].functionResponse"},
           Case{part(R"("functionResponse":{"name":"f"})"), "contents[0].parts[0].functionResponse.response"},
           Case{part(R"("inline_data":{"mimeType":"image/png","data":""})"), "contents[0].parts[0].inlineData",
                kUnsupported},
           Case{part(R"("fileData":{})"), "contents[0].parts[0].fileData", kUnsupported},
           Case{part(R"("executableCode":{})"), "contents[0].parts[0].executableCode", kUnsupported},
           Case{with_contents(R"("system_instruction":{"parts":[]})"), "systemInstruction.parts"},
           Case{with_contents(R"("system_instruction":{},"systemInstruction":{})"), "systemInstruction"},
           Case{with_contents(R"("model":"other")"), "model"},
           Case{with_contents(R"("cachedContent":"cachedContents/x")"), "cachedContent", kUnsupported},
           Case{with_contents(R"("messages":[])"), "messages"},
           Case{with_contents(R"("tools":[{"googleSearch":{}}])"), "tools[0].googleSearch", kUnsupported},
           Case{with_contents(R"("tools":[{"code_execution":{}}])"), "tools[0].codeExecution", kUnsupported},
           Case{with_contents(R"("tools":[{"functionDeclarations":[{"name":"f"},{"name":"a b"}]}])"),
                "tools[0].functionDeclarations[1].name"},
           Case{with_contents(R"("tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"STRING"}}]}])"),
                "tools[0].functionDeclarations[0].parameters"},
           Case{calling(R"("mode":"VALIDATED")"), "toolConfig.functionCallingConfig.mode", kUnsupported},
           Case{calling(R"("mode":"ANY","allowedFunctionNames":["x"])"),
                "toolConfig.functionCallingConfig.allowedFunctionNames"},
           Case{calling(R"("mode":"AUTO","allowedFunctionNames":["f"])"),
                "toolConfig.functionCallingConfig.allowedFunctionNames"},
           Case{with_contents(R"("toolConfig":{"functionCallingConfig":{"mode":"ANY"}})"),
                "toolConfig.functionCallingConfig.mode"},
           Case{configured(R"("temperature":-1)"), "generationConfig.temperature"},
           Case{configured(R"("candidateCount":0)"), "generationConfig.candidateCount"},
           Case{configured(R"("max_tokens":1)"), "generationConfig.maxTokens"},
           Case{configured(R"("logprobs":2)"), "generationConfig.logprobs"},
           Case{configured(R"("responseMimeType":"application/xml")"), "generationConfig.responseMimeType",
                kUnsupported},
           Case{configured(R"("responseMimeType":"text/x.enum","responseSchema":{"type":"STRING"})"),
                "generationConfig.responseSchema"},
           Case{configured(R"("responseSchema":{"type":"STRING"})"), "generationConfig.responseSchema"},
           Case{configured(R"("responseModalities":["IMAGE"])"), "generationConfig.responseModalities", kUnsupported},
           Case{configured(R"("speechConfig":{})"), "generationConfig.speechConfig", kUnsupported},
           Case{configured(R"("thinkingConfig":{"thinkingBudget":5})"),
                "generationConfig.thinkingConfig.thinkingBudget", kUnsupported},
           Case{configured(R"("thinkingConfig":{"thinkingLevel":"MINIMAL"})"),
                "generationConfig.thinkingConfig.thinkingLevel", kUnsupported},
           Case{configured(R"("thinkingConfig":{"thinkingLevel":"NONE"})"),
                "generationConfig.thinkingConfig.thinkingLevel", kUnsupported},
           Case{configured(R"("thinkingConfig":{"thinkingLevel":"LOW","thinkingBudget":0})"),
                "generationConfig.thinkingConfig.thinkingLevel"},
           Case{with_contents(R"("generationConfig":[1])"), "generationConfig"},
       }) {
    auto request = gemini(one.body);
    ASSERT_FALSE(request.ok()) << one.body;
    EXPECT_EQ(request.error().where, one.where) << one.body;
    EXPECT_EQ(request.error().code, one.code) << one.body;
  }
}

}  // namespace
}  // namespace malmoi::protocol
