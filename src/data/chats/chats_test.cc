// Shapes of conversations, what is wrong with rows, and the files that they stand in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "base/test_growth.h"
#include "data/chats/reader.h"
#include "data/chats/shapes.h"
#include "formats/zstd_stream.h"

namespace malmoi::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string said(const std::vector<chat::Message>& messages, const std::vector<std::optional<bool>>& learned = {}) {
  std::string text;
  for (size_t i = 0; i < messages.size(); ++i) {
    const chat::Message& m = messages[i];
    text += (text.empty() ? "" : " | ") + m.role + ": " + m.content;
    if (!m.reasoning_content.empty()) text += " (" + m.reasoning_content + ")";
    for (const chat::ToolCall& call : m.tool_calls) text += " " + call.name + call.arguments;
    if (i < learned.size() && learned[i]) text += *learned[i] ? " +" : " -";
  }
  return text;
}

// The shape that is found, and the row in it.
std::string row_of(const std::string& json) {
  const Json cells = *parse_json(json, "row");
  const std::optional<ChatShape> shape = find_shape(cells);
  if (!shape) return "no shape";
  auto row = read_chat_row(cells, *shape, "f (line 3)");
  if (!row.ok()) return row.error().to_string();
  std::string text = std::string(shape_name(*shape)) + " " + said(row->messages, row->learned);
  if (!row->chosen.empty()) text += " > " + said(row->chosen);
  if (!row->rejected.empty()) text += " < " + said(row->rejected);
  if (!row->liked) text += " disliked";
  return row->tools.empty() ? text : text + " tools " + row->tools;
}

TEST(ChatShapes, Messages) {
  EXPECT_EQ(row_of(R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"},
                       {"role": "assistant", "content": "a", "weight": 0}, {"role": "user", "content": "r"},
                       {"role": "assistant", "content": "b", "train": true, "thinking": "t"}]})"),
            "messages system: s | user: q | assistant: a - | user: r | assistant: b (t) +");
  EXPECT_EQ(row_of(R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"},
                       {"type": "text", "text": "b"}]}], "system": "told"})"),
            "messages system: told | user: ab");
}

TEST(ChatShapes, CallsAndToolsAsJsonOrItsText) {
  const std::string call = R"([{"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
    "function": {"name": "f", "arguments": ARGS}}]}, {"role": "tool", "content": "7", "tool_call_id": "1"}])";
  auto with = [&](const std::string& arguments, const std::string& tools) {
    std::string text = call;
    text.replace(text.find("ARGS"), 4, arguments);
    return row_of("{\"messages\": " + text + ", \"tools\": " + tools + "}");
  };
  const std::string want =
      R"(messages assistant:  f{"x": 1} | tool: 7 tools [{"type":"function","function":{"name":"f"}}])";
  EXPECT_EQ(with(R"("{\"x\": 1}")", R"([{"type": "function", "function": {"name": "f"}}])"), want);
  EXPECT_EQ(with(R"("{\"x\": 1}")", R"("[{\"name\": \"f\"}]")"), want) << "a list as text, of bare functions";
  EXPECT_EQ(with(R"({"x":1})", "[]"), R"(messages assistant:  f{"x":1} | tool: 7)");
  EXPECT_EQ(with("{}", "\"\""), "messages assistant:  f{} | tool: 7");
  EXPECT_THAT(with("{}", "\"none\""), HasSubstr("'tools' is no list"));
}

TEST(ChatShapes, ShareGptAndItsSpeakers) {
  EXPECT_EQ(row_of(R"({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"},
                       {"from": "function_call", "value": "{\"name\": \"f\", \"arguments\": {\"x\": 1}}"},
                       {"from": "observation", "value": "7"}]})"),
            "sharegpt user: q | assistant: a | assistant:  f{\"x\":1} | tool: 7");
}

TEST(ChatShapes, AlpacaAndWhatItIsCalledElsewhere) {
  EXPECT_EQ(row_of(R"({"instruction": "i", "input": "x", "output": "o"})"), "alpaca user: i\n\nx | assistant: o");
  EXPECT_EQ(row_of(R"({"instruction": "i", "input": " ", "output": "o", "history": [["a", "b"]]})"),
            "alpaca user: a | assistant: b | user: i | assistant: o");
  EXPECT_EQ(row_of(R"({"instruction": "i", "context": "", "response": "o", "category": "c"})"),
            "alpaca user: i | assistant: o");
  EXPECT_EQ(row_of(R"({"question": "1+1", "answer": 2})"), "alpaca user: 1+1 | assistant: 2");
  EXPECT_THAT(row_of(R"({"instruction": "i", "output": " "})"), HasSubstr("f (line 3): 'output' is missing or empty"));
}

