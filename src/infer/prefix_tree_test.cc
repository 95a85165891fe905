#include "infer/prefix_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace malmoi::infer {
namespace {

constexpr int64_t kWidth = 8;

class Tree : public testing::Test {
 protected:
  void SetUp() override {
    pool_ = *nn::StatePool::create({{.key_width = kWidth, .value_width = kWidth}}, DType::kF32, size_t{1} << 24);
  }
  // A state of so many positions.
  nn::SequenceState read(size_t length) {
    nn::SequenceState state = *pool_->open();
    EXPECT_TRUE(state.reserve(static_cast<int64_t>(length)).ok());
    state.advance(static_cast<int64_t>(length));
    return state;
  }
  void insert(PrefixTree& tree, const std::vector<int32_t>& ids, int64_t key = 0, bool can_go_back = true) {
    tree.insert(key, ids, read(ids.size()), can_go_back);
  }
  static int64_t longest(PrefixTree& tree, const std::vector<int32_t>& ids, int64_t key = 0) {
    return tree.find(key, ids).longest.length;
  }

  std::unique_ptr<nn::StatePool> pool_;
  PrefixTree tree_{size_t{1} << 22};
};

TEST_F(Tree, TheLongestSharedBeginningIsFound) {
  EXPECT_EQ(tree_.find(0, std::vector<int32_t>{1, 2}).longest.state, nullptr);
  insert(tree_, {1, 2, 3, 4, 5});
  insert(tree_, {1, 2, 3, 9, 9, 9});
  insert(tree_, {7});
  EXPECT_EQ(longest(tree_, {1, 2, 3, 4, 5, 6}), 5);
  EXPECT_EQ(longest(tree_, {1, 2, 3, 4}), 4);
  EXPECT_EQ(longest(tree_, {1, 2, 3, 9, 1}), 4);
  EXPECT_EQ(longest(tree_, {1, 2}), 2);
  EXPECT_EQ(longest(tree_, {2, 1}), 0);
  EXPECT_EQ(longest(tree_, {1, 2, 3}, 1), 0) << "another key";
  auto found = tree_.find(0, std::vector<int32_t>{1, 2, 3, 9, 9, 9, 9});
  EXPECT_EQ(found.longest.state->length(), 6);
  EXPECT_EQ(found.whole.length, 6);
  EXPECT_EQ(tree_.find(0, std::vector<int32_t>{1, 2, 3, 9}).whole.state, nullptr);
}

TEST_F(Tree, BeginningsOfAStateThatCanGoBackAreNotKept) {
  insert(tree_, {1, 2});
  insert(tree_, {1, 2, 3});
  EXPECT_EQ(tree_.states(), 1);
  insert(tree_, {1, 2}, 5, false);
  insert(tree_, {1, 2, 3}, 5, false);
  EXPECT_EQ(tree_.states(), 3);
  EXPECT_EQ(tree_.find(5, std::vector<int32_t>{1, 2, 9}).whole.length, 2);
  insert(tree_, {1, 2, 3}, 5, false);
  EXPECT_EQ(tree_.states(), 3) << "the same again";
}

TEST_F(Tree, WhatWasUsedLongestAgoGoesFirst) {
  insert(tree_, {1, 1, 1});
  insert(tree_, {1, 1, 2});
  insert(tree_, {3});
  EXPECT_EQ(longest(tree_, {1, 1, 1}), 3);  // used
  EXPECT_TRUE(tree_.drop_oldest());
  EXPECT_EQ(longest(tree_, {1, 1, 2}), 2);
  EXPECT_TRUE(tree_.drop_oldest());
  EXPECT_EQ(longest(tree_, {3}), 0);
  EXPECT_TRUE(tree_.drop_oldest());
  EXPECT_FALSE(tree_.drop_oldest());
  EXPECT_EQ(tree_.bytes(), 0u);
  EXPECT_EQ(pool_->in_use(), 0u);
}

// A conversation that goes on and on is one state, however often it was asked for.
TEST_F(Tree, GrowingPromptsLeaveOneState) {
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 2000; ++i) {
    ids.push_back(i);
    insert(tree_, ids);
  }
  EXPECT_EQ(tree_.states(), 1);
  EXPECT_EQ(longest(tree_, ids), 2000);
  EXPECT_TRUE(tree_.drop_oldest());
  EXPECT_FALSE(tree_.drop_oldest());
}

TEST_F(Tree, ItHoldsNoMoreThanItMay) {
  const size_t one = read(1).bytes();
  PrefixTree small(3 * one);
  for (int32_t i = 0; i < 10; ++i) insert(small, {i, i});
  EXPECT_EQ(small.states(), 3);
  EXPECT_LE(small.bytes(), 3 * one);
  insert(small, std::vector<int32_t>(200, 1));  // larger than all that it may hold
  EXPECT_EQ(small.states(), 3);
  EXPECT_EQ(pool_->in_use(), 3 * one);
  PrefixTree none(0);
  insert(none, {1, 2});
  EXPECT_EQ(none.states(), 0);
}

// Against a list of what is there.
TEST_F(Tree, RandomPromptsAreFoundAsAListFindsThem) {
  std::mt19937 random(3);
  std::vector<std::vector<int32_t>> all;
  for (int round = 0; round < 400; ++round) {
    std::vector<int32_t> ids(1 + random() % 12);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % 3);
    size_t best = 0;
    for (const auto& other : all)
      best = std::max<size_t>(best, static_cast<size_t>(std::ranges::mismatch(ids, other).in1 - ids.begin()));
    ASSERT_EQ(longest(tree_, ids), static_cast<int64_t>(best));
    insert(tree_, ids);
    all.push_back(ids);
  }
}

}  // namespace
}  // namespace malmoi::infer
