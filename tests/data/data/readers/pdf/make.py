#!/usr/bin/env python3
"""Makes the PDFs by which reading order, paragraphs and running heads are tested. Run in this folder."""

KO = ("우리 동네 도서관은 매주 수요일 저녁에 문을 연다. 주민들은 책을 빌리고 서로의 이야기를 나눈다. 겨울에는 난로 곁에 둘러앉아 차를 마시면서 "
      "지난 한 해 동안 읽은 책들을 하나하나 떠올리고 아이들에게 들려줄 이야기를 고른다. 도서관 뜰에는 감나무가 한 그루 서 있는데 가을이면 주민들이 "
      "함께 감을 따서 나눈다.")
EN = ("Copper kettles keep the heat longer than tin ones, which is why the old kitchens on the coast were full of them. A cook could "
      "leave one by the hearth and find the water still hot an hour later. The smith who made them lived above the harbour and "
      "hammered each one from a single sheet, and the seam along the base was so fine that nobody could find it.")
NARROW = {"i": .222, "l": .222, "j": .222, "t": .278, "f": .278, " ": .278, ".": .278, ",": .278, "I": .278, "r": .333, "-": .333,
          "m": .833, "w": .722}

LATIN = ["<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Type/Encoding/BaseEncoding/WinAnsiEncoding"
         "/Differences[1/fi/fl/ff/ffi]>>>>"]
KOREAN = ["<</Type/Font/Subtype/Type0/BaseFont/HYSMyeongJo-Medium/Encoding/%s/DescendantFonts[4 0 R]>>",
          "<</Type/Font/Subtype/CIDFontType0/BaseFont/HYSMyeongJo-Medium/CIDSystemInfo<</Registry(Adobe)/Ordering(Korea1)"
          "/Supplement 1>>/DW 1000/W[1 95 500 8094 8190 500]/FontDescriptor 5 0 R>>",
          "<</Type/FontDescriptor/FontName/HYSMyeongJo-Medium/Flags 6/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 880"
          "/Descent -120/CapHeight 700/StemV 80>>"]


def put(name, pages, font=LATIN, encode=None, rotate=0):
    """Pages of lines (x, y, size, text), shown turned by `rotate` degrees."""
    objects, kids = ["<</Type/Catalog/Pages 2 0 R>>", None] + font, []
    for lines in pages:
        stream = ""
        for x, y, size, text in lines:
            shown = f"<{encode(text).hex()}>" if encode else "(" + text.replace("(", "\\(").replace(")", "\\)") + ")"
            stream += f"BT /F1 {size} Tf {x:g} {y:g} Td {shown} Tj ET\n"
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}endstream")
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Rotate {rotate}/Resources<</Font<</F1 3 0 R>>>>"
                       f"/Contents {len(objects)} 0 R>>")
        kids.append(len(objects))
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{k} 0 R' for k in kids)}]>>"
    out, offsets = b"%PDF-1.5\n", []
    for i, o in enumerate(objects):
        offsets.append(len(out))
        out += f"{i + 1} 0 obj\n{o}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{o:010} 00000 n \n".encode() for o in offsets)
    out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    with open(name, "wb") as file:
        file.write(out)


def korean(name, pages, cmap="KSCms-UHC-HW-H", codec="cp949"):
    put(name, pages, [KOREAN[0] % cmap] + KOREAN[1:], lambda text: text.encode(codec))


def width(text, size):
    return size * sum(1 if ord(c) > 127 else .5 if size == 11 else NARROW.get(c, .556) for c in text)


def by_words(text, size, limit):
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and width(lines[-1] + " " + word, size) > limit:
            lines.append(word)
        else:
            lines[-1] = (lines[-1] + " " + word).strip()
    return lines


def by_letters(text, size, limit):
    lines = [""]
    for c in text:
        if width(lines[-1] + c, size) > limit:
            lines.append("")
        lines[-1] += c if lines[-1] else c.strip()
    return [line.strip() for line in lines]


def column(lines, x=60, y=780, size=10, step=14):
    return [(x, y - i * step, size, line) for i, line in enumerate(lines)]


def justified(lines, x, y, size, limit, step):
    for line in lines[:-1]:
        words = line.split(" ")
        gap = (limit - sum(width(w, size) for w in words)) / (len(words) - 1)
        at = x
        for word in words:
            yield at, y, size, word
            at += width(word, size) + gap
        y -= step
    yield x, y, size, lines[-1]


narrow, wide = by_words(EN, 10, 220), by_words(EN, 10, 400)
rows = zip(column(narrow, 50, 760, 10, 13), column(narrow, 310, 760, 10, 13))
put("columns.pdf", [[(180, 800, 14, "A Title Across Both Columns")] + [line for row in rows for line in row]])
tall = by_words(EN, 10, 150)
put("gutter.pdf", [column(tall, 50, 760, 10, 13) + column(tall, 50, 500, 10, 13) +
                   column(tall, 310, 760, 10, 13) + column(tall, 310, 500, 10, 13)])
put("heads.pdf", [[(60, 810, 8, "The Kettle Book"), (480, 810, 8, f"Chapter {p + 1}")] +
                  column(wide[:3] if p == 0 else wide[3:] if p == 1 else wide, y=770) + [(290, 30, 8, f"- {p + 7} -")]
                  for p in range(3)])
put("hyphens.pdf", [column(["The old kitchens were full of copper ket-", "tles, which keep the heat for a long time af-",
                            "ter the fire has gone out. A well-known smith", "made them, a self-taught man who was well-",
                            "known along the coast for his fine work.", "The \1rst \2oor o\3ers a \1ne o\4ce."])])
put("items.pdf", [column(["Things that a kitchen needs:", "\225 a kettle of copper that holds two litres of water",
                          "  and stands on three feet", "\225 a ladle", "\225 a trivet", "Then the cook may begin."]) +
                  column(["Roses are red,", "violets are blue."], y=660)])
put("table.pdf", [[(60 + 120 * i, 780 - 14 * r, 10, cell) for r, row in
                   enumerate([("Name", "Price", "Stock"), ("Kettle", "12", "4"), ("Ladle", "3", "10")])
                   for i, cell in enumerate(row)]])
for degrees in (90, 180, 270):
    put(f"turned_{degrees}.pdf", [column(wide)], rotate=degrees)
put("empty.pdf", [[]])
korean("korean_words.pdf", [column(by_words(KO, 11, 330), size=11, step=16)])
korean("korean_letters.pdf", [column(by_letters(KO, 11, 330), size=11, step=16)])
korean("korean_justified.pdf", [list(justified(by_words(KO, 11, 330), 60, 780, 11, 330, 16))])
korean("korean_items.pdf", [column(["저녁이면 우리는 도서관에 모여 감을 나눈", "다. 그리고 차를 마신다."], size=11, step=16) +
                            column(["가. 저녁에 문을 연다.", "나. 차를 마신다.", "다. 감을 딴다."], y=700, size=11, step=16)])
korean("korean_ucs2.pdf", [column(["우리 동네 도서관"], size=11)], "UniKS-UCS2-H", "utf-16-be")
korean("unknown_encoding.pdf", [column(["우리 동네 도서관"], size=11)], "KSCms-None-H")
