// Files, pipes and the names of files that people are shown.
#include "base/open_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/shown.h"

namespace malmoi {
namespace {

class Pipe : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = Path(::testing::TempDir()) / ("malmoi_pipe_" + std::to_string(getpid()));
    ::unlink(path_.c_str());
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  }
  void TearDown() override { ::unlink(path_.c_str()); }
  Path path_;
};

// Nobody writes into it: whoever opened it would wait without end.
TEST_F(Pipe, ANamedOneIsAnErrorEverywhere) {
  EXPECT_FALSE(open_to_read(path_).ok());
  EXPECT_FALSE(MappedFile::open(path_).ok());
  auto text = read_file(path_);
  ASSERT_FALSE(text.ok());
  EXPECT_NE(text.error().to_string().find("named pipe"), std::string::npos);
}

// /dev/zero has no end, and no line of it has one.
TEST(Device, WithoutAnEndIsAnErrorEverywhere) {
  for (const char* device : {"/dev/zero", "/dev/urandom", "/dev/full"}) {
    EXPECT_FALSE(open_to_read(device).ok()) << device;
    auto text = read_file(device, 1 << 16);
    ASSERT_FALSE(text.ok()) << device;
    EXPECT_NE(text.error().to_string().find("is a device"), std::string::npos) << text.error().to_string();
  }
}

TEST(Device, NullIsAnEmptyFile) {
  auto text = read_file("/dev/null");
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_EQ(*text, "");
}

TEST(AnonymousPipe, IsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "a: 1\n", 5), 5);
  ::close(ends[1]);
  auto text = read_file("/dev/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_EQ(*text, "a: 1\n");
}

TEST(Shown, ATerminalIsShownControlsNotGivenThem) {
  EXPECT_EQ(show_controls("a\x1b[31mb\x7f\u009b\u202e\xff가"), "a␛[31mb␡⟨U+009B⟩⟨U+202E⟩\uFFFD가");
  EXPECT_EQ(invalid_data("wrong\nthere", "a\x1b]0;b\x07.txt").to_string(), "a␛]0;b␇.txt: wrong there");
}

}  // namespace
}  // namespace malmoi
