#include "data/readers/unpack.h"

#include "base/utf8.h"
#include "data/encoding.h"
#include "data/encoding/convert.h"

namespace malmoi::data {

// Filters and formats named one by one: "all" would start other programs for some.
Archive make_archive(bool raw) {
  Archive a(archive_read_new());
  archive_read_support_filter_bzip2(a.get());
  archive_read_support_filter_xz(a.get());
  archive_read_support_filter_lzma(a.get());
  archive_read_support_filter_zstd(a.get());
  archive_read_support_format_tar(a.get());
  // One tar behind another counts, and so does what is no tar: by itself libarchive ends at the first one's end.
  archive_read_set_format_option(a.get(), "tar", "read_concatenated_archives", "1");
  archive_read_support_format_zip(a.get());
  archive_read_support_format_7zip(a.get());
  if (raw) archive_read_support_format_raw(a.get());
  return a;
}

Archive make_zip() {
  Archive a(archive_read_new());
  archive_read_support_format_zip(a.get());
  return a;
}

std::string archive_message(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "damaged";
}

Utf8Locale::Utf8Locale() {
  // Built into the C library; made once and kept, since threads come and go with every archive.
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", static_cast<locale_t>(nullptr));
  old_ = uselocale(utf8);
}

namespace {

// Bytes beyond ASCII.
const std::string kNoAscii = [] {
  std::string all;
  for (int byte = 0x80; byte <= 0xFF; ++byte) all += static_cast<char>(byte);
  return all;
}();

// Short names in CP949 are well-formed UTF-8 by chance: the bytes of "표" are those of "ǥ". They are taken for Korean where
// all letters beyond ASCII have two bytes and none stands beside a Latin letter, as those of "café" do.
bool may_be_korean(std::string_view name) {
  auto is_letter = [&](size_t at) { return at < name.size() && ((name[at] | 32) >= 'a' && (name[at] | 32) <= 'z'); };
  for (size_t i = 0; i < name.size(); ++i) {
    auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x80) continue;
    if (byte >= 0xE0 || (i > 0 && is_letter(i - 1)) || is_letter(i + 2)) return false;
    ++i;
  }
  return true;
}

bool only_syllables(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    Utf8Char c = decode_utf8(text, at);
    if (c.code_point >= 0x80 && (c.code_point < 0xAC00 || c.code_point > 0xD7A3)) return false;
    at += static_cast<size_t>(c.length);
  }
  return true;
}

}  // namespace

std::string entry_name(archive_entry* entry) {
  const char* bytes = archive_entry_pathname(entry);
  if (!bytes) bytes = archive_entry_pathname_utf8(entry);
  return bytes ? name_text(bytes) : std::string();
}

std::string name_text(std::string_view bytes) {
  Decoded korean;
  bool is_utf8 = is_valid_utf8(bytes), is_ascii = is_utf8 && bytes.find_first_of(kNoAscii) == std::string_view::npos;
  if (is_ascii || (is_utf8 && !may_be_korean(bytes))) return clean_characters(bytes);
  bool whole = internal::convert(bytes, "windows-949", korean) && korean.replaced == 0;
  if (is_utf8 && !(whole && only_syllables(korean.text))) return clean_characters(bytes);
  if (whole) return clean_characters(korean.text);
  auto guessed = decode_text(bytes);
  return clean_characters(guessed.ok() ? guessed->text : replace_invalid_utf8(bytes));
}

}  // namespace malmoi::data
