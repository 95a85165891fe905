// libarchive as the readers use it: which formats it opens, the names of entries in UTF-8 whatever the locale.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <memory>
#include <string>
#include <string_view>

#include "data/readers/reader.h"

namespace malmoi::data {

struct ArchiveFree {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<archive, ArchiveFree>;

/// Every format and filter that is read; `raw`: one compressed file counts as an archive, too.
Archive make_archive(bool raw);
/// A zip alone, by its directory where that is whole and entry by entry where it is not.
Archive make_zip();

std::string archive_message(archive* a);

/// While it lives, this thread's locale has UTF-8 for its encoding. libarchive converts names to the encoding of the
/// locale, and under LC_ALL=C those that are not ASCII would be lost.
class Utf8Locale {
 public:
  Utf8Locale();
  ~Utf8Locale() { uselocale(old_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t old_;
};

/// The name of an entry in UTF-8, composed (NFC); what is not UTF-8 is taken for CP949, as Korean Windows packs. Empty if
/// there is none; so are short names that are UTF-8 by chance. Under a Utf8Locale.
std::string entry_name(archive_entry* entry);
/// The same of a name's bytes.
std::string name_text(std::string_view bytes);

}  // namespace malmoi::data
