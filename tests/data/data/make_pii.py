"""Makes pii_generated.jsonl: invented personal data in many shapes, with the spans that must be found, and lines of
numbers that are nobody's. Births are 1900-1908, tax offices 990-999, cards the well-known test numbers, hosts and mail
of documentation ranges. python3 make_pii.py > pii_generated.jsonl"""
import json
import random

R = random.Random(20240607)
d = lambda n: "".join(str(R.randrange(10)) for _ in range(n))
pick = R.choice


def rrn(foreign=False, good=True):
    birth = f"0{R.randint(0, 8)}{R.randint(1, 12):02d}{R.randint(1, 28):02d}"
    head = birth + str(R.randint(5, 6) if foreign else R.randint(1, 2)) + d(5)
    s = sum(int(c) * w for c, w in zip(head, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]))
    c = ((13 if foreign else 11) - s % 11) % 10
    if not good:
        c = (c + R.randint(1, 9)) % 10
    n = head + str(c)
    return n[:6], n[6:]


def brn(good=True):
    n = f"99{R.randint(0, 9)}{R.randint(1, 99):02d}{d(4)}"
    s = sum(int(c) * w for c, w in zip(n, [1, 3, 7, 1, 3, 7, 1, 3, 5])) + int(n[8]) * 5 // 10
    c = (10 - s % 10) % 10
    if not good:
        c = (c + R.randint(1, 9)) % 10
    n += str(c)
    return n[:3], n[3:5], n[5:]


CARDS = ["4111111111111111", "4242424242424242", "5555555555554444", "5105105105105100", "6011111111111117",
         "6011000990139424", "3530111333300000", "3566002020360505", "2223003122003222", "378282246310005",
         "371449635398431", "4000056655665556", "5200828282828210", "4012888888881881"]


def card():
    n = pick(CARDS)
    groups = [n[:4], n[4:10], n[10:]] if len(n) == 15 else [n[i:i + 4] for i in range(0, 16, 4)]
    return pick(["-", " ", "", "-", " - "]).join(groups)


WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")


def mobile():
    a, b, c = pick(["010", "010", "010", "011", "016", "019"]), "0" + d(3), d(4)
    form = pick(["{}-{}-{}", "{}-{}-{}", "{}{}{}", "{} {} {}", "{}.{}.{}", "{}–{}–{}", "{} - {} - {}", "{})-{}-{}", "{})  {}-{}", "{}‑{}‑{}"])
    if form.startswith("{})"):
        form = pick(["{}-{}-{}", "{}−{}−{}"])
    s = form.format(a, b, c)
    return s.translate(WIDE) if R.random() < 0.08 else s


def landline():
    a = pick(["02", "031", "032", "042", "051", "053", "062", "064", "070", "0505"])
    b, c = "123" if a != "070" else "0000", d(4)
    return pick(["{}-{}-{}", "({}) {}-{}", "{}) {}-{}", "{}.{}.{}", "{}){}-{}", "({}){}-{}", "{} {} {}"]).format(a, b, c)


def foreign_phone():
    return pick([f"+82-10-0{d(3)}-{d(4)}", f"+82 10 0{d(3)} {d(4)}", f"+82-2-123-{d(4)}", f"+8210 0{d(3)} {d(4)}", f"+821012{d(2)}{d(4)}",
                 f"(212) 555-01{d(2)}", f"415-555-01{d(2)}", f"+1 312 555 01{d(2)}", f"+1 (646) 555-01{d(2)}", f"1-800-555-01{d(2)}",
                 f"+44 20 7946 0{d(3)}", f"+81-3-0000-{d(4)}", f"312.555.01{d(2)}", f"+1-202-555-01{d(2)}", f"+49 30 0000{d(4)}"])


def driver():
    if R.random() < 0.25:
        return f"{pick(['서울', '부산', '경기', '대구', '경남', '충북', '제주'])} {R.randint(75, 99)}-{d(6)}-{d(2)}"
    return f"{R.randint(11, 26)}-{R.randint(0, 23):02d}-{d(6)}-{d(2)}"


def passport():
    return pick([f"M{d(8)}", f"M{d(3)}{pick('ABCDEFGH')}{d(4)}", f"S{d(8)}", f"R{d(8)}", f"O{d(3)}A{d(4)}", f"D{d(8)}"])


BANKS = ["국민은행", "신한은행", "우리은행", "하나은행", "농협", "농협은행", "기업은행", "카카오뱅크", "토스뱅크", "케이뱅크", "새마을금고",
         "우체국", "수협은행", "신협", "SC제일은행", "대구은행", "부산은행", "경남은행", "광주은행", "전북은행", "제주은행", "산업은행", "씨티은행", "IBK기업은행"]


