package spoken

import (
	"strconv"
	"strings"
)

// Japanese and Korean have figures read by the voice, which knows their counters and sounds; only signs, separators and what is
// said digit by digit become words.

func japanese() *language {
	return &language{
		code: "ja", decimal: '.',
		digits: [10]string(strings.Fields("ゼロ イチ ニ サン ヨン ゴ ロク ナナ ハチ キュウ")),
		date:   func(d day, _ string) string { return eastern(d, "年", "月", "日") },
		clock: func(c moment) string {
			return easternClock(c, map[string]string{"am": "午前", "pm": "午後"}, "時", "分", "")
		},
		words: words{point: ".", minus: "マイナス", to: "から", percent: "パーセント", and: "アンド", at: "アットマーク", dot: "ドット", slash: "スラッシュ", dash: "ハイフン",
			underscore: "アンダーバー", plus: "プラス", equals: "イコール", question: "クエスチョンマーク", colon: "コロン", hash: "シャープ", version: "バージョン", cents: ""},
		tables: tables{
			money: moneyOf("JPY = 円; USD = ドル / セント; EUR = ユーロ / セント; GBP = ポンド; KRW = ウォン; INR = ルピー; CHF = スイスフラン; CAD = カナダドル; AUD = オーストラリアドル"),
			units: unitsOf(`kg = キログラム; g = グラム; mg = ミリグラム; km = キロメートル; m = メートル; cm = センチメートル; mm = ミリメートル; L l = リットル; ml mL = ミリリットル; km/h = 時速+キロメートル;
				°C ℃ = 度; GB = ギガバイト; MB = メガバイト; TB = テラバイト; kW = キロワット; kWh = キロワット時; m² ㎡ = 平方メートル; W = ワット; Hz = ヘルツ`),
			per:   map[string]string{"月": "月", "日": "1日", "年": "年", "時間": "1時間", "人": "1人", "泊": "1泊", "kg": "1キログラム", "GB": "1ギガバイト"},
			codes: set("pin code"),
		},
	}
}

func korean() *language {
	return &language{
		code: "ko", decimal: '.',
		digits: [10]string(strings.Fields("공 일 이 삼 사 오 육 칠 팔 구")),
		date:   func(d day, _ string) string { return eastern(d, "년 ", "월 ", "일") },
		clock: func(c moment) string {
			return easternClock(c, map[string]string{"am": "오전 ", "pm": "오후 "}, "시", "분", " ")
		},
		words: words{point: ".", minus: "마이너스", to: "에서 ", percent: "퍼센트", and: "앤드", at: "골뱅이", dot: "점", slash: "슬래시", dash: "대시",
			underscore: "언더바", plus: "플러스", equals: "는", question: "물음표", colon: "콜론", hash: "샵", version: "버전", cents: " "},
		tables: tables{
			money: moneyOf("KRW = 원; USD = 달러 / 센트; EUR = 유로 / 센트; JPY = 엔; GBP = 파운드; INR = 루피; CHF = 스위스 프랑; CAD = 캐나다 달러; AUD = 호주 달러"),
			units: unitsOf(`kg = 킬로그램; g = 그램; mg = 밀리그램; km = 킬로미터; m = 미터; cm = 센티미터; mm = 밀리미터; L l = 리터; ml mL = 밀리리터; km/h = 시속 +킬로미터;
				°C ℃ = 도; GB = 기가바이트; MB = 메가바이트; TB = 테라바이트; kW = 킬로와트; kWh = 킬로와트시; m² ㎡ = 제곱미터; W = 와트; Hz = 헤르츠`),
			per:   map[string]string{"월": "월 ", "일": "하루 ", "년": "연 ", "시간": "시간당 ", "인": "1인당 ", "박": "1박 "},
			codes: set("pin code"),
		},
	}
}

func eastern(d day, y, m, day string) string {
	words := ""
	if d.year > 0 {
		words = strconv.Itoa(d.year) + y
	}
	return words + strconv.Itoa(d.month) + m + strconv.Itoa(d.day) + day
}

func easternClock(c moment, halves map[string]string, hour, minute, sp string) string {
	words := halves[c.half] + strconv.Itoa(c.hour) + hour
	if c.minute > 0 {
		words += sp + strconv.Itoa(c.minute) + minute
	}
	return words
}
