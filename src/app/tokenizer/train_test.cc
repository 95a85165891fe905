// Tests of training on tables: the texts of the columns that are named, and of no other.
#include "app/tokenizer/train.h"
#include "base/test_folder.h"

#include <gmock/gmock.h>

namespace malmoi::app {
namespace {

using testing::HasSubstr;

TEST(TokenizerTraining, LearnsFromTheColumnsOfTables) {
  const Path folder = test_folder("malmoi_tokenizer_columns");
  ASSERT_TRUE(write_file(folder / "rows.tsv", "id\tsource\ttarget\n7\tab ab\tcd\n8\tab\tcd cd\n").ok());
  TokenizerTraining training{.inputs = {folder / "rows.tsv"}, .out = folder / "out", .columns = {"source", "target"}};
  training.options.kind = tokenizer::TrainKind::kWordLevel;
  auto trained = train_tokenizer(training, {});
  ASSERT_TRUE(trained.ok()) << trained.error().to_string();
  EXPECT_EQ(trained->counts.texts, 4u);
  auto made = tokenizer::Tokenizer::load(folder / "out");
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  EXPECT_TRUE(made->id_of("ab") && made->id_of("cd"));
  EXPECT_FALSE(made->id_of("7")) << "of another column";
  training.columns = {"source", "traget"};
  auto refused = train_tokenizer(training, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("rows.tsv: no row has the column 'traget'"));
}

}  // namespace
}  // namespace malmoi::app