TEST(ChatShapes, PromptAndCompletion) {
  EXPECT_EQ(row_of(R"({"prompt": "p", "completion": "[1, 2]"})"), "prompt_completion user: p - | assistant: [1, 2]");
  EXPECT_EQ(row_of(R"({"prompt": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "x"},
                       {"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "c"}]})"),
            "prompt_completion user: p - | assistant: x - | user: q - | assistant: c");
  EXPECT_THAT(row_of(R"({"prompt": "p", "completion": [{"role": "user", "content": "c"}]})"),
              HasSubstr("does not begin with a message of the assistant"));
}

TEST(ChatShapes, Preferences) {
  const std::string want = "preference user: p > assistant: c < assistant: r";
  EXPECT_EQ(row_of(R"({"prompt": "p", "chosen": "c", "rejected": "r"})"), want);
  EXPECT_EQ(row_of(R"({"instruction": "p", "chosen_response": "c", "rejected_response": "r"})"), want);
  EXPECT_EQ(row_of(R"({"chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "c"}],
                       "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "r"}]})"),
            want)
      << "what both begin with is the prompt";
  EXPECT_EQ(row_of(R"({"prompt": "p", "chosen": [{"role": "user", "content": "p"}, {"role": "assistant",
                       "content": "c"}], "rejected": [{"role": "user", "content": "p"}, {"role": "assistant",
                       "content": "r"}]})"),
            want)
      << "and is not said twice";
  EXPECT_EQ(row_of(R"({"chosen": "\n\nHuman: p\n\nAssistant: c", "rejected": "\n\nHuman: p\n\nAssistant: r"})"), want);
  EXPECT_EQ(row_of(R"({"question": "p", "system": "s", "chosen": "c", "rejected": "r"})"),
            "preference system: s | user: p > assistant: c < assistant: r");
  EXPECT_EQ(row_of(R"({"chosen": "the sky is blue", "rejected": "the sky is black"})"),
            "preference user: the sky is > assistant: blue < assistant: black");
  EXPECT_THAT(row_of(R"({"chosen": "blue", "rejected": "black"})"), HasSubstr("no beginning in common"));
}

TEST(ChatShapes, Judgements) {
  EXPECT_EQ(row_of(R"({"prompt": "p", "completion": "c", "label": true})"), "unpaired user: p > assistant: c");
  EXPECT_EQ(row_of(R"({"prompt": "p", "completion": "c", "label": "False"})"),
            "unpaired user: p > assistant: c disliked");
  EXPECT_THAT(row_of(R"({"prompt": "p", "completion": "c", "label": 2})"), HasSubstr("neither true nor false"));
}

TEST(ChatShapes, WhatIsWrongWithARowSaysWhere) {
  EXPECT_EQ(row_of(R"({"text": "a"})"), "no shape");
  EXPECT_THAT(row_of(R"({"messages": []})"), StartsWith("f (line 3): 'messages' is no list of messages"));
  EXPECT_THAT(row_of(R"({"messages": ["a"]})"), StartsWith("f (line 3), messages[0]: is no message"));
  EXPECT_THAT(row_of(R"({"messages": [{"content": "a"}]})"), HasSubstr("a message has no role"));
  EXPECT_THAT(row_of(R"({"messages": [{"role": "user", "content": null}]})"),
              StartsWith("f (line 3), messages[0]: a message of the user has no content"));
  EXPECT_EQ(row_of(R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "thinking": "t"}]})"),
            "messages user: q | assistant:  (t)");
  EXPECT_THAT(row_of(R"({"messages": [{"role": "narrator", "content": "a"}]})"), HasSubstr("the role 'narrator'"));
  EXPECT_THAT(row_of(R"({"messages": [{"role": "user", "content": {"a": 1}}]})"),
              HasSubstr("neither a text nor parts"));
  EXPECT_THAT(row_of(R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})"),
              HasSubstr("a part of type 'image_url'"));
  EXPECT_THAT(row_of(R"({"messages": [{"role": "assistant", "content": "a", "weight": 0.5}]})"),
              HasSubstr("the weight 0.5 is neither 0 nor 1"));
  EXPECT_THAT(row_of(R"({"messages": [{"role": "user", "content": "a", "tool_calls": [{"name": "f"}]}]})"),
              HasSubstr("calls are the assistant's"));
  EXPECT_THAT(row_of(R"({"messages": [{"role": "assistant", "tool_calls": [{"arguments": {}}]}]})"),
              HasSubstr("names no function"));
}

class ChatFiles : public testing::Test {
 protected:
  void SetUp() override { folder_ = test_folder("malmoi_chats"); }
  // The shape, then each row or what is wrong with it.
  std::vector<std::string> read(const std::string& name, const std::string& content,
                                std::optional<ChatShape> shape = {}) {
    EXPECT_TRUE(write_file(folder_ / name, content).ok());
    std::vector<std::string> rows;
    auto found = for_each_chat(folder_ / name, shape, [&](Result<ChatRow>&& row) -> Status {
      rows.push_back(row.ok() ? said(row->messages) : row.error().to_string());
      return {};
    });
    rows.insert(rows.begin(), found.ok() ? std::string(shape_name(*found)) : found.error().to_string());
    return rows;
  }
  Path folder_;
};

