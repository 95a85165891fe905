#include "data/encoding/codecs.h"

#include <unicode/ucnv.h>

#include <algorithm>

#include "base/ascii.h"

namespace malmoi::data::internal {
namespace {

// Korean comes first, then what the web and mail hold most of. Of two that read a text the same, the first is taken.
constexpr Codec kCodecs[] = {
    {"cp949", "windows-949", Language::kKorean, 0,
     "euc-kr euc_kr euckr cp949 x-cp949 ms949 windows-949 x-windows-949 uhc korean ks_c_5601-1987 ks_c_5601-1989 "
     "ks_c_5601 ksc5601 ksc_5601 ks_c-5601-1987 iso-ir-149 csksc56011987 cseuckr 949"},
    {"cp1252", "windows-1252", Language::kWestern, 1,
     "windows-1252 cp1252 cp-1252 x-cp1252 x-ansi iso-8859-1 iso_8859-1 iso8859-1 iso88591 latin1 latin-1 l1 1252"},
    {"gb18030", "gb18030", Language::kSimplified, 4,
     "gb2312 gb18030 gb18030-2000 gbk x-gbk gb_2312-80 gb_2312 gb2312-80 cp936 ms936 windows-936 936 euc-cn x-euc-cn "
     "euccn chinese csgb2312 csiso58gb231280 iso-ir-58"},
    {"shift_jis", "Shift_JIS", Language::kJapanese, 4,
     "shift_jis shift-jis sjis x-sjis ms_kanji csshiftjis windows-31j ms932 cp932 windows-932 932"},
    {"big5", "Big5", Language::kTraditional, 5, "big5 big-5 cn-big5 csbig5 x-x-big5 cp950 windows-950 950"},
    {"euc-jp", "EUC-JP", Language::kJapanese, 6, "euc-jp euc_jp eucjp x-euc-jp x-euc ujis cseucpkdfmtjapanese"},
    {"windows-1251", "windows-1251", Language::kCyrillic, 4, "windows-1251 cp1251 cp-1251 x-cp1251 1251"},
    {"koi8-r", "KOI8-R", Language::kCyrillic, 6, "koi8-r koi8_r koi8 koi cskoi8r"},
    {"koi8-u", "KOI8-U", Language::kCyrillic, 8, "koi8-u koi8-ru"},
    {"windows-1250", "windows-1250", Language::kCentral, 4, "windows-1250 cp1250 cp-1250 x-cp1250 1250"},
    {"iso-8859-2", "ISO-8859-2", Language::kCentral, 5, "iso-8859-2 iso_8859-2 iso8859-2 latin2 latin-2 l2"},
    {"windows-1254", "windows-1254", Language::kTurkish, 5,
     "windows-1254 cp1254 x-cp1254 1254 iso-8859-9 iso_8859-9 iso8859-9 latin5 latin-5 l5"},
    {"windows-1253", "windows-1253", Language::kGreek, 7, "windows-1253 cp1253 x-cp1253 1253"},
    {"iso-8859-7", "ISO-8859-7", Language::kGreek, 8, "iso-8859-7 iso_8859-7 iso8859-7 greek greek8"},
    {"iso-8859-5", "ISO-8859-5", Language::kCyrillic, 8, "iso-8859-5 iso_8859-5 iso8859-5 cyrillic"},
    {"ibm866", "ibm-866", Language::kCyrillic, 8, "ibm866 cp866 866 csibm866"},
    {"windows-1255", "windows-1255", Language::kHebrew, 8,
     "windows-1255 cp1255 x-cp1255 1255 iso-8859-8 iso-8859-8-i logical hebrew"},
    {"windows-1256", "windows-1256", Language::kArabic, 8, "windows-1256 cp1256 x-cp1256 1256"},
};

// One name of a list whose names stand apart by spaces.
bool lists(std::string_view names, std::string_view name) {
  for (size_t at = names.find(name); at != std::string_view::npos; at = names.find(name, at + 1)) {
    size_t end = at + name.size();
    if ((at == 0 || names[at - 1] == ' ') && (end == names.size() || names[end] == ' ')) return true;
  }
  return false;
}

bool is_known_converter(const std::string& name) {
  UErrorCode error = U_ZERO_ERROR;
  UConverter* converter = ucnv_open(name.c_str(), &error);
  if (U_FAILURE(error)) return false;
  ucnv_close(converter);
  return true;
}

}  // namespace

std::span<const Codec> codecs() { return kCodecs; }

std::optional<DeclaredCodec> find_declared(std::string_view declared) {
  constexpr size_t kLongestName = 60;
  std::string name = ascii_lower(ascii_trim(declared));
  std::replace(name.begin(), name.end(), '"', ' ');
  name = std::string(ascii_trim(name));
  constexpr std::string_view kSelfEvident =
      "utf-8 utf8 unicode-1-1-utf-8 us-ascii ascii ansi_x3.4-1968 unknown-8bit "
      "x-unknown none default binary";
  if (name.empty() || name.size() > kLongestName || name.find(' ') != std::string::npos) return {};
  if (lists(kSelfEvident, name) || name.starts_with("utf-16") || name.starts_with("utf-32") || name.starts_with("ucs"))
    return {};
  for (const Codec& codec : kCodecs)
    if (lists(codec.names, name)) return DeclaredCodec{&codec, {}, false};
  if (name == "hz-gb-2312") name = "hz";
  if (!is_known_converter(name)) return {};
  bool stateful = name.starts_with("iso-2022") || name == "hz" || name.starts_with("utf-7");
  return DeclaredCodec{nullptr, std::move(name), stateful};
}

}  // namespace malmoi::data::internal