def account():
    return pick([f"110-000-{d(6)}", f"1002-000-{d(6)}", f"3333-00-{d(7)}", f"302-0000-{d(4)}-{d(2)}", f"1000-0000-{d(4)}",
                 f"000-910000-{d(5)}", f"000-000000-01-{d(3)}", f"00000-04-{d(6)}", f"100-0000-{d(6)}", f"000{d(9)}", f"9002-{d(4)}-{d(4)}-{d(1)}"])


def email():
    user = pick(["hong", "kim.cs", "lee_fake", "x1", "test-user", "a.b.c", "no-reply+tag", "minsu99", "Park.JH", "info"])
    return user + "@" + pick(["example.com", "example.co.kr", "mail.example.org", "example.net", "sub.example.com", "example.kr", "EXAMPLE.COM"])


def ip():
    return pick([f"192.0.2.{R.randint(1, 254)}", f"198.51.100.{R.randint(1, 254)}", f"203.0.113.{R.randint(1, 254)}",
                 f"2001:db8::{R.randint(1, 9999):x}", f"2001:db8:0:1:1:1:1:{R.randint(1, 999)}", f"2001:DB8:85A3::8A2E:370:{d(4)}"])


def address():
    place = pick(["서울시 마포구", "서울특별시 강남구", "부산광역시 해운대구", "경기도 성남시 분당구", "경기 수원시 영통구", "강원특별자치도 춘천시",
                  "전북특별자치도 전주시 완산구", "인천 연수구", "세종특별자치시", "제주특별자치도 제주시", "충남 천안시 서북구", "경상북도 포항시 남구",
                  "서울 종로구", "광주광역시 북구", "대전 유성구", "울산 남구", "경남 창원시 의창구", "전라남도 순천시"])
    spot = pick(["견본대로 {}", "꾸밈로{}길 {}", "없는로 {}번길 {}", "가상동 {}-{}", "예시동 {}", "허구길 {}", "가상동 산 {}-{}", "견본대로{}번길 {}-{}", "꾸밈로 {}-{}"])
    body = spot.format(*[R.randint(1, 300) for _ in range(spot.count("{}"))])
    if "가상동" in spot or "예시동" in spot:
        body += pick(["", "", "번지"])
    extra = pick(["", "", "", f" {R.randint(101, 120)}동 {R.randint(101, 2005)}호", f", {R.randint(2, 9)}층", f", {R.randint(101, 120)}동 {R.randint(101, 999)}호"])
    return place + " " + body + extra


def english_address():
    n = R.randint(1, 9999)
    street = pick(["Placeholder Blvd", "Example Street", "Nowhere Avenue", "Sample Rd.", "Imaginary Lane", "Test Drive"])
    unit = pick(["", "", ", Apt 4B", ", Suite 200", " #12"])
    city = pick(["Anytown, NY 12399", "Springfield, IL 62799", "Faketown, CA 90000", "Nowhere City, TX 75000-0001"])
    return pick([f"{n} {street}{unit}, {city}", f"{n} {street}{unit}, {city}",
                 f"{n % 300}, Gyeonbon-daero, Mapo-gu, Seoul", f"{n % 90}-{n % 7}, Kkumim-ro {n % 30}beon-gil, Bundang-gu, Seongnam-si, Gyeonggi-do"])


def join_rrn(foreign):
    a, b = rrn(foreign)
    s = pick(["{}-{}", "{}-{}", "{}-{}", "{} {}", "{}{}", "{} - {}", "{}–{}"]).format(a, b)
    return s.translate(WIDE) if R.random() < 0.08 else s


