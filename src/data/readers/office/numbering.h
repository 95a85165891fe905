// The numbers of lists and headings as they are shown: "3.", "1.2", "가)", "제4조", "iv".
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data::office {

enum class NumberStyle : uint8_t {
  kNone,
  kBullet,
  kDecimal,
  kLowerLetter,
  kUpperLetter,
  kLowerRoman,
  kUpperRoman,
  kCircled,          // ①
  kSyllable,         // 가 나 다
  kCircledSyllable,  // ㉮
  kJamo,             // ㄱ ㄴ ㄷ
  kKoreanDigit,      // 일 이 삼
  kIdeograph,        // 一 二 三
};

/// Beyond what a style can show, decimal digits.
std::string format_number(int number, NumberStyle style);

/// One level of a list. `text` says how its number is shown: %1 to %9 are the numbers of the levels from the outermost.
struct ListLevel {
  static constexpr size_t kLongest = 100;  // of `text`: a longer one would grow with every paragraph that it numbers
  NumberStyle style = NumberStyle::kBullet;
  std::string text;
  int start = 1;
};

class ListCounters {
 public:
  /// Counts the next paragraph at `level` (from 0) of a list and returns its number as shown; empty for a bullet.
  std::string next(const std::string& list, int level, const std::vector<ListLevel>& levels);
  /// The next paragraph at that level has that number.
  void restart(const std::string& list, int level, int number);

 private:
  static constexpr int kLevels = 10;
  struct Counts {
    std::array<int, kLevels> number{};
    std::array<bool, kLevels> begun{};
  };
  std::map<std::string, Counts> lists_;
};

}  // namespace malmoi::data::office
