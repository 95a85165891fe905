// Tests of pickles: the operations that data needs, and programs that ask for more.
#include "formats/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/test_zip.h"

namespace malmoi::formats {
namespace {

using testing::HasSubstr;
using Kind = PickleValue::Kind;

constexpr std::string_view kAllowed[] = {"m.make", "m.Other"};

std::string pickle_error(const std::string& program) {
  auto pickle = Pickle::parse(program, kAllowed, "f");
  return pickle.ok() ? "" : pickle.error().to_string();
}

class PickleTest : public testing::Test {
 protected:
  // The program's value; the pickle is kept.
  PickleValue value_of(const std::string& program) {
    program_ = program;
    auto parsed = Pickle::parse(program_, kAllowed, "f");
    EXPECT_TRUE(parsed.ok()) << parsed.error().to_string();
    if (!parsed.ok()) return {};
    pickle_ = std::make_unique<Pickle>(*std::move(parsed));
    return pickle_->root();
  }
  std::string program_;
  std::unique_ptr<Pickle> pickle_;
};

TEST_F(PickleTest, ReadsPlainValues) {
  EXPECT_EQ(value_of("N.").kind, Kind::kNone);
  EXPECT_EQ(value_of("\x88.").integer, 1);
  EXPECT_EQ(value_of("\x89.").kind, Kind::kBool);
  EXPECT_EQ(value_of("K\xff.").integer, 255);
  EXPECT_EQ(value_of(std::string("M\x01\x02.", 4)).integer, 513);
  EXPECT_EQ(value_of("J\xfe\xff\xff\xff.").integer, -2);
  EXPECT_EQ(value_of(std::string("\x8a\0.", 3)).integer, 0);
  EXPECT_EQ(value_of("\x8a\x01\x80.").integer, -128);
  EXPECT_EQ(value_of(std::string("\x8a\x05\0\0\0\0\x01.", 8)).integer, int64_t{1} << 32);
  EXPECT_EQ(value_of(std::string("G\x3f\xe0\0\0\0\0\0\0.", 10)).number, 0.5);
  EXPECT_EQ(value_of("\x8c\x02hi.").text, "hi");
  EXPECT_EQ(value_of(pickle_text("word") + ".").text, "word");
  EXPECT_EQ(value_of("\x8d" + little_endian<uint64_t>(4) + "word.").text, "word");
  EXPECT_EQ(value_of("C\x01\xff.").kind, Kind::kBytes);
}

TEST_F(PickleTest, ReadsContainersCallsAndWhatIsReferredToTwice) {
  // {"a": [1, 2], "b": the same list, "a": (True,)}
  PickleValue dict = value_of("\x80\x02}q\x03(" + pickle_text("a") + "](K\x01K\x02" + "eq\x05" + pickle_text("b") +
                              "h\x05" + pickle_text("a") + "\x88\x85u.");
  EXPECT_EQ(dict.kind, Kind::kDict);
  const PickleValue* list = pickle_->find(dict, "b");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(pickle_->items(*list).size(), 2u);
  EXPECT_EQ(pickle_->items(*list)[1].integer, 2);
  EXPECT_EQ(pickle_->find(dict, "a")->kind, Kind::kTuple) << "the later one";
  EXPECT_EQ(pickle_->find(dict, "c"), nullptr);
  EXPECT_EQ(pickle_->find(*list, "a"), nullptr);

  PickleValue call = value_of("cm\nmake\n(K\x01K\x02tR.");
  EXPECT_EQ(call.kind, Kind::kCall);
  EXPECT_EQ(call.text, "m.make");
  EXPECT_EQ(pickle_->items(call).size(), 2u);
  EXPECT_EQ(value_of(pickle_text("m") + pickle_text("Other") + "\x93.").text, "m.Other");
  EXPECT_EQ(value_of("K\x07\x85Q.").kind, Kind::kPersistent);
  EXPECT_EQ(value_of("ccollections\nOrderedDict\n)R}b.").kind, Kind::kDict);
}

TEST_F(PickleTest, AListThatContainsItselfIsAValueLikeAnother) {
  PickleValue list = value_of(std::string("]q\0h\0a.", 7));
  ASSERT_EQ(pickle_->items(list).size(), 1u);
  EXPECT_EQ(pickle_->items(list)[0].items, list.items);
}

TEST_F(PickleTest, DeepNestingCostsNoStack) {
  std::string program = "N";
  for (int depth = 0; depth < 1'000'000; ++depth) program += "\x85";
  EXPECT_EQ(value_of(program + ".").kind, Kind::kTuple);
}

TEST(Pickle, RefusesEveryOtherName) {
  for (const char* name : {"os\nsystem", "posix\nsystem", "builtins\neval", "m\nmake2", "m.make\n", "\nm.make"}) {
    EXPECT_THAT(pickle_error("c" + std::string(name) + "\n(X\x04\x00\x00\x00truetR."),
                HasSubstr("nothing of it was run"));
  }
  EXPECT_THAT(pickle_error("cos\nsystem\n."), HasSubstr("f: byte 0: names os.system"));
  EXPECT_THAT(pickle_error(pickle_text("os") + pickle_text("system") + "\x93."), HasSubstr("byte 18: names os.system"));
  EXPECT_EQ(Pickle::parse("cos\nsystem\n.", kAllowed, "f").error().code, ErrorCode::kUnsupported);
}

TEST(Pickle, RefusesObjectsAndUnknownOperations) {
  EXPECT_THAT(pickle_error("cm\nOther\n)\x81."), HasSubstr("byte 10: operation 129"));  // NEWOBJ
  EXPECT_THAT(pickle_error("(im\nOther\n."), HasSubstr("operation 105"));               // INST
  EXPECT_THAT(pickle_error("\x82\x01."), HasSubstr("operation 130"));                   // EXT1
  EXPECT_THAT(pickle_error("P1\n."), HasSubstr("operation 80"));                        // PERSID
  EXPECT_THAT(pickle_error("\x80\x06N."), HasSubstr("protocol 6"));
  EXPECT_THAT(pickle_error("N)R."), HasSubstr("call of what is no function"));
  EXPECT_THAT(pickle_error("cm\nmake\nNR."), HasSubstr("call of what is no function"));
  EXPECT_THAT(pickle_error("cm\nmake\n)R}b."), HasSubstr("attributes of what is no dict"));
  EXPECT_THAT(pickle_error("ccollections\nOrderedDict\nN\x85R."), HasSubstr("with arguments"));
  EXPECT_THAT(pickle_error("K\x01K\x02\x93."), HasSubstr("a name that is no text"));
  EXPECT_THAT(pickle_error("K\x01Q."), HasSubstr("no tuple"));
}

TEST(Pickle, RefusesProgramsThatTakeWhatIsNotThere) {
  for (const char* program :
       {".",  "\x85.",  "(\x85.", "t.",     "e.",       "u.",    "s.",    "a.",   "R.",   "b.",   "Q.",  "0.",  "1.",
        "2.", "q\x01.", "\x94.",  "h\x01.", "N(q\x01.", "]N(a.", "}(Nu.", "](u.", "}(e.", "NNa.", "NN.", "N(.", "N"})
    EXPECT_NE(pickle_error(program), "") << program;
  for (const char* cut : {"", "X\x04", "X\xff\xff\xff\xff",
                          "\x8c\x05"
                          "abc",
                          "G\x01", "J\x01", "cm", "cm\nmake",
                          "\x8a\x09"
                          "123456789.",
                          "\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "B\xff\xff\xff\x7f", "\x95\x01", "j\x01\x02", "h"})
    EXPECT_NE(pickle_error(cut), "") << cut;
}

TEST(Pickle, BoundsItsOperations) {
  std::string program(Pickle::kMaxOperations + 1, 'N');
  EXPECT_THAT(pickle_error(program), HasSubstr("more than 8000000 operations"));
}

}  // namespace
}  // namespace malmoi::formats
