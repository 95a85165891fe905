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

std::string entry_name(archive_entry* entry) {
  const char* bytes = archive_entry_pathname(entry);
  if (!bytes) bytes = archive_entry_pathname_utf8(entry);
  return bytes ? name_text(bytes) : std::string();
}

std::string name_text(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return clean_characters(std::string(bytes));
  Decoded korean;
  if (internal::convert(bytes, "windows-949", korean) && korean.replaced == 0) return clean_characters(korean.text);
  auto guessed = decode_text(bytes);
  return clean_characters(guessed.ok() ? guessed->text : replace_invalid_utf8(bytes));
}

}  // namespace malmoi::data
