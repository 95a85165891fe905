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
  EXPECT_TRUE(file_.check().ok());
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
}

TEST_F(MappedFilesTest, EachFileIsAskedAboutByItself) {
  const Path other_path = path_.string() + "_other";
  ASSERT_TRUE(write_file(other_path, std::string(kBytes, 'y')).ok());
  auto other = MappedFile::open(other_path);
  ASSERT_TRUE(other.ok());
  auto again = MappedFile::open(path_);  // another map of the same file
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(broken_mapped_files().empty());
  std::filesystem::resize_file(path_, 5000);
  EXPECT_EQ(at(kBytes - 1), 0);
  ASSERT_FALSE(file_.check().ok());
  EXPECT_EQ(file_.check().error().where, path_.string());
  EXPECT_TRUE(other->check().ok());
  EXPECT_TRUE(again->check().ok()) << "nothing was read of what it lost";
  EXPECT_TRUE(MappedFile().check().ok());
  ASSERT_EQ(broken_mapped_files().size(), 1u);
  EXPECT_EQ(broken_mapped_files()[0].where, path_.string());
  file_ = *std::move(other);
  EXPECT_TRUE(file_.check().ok()) << "a check goes with the map";
  EXPECT_FALSE(other->check().ok());
}

TEST_F(MappedFilesTest, OfSeveralThatLostPagesTheLastIsNamed) {
  const Path later = path_.string() + "_later";
  for (const Path& path : {path_, later}) {
    ASSERT_TRUE(write_file(path, std::string(kBytes, 'x')).ok());
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file.ok());
    file_ = *std::move(file);
    std::filesystem::resize_file(path, 5000);
    EXPECT_EQ(at(kBytes - 1), 0);
    file_ = MappedFile();
    const Status whole = check_all_files_were_whole();
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
