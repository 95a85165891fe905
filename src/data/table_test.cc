// Tests of tables: their kinds, their cells, and rows that cannot be read.
#include "data/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/test_folder.h"

namespace malmoi::data {
namespace {

using testing::HasSubstr;

class TableRows : public testing::Test {
 protected:
  void SetUp() override { folder_ = test_folder("malmoi_tables"); }
  // The cells of all rows, or what is wrong.
  Json read(const std::string& name, const std::string& content, const std::string& text = "document") {
    EXPECT_TRUE(write_file(folder_ / name, content).ok());
    Json rows = Json::array();
    Status read = for_each_table_row(folder_ / name, text, [&](TableRow&& row) -> Status {
      std::map<std::string, Json> sorted;
      for (const auto& [name, cell] : row.cells.items()) sorted[name] = cell;
      Json& cells = rows.emplace_back(Json::object());
      for (const auto& [name, cell] : sorted) cells[name] = cell;
      return {};
    });
    return read.ok() ? rows : Json(read.error().to_string());
  }
  Path folder_;
};

TEST_F(TableRows, EveryKindGivesTheSameCells) {
  const Json want =
      Json::parse(R"([{"document": "좋다, 참", "id": "1", "label": "1"}, {"document": "b", "id": "2", "label": "0"}])");
  EXPECT_EQ(read("a.tsv", "id\tdocument\tlabel\n1\t좋다, 참\t1\n2\tb\t0\n"), want);
  EXPECT_EQ(read("ratings.txt", "id\tdocument\tlabel\n1\t좋다, 참\t1\n2\tb\t0\n"), want) << "as NSMC is published";
  EXPECT_EQ(read("a.csv", "id,document,label\n1,\"좋다, 참\",1\n2,b,0\n"), want);
  EXPECT_EQ(read("a.jsonl",
                 "{\"id\": \"1\", \"document\": \"좋다, 참\", \"label\": \"1\"}\n\n{\"id\": \"2\", \"document\": "
                 "\"b\", \"label\": \"0\"}\n"),
            want);
}

TEST_F(TableRows, LinesKeepValuesOfAnyKind) {
  EXPECT_EQ(read("a.jsonl", "{\"words\": [\"a\", \"b\"], \"label\": 1}\n", "words"),
            Json::parse(R"([{"label": 1, "words": ["a", "b"]}])"));
}

TEST_F(TableRows, RowsMayLackAnyCellWhereNoColumnIsTheText) {
  const Json want = Json::parse(R"([{"a": "1", "b": null, "c": "3"}, {"a": "4", "b": null, "c": null}])");
  EXPECT_EQ(read("a.csv", "a,b,c\n1,,3\n4\n", ""), want);
  EXPECT_EQ(read("a.tsv", "a\tb\tc\n1\t\t3\n4\n", ""), want);
  EXPECT_EQ(read("b.csv", "sep=;\n\"a;1\";title\nx;y\n", ""), Json::parse(R"([{"a;1": "x", "title": "y"}])"));
  EXPECT_EQ(read("c.csv", "a,b\nx,y,z\n", ""), Json::parse(R"([{"a": "x", "b": "y,z"}])")) << "commas in a last text";
  EXPECT_THAT(read("d.csv", "document,label\nx\n", "label").get<std::string>(), HasSubstr("1 of 2 columns"));
}

TEST_F(TableRows, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(read("b.parquet", "x").get<std::string>(), HasSubstr("duckdb"));
  EXPECT_THAT(read("a.parquet", "x").get<std::string>(), HasSubstr("a.parquet"));
  EXPECT_THAT(read("a.jsonl", "{\"a\": 1}\n[1]\n").get<std::string>(), HasSubstr("(line 2): is not a JSON object"));
  EXPECT_THAT(read("b.jsonl", "{\"a\": 1}\n{\"a\"\n").get<std::string>(), HasSubstr("(line 2)"));
  EXPECT_THAT(read("a.tsv", "id\tlabel\n1\t2\n").get<std::string>(), HasSubstr("no column 'document'"));
  EXPECT_THAT(read("b.csv", "document,label\na,1\n\"b,2\n").get<std::string>(), HasSubstr("b.csv"));
  Status missing = for_each_table_row(folder_ / "none.tsv", "a", [](TableRow&&) -> Status { return {}; });
  EXPECT_THAT(missing.error().to_string(), HasSubstr("none.tsv"));
}

}  // namespace
}  // namespace malmoi::data
