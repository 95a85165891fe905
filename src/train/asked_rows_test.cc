// Hashes that name files of what frozen models said: whatever of a row changes the answer changes them.
#include "train/asked_rows.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace malmoi::train {
namespace {

constexpr int32_t kRead[] = {3, 1, 4}, kReadOtherwise[] = {3, 1, 5}, kReadAt[] = {0, 1, 5}, kReadTypes[] = {0, 1, 1},
                  kReadMask[] = {1, 0, 1};

Examples asked_row(const nn::RunInput& run) {
  Examples row;
  row.input.add(run);
  row.targets = {1, 4, -1};
  row.completions = {1};
  return row;
}

TEST(AskedRows, AreNamedByAllThatAModelReads) {
  const std::vector<std::function<void(Examples&)>> changes = {
      [](Examples&) {},
      [](Examples& row) { row = asked_row({.ids = kReadOtherwise}); },
      [](Examples& row) { row = asked_row({.ids = kRead, .positions = kReadAt}); },
      [](Examples& row) { row = asked_row({.ids = kRead, .token_types = kReadTypes}); },
      [](Examples& row) { row = asked_row({.ids = kRead, .mask = kReadMask}); },
      [](Examples& row) {
        row.input.clear();
        row.input.add(std::span(kRead).first(2));
        row.input.add(std::span(kRead).last(1), 2);
      },
      [](Examples& row) { row.targets[0] = -1; },
      [](Examples& row) { row.completions[0] = 0; },
      [](Examples& row) { row.decoder.add(kRead); },
      [](Examples& row) { row.beside.push_back(asked_row({.ids = kReadOtherwise})); }};
  std::set<uint64_t> hashes;
  for (const auto& change : changes) {
    Examples row = asked_row({.ids = kRead});
    change(row);
    hashes.insert(hash_of(row));
  }
  EXPECT_EQ(hashes.size(), changes.size());
  EXPECT_TRUE(hashes.contains(hash_of(asked_row({.ids = kRead}))));
}

}  // namespace
}  // namespace malmoi::train
