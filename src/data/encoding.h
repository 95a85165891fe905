// From bytes to clean text: the encoding of a file found, its text decoded, damage of wrong decoding undone where it is
// certain, composed (NFC) and freed of control and invisible characters.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::data {

struct Decoded {
  std::string text;      // UTF-8
  std::string encoding;  // ascii, utf-8, utf-8-sig, utf-16le, utf-16be, euc-kr, cp949, cp1252, latin-1, or an ICU name
  size_t replaced = 0;   // ill-formed parts that became U+FFFD
};

/// Decodes `bytes`. `declared` is what a header or a <meta> says, believed only where the bytes bear it out.
/// In order: byte order mark; UTF-16 by its zero bytes; well-formed (or nearly well-formed) UTF-8; CP949 (reported as
/// euc-kr when no character lies outside KS X 1001); the declared one; another East Asian encoding; Windows-1252.
/// Errors: binary data.
Result<Decoded> decode_text(std::string_view bytes, std::string_view declared = {});

/// The charset that an HTML page declares in its first bytes (<meta>, or an XML declaration); empty without one.
std::string declared_charset(std::string_view html);

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

/// Of the letters of a text, the share in Hangul, weighed as it reads: a syllable counts as 2.5 Latin letters.
double hangul_share(std::string_view text);

/// "ko", "en" (any other Latin text too), "" (no letters); of `text` by the script of its letters.
std::string script_language(std::string_view text);

}  // namespace malmoi::data
