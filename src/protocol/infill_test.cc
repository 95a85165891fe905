// Gaps as llama.cpp's server takes them: read whole or refused by name, told whole and streamed.
#include "protocol/infill.h"

#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

TEST(Infill, IsReadWhole) {
  auto request = read(kInfill, R"({"input_prefix":"def f(","input_suffix":"):\n","prompt":"x","n_predict":9,"top_k":4,
      "stop":["\n"],"input_extra":[],"cache_prompt":true,"stream":true,"model":"m"})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const auto& gap = std::get<chat::Gap>(request->prompts.at(0));
  EXPECT_EQ(gap.before, "def f(x");
  EXPECT_EQ(gap.after, "):\n");
  EXPECT_STREQ(gap.field, "input_suffix");
  EXPECT_EQ(request->options.max_tokens, 9);
  EXPECT_EQ(request->options.sampling.top_k, 4);
  EXPECT_TRUE(request->options.stream);
  EXPECT_FALSE(read(kInfill, R"({"input_prefix":"","input_suffix":"","n_predict":-1})")->options.max_tokens);
}

TEST(Infill, RefusesByName) {
  struct Case {
    const char* more;
    const char* where;
  };
  for (auto [more, where] : {Case{R"("input_prefix":"a")", "input_suffix"},
                             {R"("input_suffix":"a")", "input_prefix"},
                             {R"("input_prefix":5,"input_suffix":"a")", "input_prefix"},
                             {R"("input_prefix":"a","input_suffix":"b","input_extra":[{"text":"c"}])", "input_extra"},
                             {R"("input_prefix":"a","input_suffix":"b","n":2)", "n"},
                             {R"("input_prefix":"a","input_suffix":"b","n_predict":-2)", "n_predict"},
                             {R"("input_prefix":"a","input_suffix":"b","t_max_predict_ms":100)", "t_max_predict_ms"},
                             {R"("input_prefix":"a","input_suffix":"b","input_prefixx":1)", "input_prefixx"}}) {
    auto request = read(kInfill, std::string("{") + more + "}");
    ASSERT_FALSE(request.ok()) << more;
    EXPECT_EQ(request.error().where, where) << more;
  }
}

TEST(Infill, IsToldWhole) {
  const Told told{
      .usage = {.prompt_tokens = 7, .completion_tokens = 3, .cached_tokens = 2}, .first_seconds = 1, .seconds = 3};
  const auto printer = printer_of(kInfill);
  const Json json = printer->whole({{.text = "x, y", .finish_reason = "length"}}, told);
  EXPECT_EQ(json["content"], "x, y");
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["stop"], true);
  EXPECT_EQ(json["stop_type"], "limit");
  EXPECT_EQ(json["tokens_predicted"], 3);
  EXPECT_EQ(json["tokens_evaluated"], 7);
  EXPECT_EQ(json["tokens_cached"], 2);
  EXPECT_EQ(json["timings"]["prompt_n"], 5);
  EXPECT_EQ(json["timings"]["predicted_ms"], 2000);
  const Json word = printer->whole({{.text = "x", .finish_reason = "stop", .stop_text = "\n"}}, told);
  EXPECT_EQ(word["stop_type"], "word");
  EXPECT_EQ(word["stopping_word"], "\n");
  EXPECT_EQ(printer->whole({{.text = "x", .finish_reason = "stop"}}, told)["stop_type"], "eos");
}

TEST(Infill, IsToldInPieces) {
  const auto printer = printer_of(kInfill);
  EXPECT_TRUE(printer->opening({}).empty());
  const auto first = printer->piece({.text = "x"});
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].json, (Json{{"index", 0}, {"content", "x"}, {"stop", false}}));
  EXPECT_TRUE(printer->piece({.finish_reason = "stop", .stop_text = ")"}).empty());
  const auto last = printer->closing({.usage = {.prompt_tokens = 4, .completion_tokens = 2}});
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].json["content"], "");
  EXPECT_EQ(last[0].json["stop"], true);
  EXPECT_EQ(last[0].json["stop_type"], "word");
  EXPECT_EQ(last[0].json["tokens_predicted"], 2);
  EXPECT_EQ(printer->failure({.message = "broken"}).at(0).json["error"]["message"], "broken");
  EXPECT_EQ(kInfill.stream_form({}), StreamForm::kEvents);
}

}  // namespace
}  // namespace malmoi::protocol