TYPES = {
    "RRN": (lambda: join_rrn(False), ["주민등록번호는 {}입니다.", "성명 홍길동 ({}) 귀하", "주민번호 : {}", "신분증 번호 {}을 확인했습니다", "RRN: {}", "{} 홍길동",
                                     "생년월일 및 주민번호 뒷자리 포함 {}", "위 사람({})은 본 계약의 당사자이다.", "그의 번호는{}이라고 한다"]),
    "ARN": (lambda: join_rrn(True), ["외국인등록번호 {}", "등록증 사본: {} (유효)", "ARC number {}", "외국인 직원({})의 체류기간 연장", "Alien registration no. {}"]),
    "BRN": (lambda: pick(["{}-{}-{}", "{}-{}-{}", "{} {} {}", "{}.{}.{}"]).format(*brn()),
            ["사업자등록번호 {}", "(주)없는회사 [{}] 대표 홍길동", "상호: 가나다 | 등록번호: {} | 업태: 도소매", "세금계산서 발행: {}로 부탁드립니다", "Tax ID {}", "업체번호{}입니다"]),
    "DRIVER": (driver, ["운전면허 {}", "면허번호: {}", "운전면허증({})을 분실했습니다", "driver's licence no. {}", "보유 면허는 {}이고 갱신 예정입니다", "면허증상 번호{}확인"]),
    "PASSPORT": (passport, ["여권번호 {}", "여권 {} 분실 신고", "passport no: {}", "Passport {} issued in Seoul", "{} (대한민국 여권)", "여권번호는{}입니다", "My passport number is {}, thank you"]),
    "PHONE": (lambda: pick([mobile, mobile, landline, foreign_phone])(),
              ["연락처: {}", "{}로 연락 주세요.", "전화 {} 또는 방문", "Tel. {}", "문의 {}, 담당 김철수", "번호는{}이에요", "긴급 시 {}(야간)", "call {} now", "홍길동 / {} / 과장",
               "통화 가능 번호는 {}입니다", "☎ {}", "제 폰 {}으로 문자 주세요", "fax: {}", "[연락처] {}"]),
    "CARD": (card, ["카드번호 {}", "{} 카드로 결제", "신용카드 {}의 승인이 거절되었습니다", "my card is {} ok", "법인카드({}) 분실", "카드{}로 긁었어요", "Card: {}, CVC 123"]),
    "ACCOUNT": (account, ["{bank} {}", "{bank} 계좌 {}로 입금", "계좌번호: {} ({bank})", "{bank}({}) 홍길동", "입금 계좌는 {bank} {}입니다.", "{bank}{} 예금주 홍길동", "환불 계좌 {bank} / {} / 홍길동", "송금: {bank}, {}"]),
    "EMAIL": (email, ["이메일: {}", "메일은{}로", "{}에게 전달", "Contact {} for details.", "<{}>", "({})", "답장은 {}, 참조는 팀장", "문의처:{};", "mailto:{}", "'{}'", "아이디 {}님"]),
    "IP": (ip, ["접속 IP {}", "{}에서 로그인", "Server at {} is down", "from {} port 22", "IP:{}", "차단 목록: {}", "ping {}", "http://{}/index" , "클라이언트({})가 응답 없음"]),
    "ADDRESS": (address, ["주소: {}", "배송지는 {}입니다.", "{}에 살고 있습니다", "본점 소재지 {}", "그는 {}에서 태어났다.", "[주소] {}", "사무실({})로 오세요", "우편물은 {}로 보내세요", "받는 곳 - {}"]),
}
NEGATIVES = [
    lambda: "주민등록번호 형식이 잘못됨: " + "-".join(rrn(good=False)), lambda: "테스트 값 " + "-".join(rrn(good=False)), lambda: "관리번호 " + "-".join(rrn(good=False)),
    lambda: f"바코드 00{R.randint(13, 99)}{d(2)}-1{d(6)}", lambda: f"코드 0{d(1)}0230-2{d(6)}",
    lambda: "유효하지 않은 사업자번호 " + "-".join(brn(good=False)), lambda: "번호 " + "-".join(brn(good=False)) + "는 없는 번호", lambda: "등록번호 오류 " + " ".join(brn(good=False)),
    lambda: f"카드번호 4111-1111-1111-1{R.choice(['112', '113', '114'])}", lambda: "시리얼 넘버 4242424242424241", lambda: f"쿠폰 5555 5555 5555 444{R.choice('01235')}",
    lambda: f"주문번호 2024{R.randint(1, 12):02d}{R.randint(1, 28):02d}-{d(6)}", lambda: f"운송장번호 {R.randint(2, 9)}{d(3)}-{d(4)}-{d(4)}", lambda: f"택배 송장 {R.randint(2, 6)}{d(11)} 조회",
    lambda: f"상품코드 1588-{d(4)}", lambda: f"모델 1544-{d(4)} 단종", lambda: f"가격 {R.randint(1, 99)},{d(3)},{d(3)}원", lambda: f"총 {R.randint(1, 9)},{d(3)},{d(3)}달러를 모금했다",
    lambda: f"버전 {R.randint(1, 20)}.{R.randint(0, 9)}.{R.randint(0, 9)}.{R.randint(0, 99)}", lambda: f"version {R.randint(1, 9)}.{R.randint(0, 9)}.{R.randint(0, 9)}.{R.randint(100, 255)} released",
    lambda: f"Section {R.randint(1, 9)}.{R.randint(1, 9)}.{R.randint(1, 9)}.{R.randint(1, 9)} applies", lambda: f"v{R.randint(1, 9)}.{R.randint(0, 9)}.{R.randint(0, 9)}.{R.randint(0, 9)} 패치", lambda: f"Chrome/{R.randint(90, 120)}.0.{d(4)}.{R.randint(1, 99)}",
    lambda: f"{R.randint(1990, 2030)}-{R.randint(1, 12):02d}-{R.randint(1, 28):02d} {R.randint(0, 23):02d}:{R.randint(0, 59):02d}:{R.randint(0, 59):02d}", lambda: f"{R.randint(1990, 2030)}년 {R.randint(1, 12)}월 {R.randint(1, 28)}일 회의", lambda: f"2024.{R.randint(1, 12)}.{R.randint(1, 28)} ~ 2025.1.31",
    lambda: f"위도 37.{d(4)}, 경도 126.{d(4)}", lambda: f"확률은 0.{d(12)}이다", lambda: f"ISBN 979-11-{d(4)}-{d(3)}-{d(1)}", lambda: f"ISBN 978-89-{d(3)}-{d(4)}-{d(1)}", lambda: f"ISSN 1234-{d(4)}",
    lambda: f"MAC 주소 00:00:5E:00:53:{R.randint(16, 255):02X}", lambda: f"타임코드 0{d(1)}:1{d(1)}:2{d(1)}:1{d(1)}", lambda: f"경기 결과 {R.randint(60, 130)}-{R.randint(60, 130)}", lambda: "정규식은 /^[a-z]+@[a-z]+$/ 입니다",
    lambda: "서울특별시 강남구는 인구가 많다", lambda: f"경기도 성남시 분당구에 {R.randint(2, 90)}개 학교가 있다", lambda: f"서울 강남구 역삼동 {R.randint(2, 90)}개 점포", lambda: f"마포구 가상동에서 {R.randint(2, 9)}명이 다쳤다", lambda: "종로 3가와 을지로 2가 사이", lambda: f"서울로 {R.randint(2, 9)}시간 걸린다",
    lambda: f"제품코드 M{d(4)}-{d(4)}", lambda: f"모델명 SM-G{d(3)}N", lambda: f"부품번호 M{d(8)}", lambda: f"사건번호 2023가단{d(6)}", lambda: f"학번 2023{d(4)}", lambda: f"해시 {d(6)}abcdef{d(10)}f", lambda: f"UUID 123e4567-e89b-12d3-a456-42661417{d(4)}",
    lambda: f"버스 0{d(2)}번", lambda: f"인구 {R.randint(1, 9)},{d(3)},{d(3)}명", lambda: f"법인등록번호 110111-{d(7)}", lambda: "@import 규칙과 @media 쿼리", lambda: "icon@2x.png 파일", lambda: "git@example.com:team/repo.git 저장소", lambda: f"비율 {R.randint(1, 9)}:{R.randint(1, 9)}:{R.randint(1, 9)}",
    lambda: f"Order #{d(4)}-{d(4)} was cancelled", lambda: f"invoice no. {d(3)}-{d(2)}-{d(4)}", lambda: f"타임스탬프 17{d(8)}", lambda: f"{R.randint(1, 9)}{d(9)} 바이트를 썼다", lambda: f"특허 제10-{d(7)}호", lambda: f"우편번호 0{d(4)}", lambda: f"전화번호부 {R.randint(100, 999)}쪽", lambda: f"은행 점포 {R.randint(1000, 9999)}곳", lambda: f"계좌에 {R.randint(1, 9)},{d(3)},{d(3)}원이 남았다", lambda: f"여권 발급 {R.randint(100, 999)}만 건",
    lambda: f"127.0.0.1 로컬 주소", lambda: f"카드 {R.randint(2, 9)}장을 받았다", lambda: f"면허 취득자 {R.randint(100000, 999999)}명", lambda: f"3.14159265358979", lambda: f"1-2-3-4 순서로", lambda: f"{d(1)}개월 {R.randint(10, 28)}일 {R.randint(1, 23)}시간",
]


def row(template, kind, value):
    bank = pick(BANKS)
    before, after = template.replace("{bank}", bank).split("{}")
    return {"text": before + value + after, "spans": [[len(before), len(before) + len(value), kind]]}


def main():
    for kind, (make, templates) in TYPES.items():
        for n in range(60 if kind in ("PHONE", "ADDRESS") else 36):
            print(json.dumps(row(templates[n % len(templates)], kind, make()), ensure_ascii=False))
    for n in range(16):
        print(json.dumps(row(pick(["He lives at {}.", "Ship to: {}", "Address: {} ", "mail to {}; thanks"]), "ADDRESS", english_address()), ensure_ascii=False))
    for make in NEGATIVES:
        for _ in range(3):
            print(json.dumps({"text": make(), "spans": []}, ensure_ascii=False))


main()
