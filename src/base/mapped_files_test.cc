// Files that other programs shorten, rewrite or replace while they are mapped.
#include "base/mapped_files.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "base/file.h"

namespace malmoi {
namespace {

constexpr size_t kBytes = 1 << 16;

class MappedFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    survive_lost_pages();
    path_ = ::testing::TempDir() + "/mapped_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    ASSERT_TRUE(write_file(path_, std::string(kBytes, 'x')).ok());
    auto file = MappedFile::open(path_);
    ASSERT_TRUE(file.ok());
    file_ = *std::move(file);
  }
  char at(size_t i) const { return static_cast<char>(file_.bytes()[i]); }

  Path path_;
  MappedFile file_;
};

TEST_F(MappedFilesTest, PagesThatAreGoneReadAsZerosAndAreReported) {
  EXPECT_TRUE(check_mapped_files().ok());
  const int64_t before = lost_mapped_files();
  EXPECT_TRUE(check_files_were_whole_since(before).ok());
  std::filesystem::resize_file(path_, 5000);
  EXPECT_EQ(at(100), 'x');
  EXPECT_EQ(at(kBytes / 2), 0);
  EXPECT_EQ(at(kBytes - 1), 0);
  Status status = check_mapped_files();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_EQ(status.error().where, path_.string());
  EXPECT_FALSE(status.error().remedy.empty());
  file_ = MappedFile();
  EXPECT_TRUE(check_mapped_files().ok());           // nothing that is mapped is broken
  EXPECT_FALSE(check_all_files_were_whole().ok());  // but something was
  EXPECT_FALSE(check_files_were_whole_since(before).ok());
  EXPECT_TRUE(check_files_were_whole_since(lost_mapped_files()).ok());  // and what is read from now on is whole
}

TEST_F(MappedFilesTest, OfSeveralThatLostPagesTheLastIsNamed) {
  const Path later = path_.string() + "_later";
  for (const Path& path : {path_, later}) {
    ASSERT_TRUE(write_file(path, std::string(kBytes, 'x')).ok());
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file.ok());
    file_ = *std::move(file);
    const int64_t before = lost_mapped_files();
    std::filesystem::resize_file(path, 5000);
    EXPECT_EQ(at(kBytes - 1), 0);
    file_ = MappedFile();
    const Status whole = check_files_were_whole_since(before);
    ASSERT_FALSE(whole.ok());
    EXPECT_EQ(whole.error().where, path.string());
  }
}

TEST_F(MappedFilesTest, AFileThatWasWrittenToIsSeenByALook) {
  EXPECT_TRUE(look_at_mapped_files().empty());
  EXPECT_TRUE(check_mapped_files().ok());
  auto later = std::filesystem::last_write_time(path_) + std::chrono::seconds(2);
  std::fstream(path_, std::ios::in | std::ios::out) << "y";
  std::filesystem::last_write_time(path_, later);
  EXPECT_TRUE(look_at_mapped_files().empty());
  EXPECT_FALSE(check_mapped_files().ok());
}

TEST_F(MappedFilesTest, AFileThatWasReplacedIsToldOnceAndStaysWhole) {
  ASSERT_TRUE(write_file(path_, std::string(kBytes, 'y')).ok());
  EXPECT_EQ(look_at_mapped_files(), std::vector<Path>{path_});
  EXPECT_TRUE(look_at_mapped_files().empty());
  EXPECT_TRUE(check_mapped_files().ok());
  EXPECT_EQ(at(0), 'x');
}

}  // namespace
}  // namespace malmoi