TEST_F(ChatFiles, EveryKindGivesTheSameRows) {
  const std::string rows[] = {R"({"prompt": "p, q", "completion": "c"})", R"({"prompt": "좋아?", "completion": "응"})"};
  const auto want = ElementsAre("prompt_completion", "user: p, q | assistant: c", "user: 좋아? | assistant: 응");
  EXPECT_THAT(read("a.jsonl", rows[0] + "\n\n" + rows[1] + "\n"), want);
  EXPECT_THAT(read("a.jsonl.zst", formats::zstd_compress(rows[0] + "\n" + rows[1] + "\n")), want);
  EXPECT_THAT(read("a.json", "\xEF\xBB\xBF [" + rows[0] + ",\n" + rows[1] + "]"), want);
  EXPECT_THAT(read("lines.json", rows[0] + "\n" + rows[1]), want) << "lines that are called JSON";
  EXPECT_THAT(read("a.csv", "prompt,completion,note\n\"p, q\",c,x\n좋아?,응,\n"), want);
  EXPECT_THAT(read("a.tsv", "prompt\tcompletion\np, q\tc\n좋아?\t응\n"), want);
}

TEST_F(ChatFiles, RowsOfATableMayLackCells) {
  EXPECT_THAT(
      read("a.csv", "prompt,completion,note\np,\nq,c\n"),
      ElementsAre("prompt_completion", HasSubstr("'completion' is missing or empty"), "user: q | assistant: c"));
}

TEST_F(ChatFiles, ABadRowIsToldAndTheNextIsRead) {
  EXPECT_THAT(read("a.jsonl",
                   "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n{\"messages\": 3}\n"
                   "{\"messages\": [{\"role\": \"user\", \"content\": \"b\"}]}\n"),
              ElementsAre("messages", "user: a", HasSubstr("(line 2): 'messages' is no list"), "user: b"));
}

TEST_F(ChatFiles, AShapeCanBeForced) {
  const std::string row = R"({"messages": [{"role": "user", "content": "a"}], "instruction": "i", "output": "o"})";
  EXPECT_THAT(read("a.jsonl", row), ElementsAre("messages", "user: a"));
  EXPECT_THAT(read("a.jsonl", row, ChatShape::kAlpaca), ElementsAre("alpaca", "user: i | assistant: o"));
}

TEST_F(ChatFiles, WhatCannotBeReadSaysWhy) {
  EXPECT_THAT(read("a.parquet", "PAR1"), ElementsAre(testing::AllOf(HasSubstr("a.parquet"), HasSubstr("duckdb"))));
  EXPECT_THAT(read("a.jsonl", "PAR1...."), ElementsAre(HasSubstr("Parquet")));
  EXPECT_THAT(read("a.jsonl", "{\"text\": \"a\"}\n"),
              ElementsAre(testing::AllOf(HasSubstr("(line 1)"), HasSubstr("these columns: text"))));
  EXPECT_THAT(read("a.jsonl", ""), ElementsAre(HasSubstr("holds no rows")));
  EXPECT_THAT(read("a.json", "[]"), ElementsAre(HasSubstr("holds no rows")));
  EXPECT_THAT(read("a.json", "[1]"), ElementsAre(HasSubstr("(row 1): is no JSON object")));
  EXPECT_THAT(read("a.json", "[{\"a\""), ElementsAre(HasSubstr("a.json")));
  EXPECT_THAT(read("a.jsonl", "{\"messages\"\n"), ElementsAre(HasSubstr("(line 1)")));
  EXPECT_THAT(read("a.docx", "x"), ElementsAre(HasSubstr("a.docx")));
  auto missing = for_each_chat(folder_ / "none.jsonl", {}, [](Result<ChatRow>&&) -> Status { return {}; });
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().to_string(), HasSubstr("none.jsonl"));
}

TEST(ChatShapes, DialoguesOfManyTurnsAreReadInAboutLinearTime) {
  auto dialogue = [](size_t turns) {
    std::string text = "Human: q";
    for (size_t i = 0; i < turns; ++i) text += "\n\nHuman: and";
    return Json{{"chosen", text + " so\n\nAssistant: a"}, {"rejected", text + " so\n\nAssistant: b"}};
  };
  const double growth = growth_of(
      dialogue,
      [](const Json& cells) {
        auto row = read_chat_row(cells, ChatShape::kPreference, "row");
        ASSERT_TRUE(row.ok()) << row.error().to_string();
        ASSERT_EQ(row->chosen.size(), 1u);
      },
      20'000);
  EXPECT_LT(growth, kSteepestGrowth);
}

}  // namespace
}  // namespace malmoi::data
