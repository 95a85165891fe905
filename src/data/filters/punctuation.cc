// Punctuation in one style: curly quotes straight, dashes and ellipses in ASCII, full-width forms narrow.
#include "base/utf8.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"

namespace malmoi::data {
namespace {

// The plain form of a mark; null for what stays. East Asian full stops, corner brackets and middle dots are no variants.
const char* plain(char32_t c) {
  switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201A:
    case 0x201B:
    case 0x2032:
    case 0x00B4: return "'";
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F:
    case 0x2033:
    case 0x00AB:
    case 0x00BB: return "\"";
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212:
    case 0xFE63: return "-";
    case 0x2014:
    case 0x2015:
    case 0x2E3A: return "--";
    case 0x2026:
    case 0x22EF: return "...";
    case 0x2044: return "/";
    case 0x3000:
    case 0x00A0: return " ";
    default: return nullptr;
  }
}

class Punctuation final : public LanguageFilter {
 public:
  explicit Punctuation(ConfigReader& settings)
      : LanguageFilter(settings), width_(settings.boolean("full_width", true)) {}

 protected:
  Verdict look(Document& document) const override {
    std::string out;
    out.reserve(document.text.size());
    size_t changed = 0;
    for (size_t i = 0; i < document.text.size();) {
      Utf8Char c = decode_utf8(document.text, i);
      if (const char* form = plain(c.code_point)) {
        out += form;
        ++changed;
      } else if (width_ && c.code_point >= 0xFF01 && c.code_point <= 0xFF5E) {
        out += static_cast<char>(c.code_point - 0xFEE0);
        ++changed;
      } else {
        out.append(document.text, i, c.length);
      }
      i += c.length;
    }
    if (changed == 0) return keep();
    document.text = std::move(out);
    return repaired("punctuation", fmt::format("{} marks", changed));
  }

 private:
  bool width_;
};

}  // namespace

const FilterEntry kPunctuationFilter = {"punctuation", "quotes, dashes and full-width forms in one style",
                                        make_simple<Punctuation>};

}  // namespace malmoi::data
