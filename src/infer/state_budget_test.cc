// Tests of the memory that is free: of a control group, what files take that nobody has mapped is free, too.
#include "infer/state_budget.h"

#include <gtest/gtest.h>

namespace malmoi::infer {
namespace {

TEST(StateBudget, FilesThatNobodyMappedAreFree) {
  EXPECT_EQ(unmapped_file_bytes("anon 900\nfile 800\nfile_mapped 100\ninactive_file 500\nactive_file 300\n"), 700u);
  EXPECT_EQ(unmapped_file_bytes("inactive_file 500\nworkingset_active_file 7\nfile_mapped 600"), 0u);
  EXPECT_EQ(unmapped_file_bytes("active_file 300"), 300u);
  EXPECT_EQ(unmapped_file_bytes("inactive_file\nactive_file x\n\n"), 0u);
  EXPECT_EQ(unmapped_file_bytes(""), 0u);
}

}  // namespace
}  // namespace malmoi::infer
