// Tests of which column of a table is what: by names, by contents, and what is refused.
#include "app/tune/table_roles.h"

#include <gmock/gmock.h>

#include "base/test_folder.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A table of so many rows, each made by its number.
TableLook look_of(int rows, const std::function<Json(int)>& row) {
  TableLook look;
  for (int i = 0; i < rows; ++i) look.add(row(i));
  return look;
}

Json roles_of(TuneGoal goal, const TableLook& look, const Json& asked = Json::object()) {
  auto roles = find_roles(goal, look, asked, "file");
  EXPECT_TRUE(roles.ok()) << roles.error().to_string();
  return roles.ok() ? roles->to_json() : Json();
}

std::string refusal_of(TuneGoal goal, const TableLook& look, const Json& asked = Json::object()) {
  auto roles = find_roles(goal, look, asked, "file");
  return roles.ok() ? "accepted" : roles.error().to_string();
}

std::string sentence(int i) { return "a sentence about the number " + std::to_string(i); }

TEST(TableRoles, LabelsAreFoundByNameAndByContents) {
  const TableLook named = look_of(30, [](int i) {
    return Json{{"id", std::to_string(i)}, {"document", sentence(i)}, {"label", std::to_string(i % 2)}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kClassify, named), (Json{{"text", "document"}, {"label", "label"}}));
  const TableLook unnamed = look_of(30, [](int i) {
    return Json{{"nr", std::to_string(i)}, {"words", sentence(i)}, {"kind", i % 3 ? "fair" : "poor"}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kClassify, unnamed), (Json{{"text", "words"}, {"label", "kind"}}));
  const TableLook korean = look_of(30, [](int i) {
    return Json{{"문장", sentence(i)}, {"분류", i % 2 ? "긍정" : "부정"}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kClassify, korean), (Json{{"text", "문장"}, {"label", "분류"}}));
  const TableLook pair = look_of(30, [](int i) {
    return Json{{"premise", sentence(i)}, {"hypothesis", sentence(i + 1)}, {"gold_label", i % 2 ? "yes" : "no"}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kClassify, pair),
            (Json{{"text", "premise"}, {"text_pair", "hypothesis"}, {"label", "gold_label"}}));
}

TEST(TableRoles, WhatIsAskedIsTakenAsItIs) {
  const TableLook look = look_of(30, [](int i) {
    return Json{{"document", sentence(i)}, {"note", sentence(-i)}, {"label", "x"}, {"mood", i % 2 ? "good" : "bad"}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kClassify, look, {{"text", "note"}, {"label", "mood"}}),
            (Json{{"text", "note"}, {"label", "mood"}}));
  EXPECT_THAT(refusal_of(TuneGoal::kClassify, look, {{"label", "none"}}),
              AllOf(HasSubstr("no row has the column 'none'"), HasSubstr("mood (2 different, as 'bad')")));
}

TEST(TableRoles, WhatIsNoLabelIsRefusedWithWhatWasFound) {
  const TableLook none = look_of(30, [](int i) {
    return Json{{"a", sentence(i)}, {"b", std::to_string(i)}, {"c", nullptr}};
  });
  EXPECT_THAT(refusal_of(TuneGoal::kClassify, none),
              AllOf(HasSubstr("which column holds the labels is not clear"), HasSubstr("b (30 different, as '0')"),
                    HasSubstr("c (empty)"), HasSubstr("--set data.columns.label=COLUMN")));
  const TableLook several = look_of(30, [](int i) {
    return Json{{"words", sentence(i)}, {"a", std::to_string(i % 2)}, {"b", std::to_string(i % 3)}};
  });
  EXPECT_THAT(refusal_of(TuneGoal::kClassify, several), HasSubstr("which of several columns"));
  const TableLook numbers = look_of(30, [](int i) { return Json{{"text", sentence(i)}, {"label", 0.5 + i}}; });
  EXPECT_THAT(refusal_of(TuneGoal::kClassify, numbers), HasSubstr("numbers with fractions"));
  const TableLook chats = look_of(3, [](int) { return Json{{"messages", Json::array({Json{{"role", "user"}}})}}; });
  for (TuneGoal goal : {TuneGoal::kClassify, TuneGoal::kTranslate, TuneGoal::kEmbed})
    EXPECT_THAT(refusal_of(goal, chats), HasSubstr("use --goal chat"));
}

TEST(TableRoles, TextsAndWhatIsMadeOfThem) {
  const TableLook named = look_of(10, [](int i) {
    return Json{{"Source", sentence(i)}, {"Target", sentence(-i)}, {"note", sentence(i)}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kTranslate, named), (Json{{"source", "Source"}, {"target", "Target"}}));
  const TableLook languages = look_of(10, [](int i) {
    return Json{{"id", sentence(i)}, {"ko", sentence(i)}, {"domain", sentence(i)}, {"en", "x"}};
  });
  EXPECT_THAT(refusal_of(TuneGoal::kTranslate, languages), HasSubstr("is not clear")) << "id is Indonesian, too";
  const TableLook two = look_of(10, [](int i) { return Json{{"nr", i}, {"one", sentence(i)}, {"two", sentence(-i)}}; });
  EXPECT_EQ(roles_of(TuneGoal::kTranslate, two), (Json{{"source", "one"}, {"target", "two"}}));
  const TableLook nested = look_of(3, [](int) { return Json{{"translation", {{"ko", "a"}, {"en", "b"}}}}; });
  EXPECT_THAT(refusal_of(TuneGoal::kTranslate, nested), HasSubstr("both texts in one object"));
}

TEST(TableRoles, PairsAndHowMuchTheyAreAlike) {
  const TableLook scored = look_of(10, [](int i) {
    return Json{{"sentence1", sentence(i)}, {"sentence2", sentence(-i)}, {"score", std::to_string(i % 5) + ".5"}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kEmbed, scored),
            (Json{{"text", "sentence1"}, {"text_pair", "sentence2"}, {"score", "score"}}));
  const TableLook triple = look_of(10, [](int i) {
    return Json{{"anchor", sentence(i)}, {"positive", sentence(-i)}, {"negative", sentence(2 * i)}};
  });
  EXPECT_EQ(roles_of(TuneGoal::kEmbed, triple),
            (Json{{"text", "anchor"}, {"text_pair", "positive"}, {"negative", "negative"}}));
  const TableLook kinds = look_of(10, [](int i) {
    return Json{{"premise", sentence(i)}, {"hypothesis", sentence(-i)}, {"label", i % 2 ? "entailment" : "neutral"}};
  });
  EXPECT_THAT(refusal_of(TuneGoal::kEmbed, kinds),
              AllOf(HasSubstr("entailment, neutral"), HasSubstr("--goal classify")));
  const TableLook numbered = look_of(10, [](int i) {
    return Json{{"premise", sentence(i)}, {"hypothesis", sentence(-i)}, {"label", i % 3}};
  });
  EXPECT_THAT(refusal_of(TuneGoal::kEmbed, numbered), HasSubstr("sorts the pairs into kinds (0, 1, 2)"));
}

TEST(TableLook, FilesOfAllKindsAreLookedAt) {
  const Path folder = test_folder("table_look");
  auto names = [](const Result<TableLook>& look) {
    std::vector<std::string> names;
    if (look.ok()) std::ranges::transform(look->columns, std::back_inserter(names), &ColumnLook::name);
    return names;
  };
  ASSERT_TRUE(write_file(folder / "a.csv", "id;\"label\";text\n1;yes;a\n2;no;b\n").ok());
  EXPECT_THAT(names(look_at_table(folder / "a.csv")), testing::ElementsAre("id", "label", "text"));
  ASSERT_TRUE(write_file(folder / "a.tsv", "id\tdocument\tlabel\n1\tgood\t1\n").ok());
  EXPECT_THAT(names(look_at_table(folder / "a.tsv")), testing::ElementsAre("id", "document", "label"));
  ASSERT_TRUE(write_file(folder / "a.jsonl", "{\"b\": 1, \"a\": \"x\"}\n{\"c\": []}\n").ok());
  EXPECT_THAT(names(look_at_table(folder / "a.jsonl")), testing::ElementsAre("b", "a", "c"));
  EXPECT_FALSE(look_at_table(folder / "none.csv").ok());
  ASSERT_TRUE(write_file(folder / "a.parquet", "PAR1").ok());
  EXPECT_THAT(look_at_table(folder / "a.parquet").error().to_string(), HasSubstr("duckdb"));
  ASSERT_TRUE(write_file(folder / "empty.csv", "text,label\n").ok());
  EXPECT_THAT(look_at_table(folder / "empty.csv").error().to_string(), HasSubstr("holds no rows"));
}

}  // namespace
}  // namespace malmoi::app
