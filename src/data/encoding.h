// From bytes to clean text: the encoding of a file found, its text decoded, damage of wrong decoding undone where it is
// certain, composed (NFC) and freed of control and invisible characters.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::data {

struct Decoded {
  std::string text;      // UTF-8
  std::string encoding;  // ascii, utf-8, utf-8-sig, utf-16le, euc-kr, cp949, cp1252, latin-1, gb18030, ...
  size_t replaced = 0;   // ill-formed parts that became U+FFFD
};

/// Decodes `bytes`. `declared` and `also_declared` are names that a header or the text itself gives: evidence, tried first
/// and believed where the bytes read about as well so as in any other encoding.
/// In order: byte order mark; escapes of ISO-2022; UTF-16 by its zero bytes; well-formed UTF-8; else the encoding in which
/// the text reads best (data/encoding/readability.h) of the Korean, Chinese, Japanese and single-byte ones. Lines of a
/// UTF-8 text that are in another encoding are read in that, stray bytes in it as Windows-1252.
/// CP949 is reported as euc-kr when no character lies outside KS X 1001. Errors: binary data.
Result<Decoded> decode_text(std::string_view bytes, std::string_view declared = {},
                            std::string_view also_declared = {});

/// "utf-16le" or "utf-16be" of bytes that are so plainly, without a mark, by the zero bytes of their ASCII; else empty.
std::string unmarked_utf16(std::string_view bytes);

/// The encoding that a text names in its first bytes, in lower case: <meta> of HTML, the declaration of XML, @charset of
/// CSS, a `coding:` comment in the first two lines of source code. Empty without one.
std::string declared_charset(std::string_view text);

enum class Damage { kNone, kRepaired, kLost };

struct Repair {
  Damage damage = Damage::kNone;
  std::string rule;  // "utf-8 read as cp1252" ...; of a lost text: what it suffered
};

/// Undoes the decoding of a text by the wrong encoding where every character bears it out (UTF-8 or CP949 read as
/// Latin-1 or Windows-1252; UTF-8 read as CP949). A text whose characters are gone (replaced by U+FFFD or '?') is kLost.
Repair repair_mojibake(std::string& text);

/// NFC, never NFKC; CR LF, CR, U+2028, U+2029, U+0085 become LF; no-break spaces become spaces; control and invisible
/// characters go (joiners stay where they join emoji or belong to the script).
std::string clean_characters(std::string_view text);

/// "ko", "en" (any other Latin text too), "" (no letters); of `text` by the script of its letters.
std::string script_language(std::string_view text);

}  // namespace malmoi::data
