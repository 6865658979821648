package spoken

import "strings"

var (
	hiOnes = strings.Fields("शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस " +
		"बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस " +
		"चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ " +
		"साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी " +
		"अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे")
	hiDays = strings.Fields("- जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर")
)

func hindi() *language {
	return &language{
		code: "hi", decimal: '.',
		digits:   [10]string(hiOnes[:10]),
		cardinal: func(n uint64, _ form) string { return hiCardinal(n) },
		ordinal:  func(n uint64, _ form) string { return "" },
		year: func(n uint64) string {
			if n >= 1100 && n < 2000 {
				return joined(hiOnes[n/100]+" सौ", " ", n%100, hiCardinal)
			}
			return hiCardinal(n)
		},
		date:  func(d day, _ string) string { return dated(hiCardinal(uint64(d.day)), " ", hiDays, d, hiCardinal) },
		clock: hiClock,
		words: words{point: "दशमलव", minus: "माइनस", to: "से", percent: "प्रतिशत", and: "और", number: "नंबर", at: "ऐट द रेट", dot: "डॉट", slash: "स्लैश", dash: "डैश",
			underscore: "अंडरस्कोर", plus: "प्लस", equals: "बराबर", question: "प्रश्न चिह्न", colon: "कोलन", hash: "हैश", version: "वर्शन", shares: [5]string{"आधा", "एक चौथाई", "तीन चौथाई", "एक तिहाई", "दो तिहाई"}, cents: " "},
		tables: tables{
			months: monthsOf("जनवरी फ़रवरी|फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर|सितम्बर अक्टूबर नवंबर|नवम्बर दिसंबर|दिसम्बर"),
			money: moneyOf(`INR = रुपया, रुपये / पैसा, पैसे; USD = डॉलर / सेंट; EUR = यूरो / सेंट; GBP = पाउंड / पेंस; JPY = येन; KRW = वॉन; BRL = रियल; IDR = रुपिया; CHF = स्विस फ़्रैंक; MXN = पेसो;
				CAD = कनाडाई डॉलर; AUD = ऑस्ट्रेलियाई डॉलर`),
			magnitudes: pairs("हज़ार हजार = हज़ार; लाख lakh = लाख; करोड़ crore cr = करोड़; मिलियन million = मिलियन; अरब = अरब"),
			units: unitsOf(`kg किग्रा = किलोग्राम; g = ग्राम; mg = मिलीग्राम; km किमी = किलोमीटर; m = मीटर; cm = सेंटीमीटर; mm = मिलीमीटर; l L = लीटर; ml = मिलीलीटर; km/h = किलोमीटर प्रति घंटा;
				°C ℃ = डिग्री सेल्सियस; °F = डिग्री फ़ारेनहाइट; ° = डिग्री; KB kB = किलोबाइट; MB = मेगाबाइट; GB = गीगाबाइट; TB = टेराबाइट; kW = किलोवाट; kWh = किलोवाट घंटा; W = वाट; V = वोल्ट; Hz = हर्ट्ज़; min = मिनट; m² = वर्ग मीटर`),
			abbreviations: pairs("डॉ. = डॉक्टर; प्रो. = प्रोफ़ेसर; रु. = रुपये; dr. = डॉक्टर; mr. = मिस्टर; mrs. = मिसेज़; कि.मी. = किलोमीटर; सं. = संख्या"),
			codes:         set("पिन कोड नंबर अंक iban pin code ऑर्डर खाता आईडी"),
			per:           per("प्रति", `mo = प्रति माह`),
			is:            set("है नंबर"),
			years:         set("सन् सन वर्ष"),
		},
	}
}

// hiCardinal counts in thousands, lakhs and crores.
func hiCardinal(n uint64) string {
	switch {
	case n < 100:
		return hiOnes[n]
	case n < 1000:
		return joined(hiOnes[n/100]+" सौ", " ", n%100, hiCardinal)
	case n < 1_00_000:
		return joined(hiOnes[n/1000]+" हज़ार", " ", n%1000, hiCardinal)
	case n < 1_00_00_000:
		return joined(hiOnes[n/1_00_000]+" लाख", " ", n%1_00_000, hiCardinal)
	}
	return joined(hiCardinal(n/1_00_00_000)+" करोड़", " ", n%1_00_00_000, hiCardinal)
}

func hiClock(c moment) string {
	switch h := c.hours(); {
	case c.half == "":
		return hiHour(c)
	case h < 4, h >= 20:
		return "रात " + hiHour(c)
	case h < 12:
		return "सुबह " + hiHour(c)
	case h < 16:
		return "दोपहर " + hiHour(c)
	}
	return "शाम " + hiHour(c)
}

func hiHour(c moment) string {
	h := uint64(c.hour)
	switch {
	case c.named && c.minute == 15 && h >= 1 && h <= 12:
		return "सवा " + hiCardinal(h) + " बजे"
	case c.named && c.minute == 45 && h >= 1 && h <= 12:
		return "पौने " + hiCardinal(h%12+1) + " बजे"
	case c.minute == 0:
		return hiCardinal(h) + " बजे"
	case c.minute == 30 && h == 1:
		return "डेढ़ बजे"
	case c.minute == 30 && h == 2:
		return "ढाई बजे"
	case c.minute == 30 && h >= 3 && h <= 12:
		return "साढ़े " + hiCardinal(h) + " बजे"
	}
	return hiCardinal(h) + " बजकर " + hiCardinal(uint64(c.minute)) + " मिनट"
}
