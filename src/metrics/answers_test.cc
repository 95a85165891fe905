// Tests of what answers, entities and numbers are worth, by hand and as the published scripts have them.
#include "metrics/answers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "metrics/entities.h"
#include "metrics/numbers.h"

namespace malmoi::metrics {
namespace {

struct Case {
  const char* prediction;
  std::vector<std::string> answers;
  AnswerRule rule;
  double exact_match, f1;
};

TEST(Answers, AreThoseOfThePublishedScripts) {
  const Case cases[] = {{"The Cat!", {"cat"}, AnswerRule::kSquad, 1, 1},
                        {"a black cat", {"the cat", "white cat"}, AnswerRule::kSquad, 0, 2.0 / 3},
                        {"cat cat dog", {"cat dog dog"}, AnswerRule::kSquad, 0, 2.0 / 3},
                        {"1,000원", {"1000원"}, AnswerRule::kSquad, 1, 1},
                        {"the가 왔다", {"가 왔다"}, AnswerRule::kSquad, 0, 0.5},  // an article within a word stays
                        {"", {}, AnswerRule::kSquad, 1, 0},  // version 1.1 knows no missing answers
                        {"", {}, AnswerRule::kSquad2, 1, 1},
                        {"the", {}, AnswerRule::kSquad2, 1, 1},
                        {"cat", {}, AnswerRule::kSquad2, 0, 0},
                        {"", {"cat"}, AnswerRule::kSquad2, 0, 0},
                        {"세월호가족대책위는", {"세월호가족대책위"}, AnswerRule::kKorquad, 0, 16.0 / 17},
                        {"송중", {"송중기", "송중기의"}, AnswerRule::kKorquad, 0, 0.8},
                        {"(주)현대", {"주현대"}, AnswerRule::kKorquad, 0, 1},
                        {"(주)현대", {"주현대"}, AnswerRule::kSquad, 1, 1},
                        {"다나가", {"가나다"}, AnswerRule::kKorquad, 0, 1},
                        {"‘40자’", {"40자"}, AnswerRule::kKorquad, 1, 1},
                        {"the EBS", {"the ebs"}, AnswerRule::kKorquad, 1, 1}};
  for (const Case& c : cases) {
    const AnswerScore score = answer_score(c.prediction, c.answers, c.rule);
    EXPECT_EQ(score.exact_match, c.exact_match) << c.prediction;
    EXPECT_NEAR(score.f1, c.f1, 1e-12) << c.prediction;
  }
  EXPECT_EQ(normalized_answer("  An  apple, the\tA-Team ", AnswerRule::kSquad), "apple ateam");
}

TEST(Entities, BeginWhereTheirKindBeginsOrChanges) {
  const std::vector<std::string> labels = {"B-PER", "I-PER", "O", "I-LOC", "I-PER", "B-PER", "B-PER"};
  const std::vector<Entity> wanted = {{"PER", 0, 2}, {"LOC", 3, 4}, {"PER", 4, 5}, {"PER", 5, 6}, {"PER", 6, 7}};
  EXPECT_EQ(entities_of(labels), wanted);
  EXPECT_TRUE(are_iob(labels));
  EXPECT_FALSE(are_iob(std::vector<std::string>{"O", "O"})) << "nothing has a kind";
  EXPECT_FALSE(are_iob(std::vector<std::string>{"B-PER", "E-PER", "O"}));
  EXPECT_FALSE(are_iob(std::vector<std::string>{"NOUN", "VERB"}));
}

TEST(Entities, AreFoundWhereBordersAndKindAreRight) {
  EntityScore score;
  add_sentence(std::vector<std::string>{"B-PER", "I-PER", "O", "B-LOC"},
               std::vector<std::string>{"B-PER", "I-PER", "B-LOC", "B-LOC"}, score);
  add_sentence(std::vector<std::string>{"B-LOC", "I-LOC"}, std::vector<std::string>{"B-LOC", "O"}, score);
  EXPECT_EQ(score.found, 2u);
  EXPECT_EQ(score.precision(), 2.0 / 4);
  EXPECT_EQ(score.recall(), 2.0 / 3);
  EXPECT_NEAR(score.f1(), 4.0 / 7, 1e-15);
  EXPECT_EQ(EntityScore().f1(), 0);
}

TEST(Numbers, ErrorAndCorrelation) {
  const std::vector<double> wanted = {1, 2, 3, 4}, predicted = {1, 2, 3, 6};
  EXPECT_DOUBLE_EQ(mean_squared_error(predicted, wanted), 1);
  EXPECT_NEAR(*pearson(predicted, wanted), 8 / std::sqrt(14.0 * 5), 1e-15);
  const std::vector<double> far = {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6};
  EXPECT_NEAR(*pearson(far, wanted), 8 / std::sqrt(14.0 * 5), 1e-12) << "an offset changes nothing";
  EXPECT_FALSE(pearson(wanted, std::vector<double>(4, 2)).has_value());
}

}  // namespace
}  // namespace malmoi::metrics
