package collect

import (
	"fmt"
	"strings"
)

// dated is how most languages write a day.
func dated(format string) func(int, string, int, int) string {
	return func(year int, month string, n, day int) string {
		return strings.NewReplacer("Y", fmt.Sprint(year), "MM", month, "N", fmt.Sprint(n), "D", fmt.Sprint(day)).Replace(format)
	}
}

func init() {
	western()
	eastern()
}

func western() {
	speak("en", "at,at sign|dot,period,point|dash,hyphen,minus|underscore|plus", "as in|for|like",
		"is going to be|would be|address is|number is|name is|it is|its|thats|that is|this is|im|i am|is",
		"January,jan|February,feb|March,mar|April,apr|May|June,jun|July,jul|August,aug|September,sep,sept|October,oct|November,nov|December,dec", words{
			days: numbered("today|tomorrow", 0), weekdays: numbered("sunday|monday|tuesday|wednesday|thursday|friday|saturday", 0),
			yes:  set("yes|yeah|yep|yup|correct|right|exactly|sure|ok|okay|absolutely|indeed|true|perfect|great|affirmative"),
			no:   set("no|nope|nah|not|wrong|incorrect|isnt|never|false|change"),
			fill: set("that|thats|is|its|it|all|this|very|good|fine|thank|thanks|you|please|uh|um|huh|well|oh|mm|hmm|so|quite|course|of|looks|sounds"),
			phrases: phrases{"I have noted: %s.", "Is that right?", "Please tell me: %s.", "Please say or key in: %s. End with the hash key.",
				map[Kind]string{Email: "your e-mail address", Phone: "your telephone number", Name: "your name", Date: "the date", Address: "your address"}, dated("MM D, Y")}})
	speak("es", "arroba|punto|guion,guión,menos|guion bajo,guión bajo,subrayado|más,mas", "de|como",
		"sería|número es|correo es|nombre es|dirección es|me llamo|soy|es",
		"enero,ene|febrero,feb|marzo,mar|abril,abr|mayo,may|junio,jun|julio,jul|agosto,ago|septiembre,setiembre,sep|octubre,oct|noviembre,nov|diciembre,dic", words{
			dayFirst: true, days: numbered("hoy|mañana", 0), weekdays: numbered("domingo|lunes|martes|miércoles,miercoles|jueves|viernes|sábado,sabado", 0),
			yes:  set("sí|si|correcto|correcta|exacto|claro|vale|eso|cierto|perfecto|ok"),
			no:   set("no|incorrecto|incorrecta|mal|falso"),
			fill: set("es|está|bien|así|gracias|muy|todo|señor|señora|eh|pues|que|por|supuesto|de|acuerdo"),
			phrases: phrases{"He anotado: %s.", "¿Es correcto?", "Por favor, dígame: %s.", "Por favor, diga o teclee: %s. Termine con la tecla almohadilla.",
				map[Kind]string{Email: "su correo electrónico", Phone: "su número de teléfono", Name: "su nombre", Date: "la fecha", Address: "su dirección"}, dated("D de MM de Y")}})
	speak("de", "ät,at,klammeraffe,et|punkt,dot|bindestrich,minus,strich|unterstrich|plus", "wie",
		"nummer ist|adresse ist|name ist|nummer lautet|adresse lautet|lautet|ich heiße|ich bin|das ist|das wäre|ist",
		"Januar,jänner,jan|Februar,feb|März,maerz,mär|April,apr|Mai|Juni,juno,jun|Juli,julei,jul|August,aug|September,sep,sept|Oktober,okt|November,nov|Dezember,dez", words{
			dayFirst: true, days: numbered("heute|morgen|übermorgen", 0), weekdays: numbered("sonntag|montag|dienstag|mittwoch|donnerstag|freitag|samstag,sonnabend", 0),
			yes:  set("ja|jawohl|jo|jep|richtig|genau|stimmt|korrekt|exakt|passt|gut|ok|okay|natürlich|klar"),
			no:   set("nein|nee|ne|falsch|nicht|verkehrt|stimmt nicht"),
			fill: set("das|ist|so|alles|sehr|danke|vielen|dank|äh|ähm|es|bitte|ganz"),
			phrases: phrases{"Ich habe notiert: %s.", "Ist das richtig?", "Bitte sagen Sie mir: %s.", "Bitte sagen oder tippen Sie: %s. Schließen Sie mit der Raute-Taste ab.",
				map[Kind]string{Email: "Ihre E-Mail-Adresse", Phone: "Ihre Telefonnummer", Name: "Ihren Namen", Date: "das Datum", Address: "Ihre Adresse"}, dated("D. MM Y")}})
	speak("hi", "एट,ऐट,at|डॉट,बिंदु,dot|डैश,हाइफ़न,हाइफन,dash|अंडरस्कोर,underscore|प्लस,plus", "जैसे|फॉर",
		"मेरा नाम|मेरा नंबर|मेरा ईमेल|नाम|नंबर",
		"जनवरी|फ़रवरी,फरवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर,सितम्बर|अक्टूबर,अक्तूबर|नवंबर,नवम्बर|दिसंबर,दिसम्बर", words{
			dayFirst: true, days: numbered("आज|कल|परसों", 0), weekdays: numbered("रविवार|सोमवार|मंगलवार|बुधवार|गुरुवार|शुक्रवार|शनिवार", 0),
			yes:  set("हाँ|हां|जी|सही|ठीक|बिल्कुल|बिलकुल|haan|han|ji|sahi|theek|yes|ok"),
			no:   set("नहीं|नही|गलत|ग़लत|ना|nahi|nahin|galat|no"),
			fill: set("है|यह|ये|वह|बात|hai|yeh"),
			phrases: phrases{"मैंने लिखा है: %s।", "क्या यह सही है?", "कृपया बताइए: %s।", "कृपया बोलिए या दबाइए: %s। अंत में हैश की दबाएं।",
				map[Kind]string{Email: "आपका ईमेल पता", Phone: "आपका फ़ोन नंबर", Name: "आपका नाम", Date: "तारीख", Address: "आपका पता"}, dated("D MM Y")}})
	speak("pt", "arroba|ponto|hífen,traço,menos|sublinhado,underline,underscore|mais", "de|como",
		"seria|número é|email é|nome é|endereço é|me chamo|sou|é",
		"janeiro,jan|fevereiro,fev|março,marco,mar|abril,abr|maio,mai|junho,jun|julho,jul|agosto,ago|setembro,set|outubro,out|novembro,nov|dezembro,dez", words{
			dayFirst: true, days: numbered("hoje|amanhã,amanha", 0), weekdays: numbered("domingo|segunda|terça,terca|quarta|quinta|sexta|sábado,sabado", 0),
			yes:  set("sim|correto|correta|certo|exato|isso|claro|ok|perfeito|confirmo"),
			no:   set("não|nao|errado|errada|incorreto"),
			fill: set("é|está|mesmo|obrigado|obrigada|muito|tudo|bem|com|certeza"),
			phrases: phrases{"Anotei: %s.", "Está correto?", "Por favor, diga-me: %s.", "Por favor, diga ou digite: %s. Termine com a tecla cardinal.",
				map[Kind]string{Email: "o seu e-mail", Phone: "o seu número de telefone", Name: "o seu nome", Date: "a data", Address: "o seu endereço"}, dated("D de MM de Y")}})
	speak("fr", "arobase,arobas,at|point|tiret,trait d union,moins|tiret bas,souligné,underscore|plus", "comme",
		"numéro est le|numéro est|adresse est|nom est|cest le|cest|je mappelle|je suis|est",
		"janvier,janv|février,fevrier,févr|mars|avril,avr|mai|juin|juillet,juil|août,aout|septembre,sept|octobre,oct|novembre,nov|décembre,decembre,déc", words{
			dayFirst: true, days: numbered("aujourdhui|demain", 0), weekdays: numbered("dimanche|lundi|mardi|mercredi|jeudi|vendredi|samedi", 0),
			yes:  set("oui|ouais|exact|exactement|correct|daccord|voilà|juste|parfait|ok|absolument"),
			no:   set("non|faux|pas|incorrect|erreur"),
			fill: set("cest|ça|tout|à|fait|bien|merci|très|est|euh|le|sûr"),
			phrases: phrases{"J'ai noté : %s.", "Est-ce exact ?", "Dites-moi, s'il vous plaît : %s.", "Dites ou tapez, s'il vous plaît : %s. Terminez par la touche dièse.",
				map[Kind]string{Email: "votre adresse e-mail", Phone: "votre numéro de téléphone", Name: "votre nom", Date: "la date", Address: "votre adresse"}, dated("D MM Y")}})
	speak("nl", "apenstaartje,at|punt|streepje,koppelteken,min|underscore,laag streepje|plus", "van|als in",
		"nummer is|adres is|naam is|ik heet|ik ben|dat is|is",
		"januari,jan|februari,feb|maart,mrt|april,apr|mei|juni,jun|juli,jul|augustus,aug|september,sep,sept|oktober,okt|november,nov|december,dec", words{
			dayFirst: true, days: numbered("vandaag|morgen|overmorgen", 0), weekdays: numbered("zondag|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag", 0),
			yes:  set("ja|jawel|jep|klopt|juist|correct|precies|goed|inderdaad|ok|oké|prima"),
			no:   set("nee|neen|fout|niet|verkeerd"),
			fill: set("dat|is|het|zo|dank|u|je|bedankt|hoor|helemaal|heel"),
			phrases: phrases{"Ik heb genoteerd: %s.", "Klopt dat?", "Wilt u mij alstublieft zeggen: %s.", "Zeg of toets alstublieft: %s. Sluit af met een hekje.",
				map[Kind]string{Email: "uw e-mailadres", Phone: "uw telefoonnummer", Name: "uw naam", Date: "de datum", Address: "uw adres"}, dated("D MM Y")}})
	speak("it", "chiocciola,at|punto|trattino,meno|trattino basso,underscore|più", "come|di",
		"numero è|indirizzo è|nome è|mi chiamo|sono|è",
		"gennaio,gen|febbraio,feb|marzo,mar|aprile,apr|maggio,mag|giugno,giu|luglio,lug|agosto,ago|settembre,set|ottobre,ott|novembre,nov|dicembre,dic", words{
			dayFirst: true, days: numbered("oggi|domani|dopodomani", 0), weekdays: numbered("domenica|lunedì,lunedi|martedì,martedi|mercoledì,mercoledi|giovedì,giovedi|venerdì,venerdi|sabato", 0),
			yes:  set("sì|si|giusto|esatto|corretto|certo|perfetto|ok|confermo|vero"),
			no:   set("no|sbagliato|errato|non|falso"),
			fill: set("è|va|bene|grazie|tutto|proprio|così|molto"),
			phrases: phrases{"Ho annotato: %s.", "È corretto?", "Mi dica, per favore: %s.", "Dica o digiti, per favore: %s. Termini con il tasto cancelletto.",
				map[Kind]string{Email: "il suo indirizzo e-mail", Phone: "il suo numero di telefono", Name: "il suo nome", Date: "la data", Address: "il suo indirizzo"}, dated("D MM Y")}})
}

func eastern() {
	speak("id", "at,et|titik,dot|strip,minus|garis bawah,underscore|plus", "seperti",
		"nomornya|emailnya|namanya|nomor saya|email saya|nama saya|adalah",
		"Januari,jan|Februari,feb|Maret,mar|April,apr|Mei|Juni,jun|Juli,jul|Agustus,agu|September,sep|Oktober,okt|November,nov|Desember,des", words{
			dayFirst: true, days: numbered("hari ini|besok|lusa", 0), weekdays: numbered("minggu|senin|selasa|rabu|kamis|jumat|sabtu", 0),
			yes:  set("ya|iya|benar|betul|ok|oke|baik|tepat"),
			no:   set("tidak|bukan|salah|nggak|enggak|belum"),
			fill: set("itu|sudah|terima|kasih|sekali|pak|bu"),
			phrases: phrases{"Saya mencatat: %s.", "Apakah itu benar?", "Tolong sebutkan: %s.", "Tolong sebutkan atau tekan: %s. Akhiri dengan tombol pagar.",
				map[Kind]string{Email: "alamat email Anda", Phone: "nomor telepon Anda", Name: "nama Anda", Date: "tanggalnya", Address: "alamat Anda"}, dated("D MM Y")}})
	speak("ja", "アットマーク,アット|ドット,点|ハイフン,マイナス|アンダーバー,アンダースコア|プラス", "の", "",
		"1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月", words{
			days: numbered("今日|明日|明後日", 0), weekdays: numbered("日曜日|月曜日|火曜日|水曜日|木曜日|金曜日|土曜日", 0),
			yes:  set("はい|ええ|うん|そうです|そう|合っています|合ってます|正しいです|大丈夫です|お願いします|間違いないです|ok"),
			no:   set("いいえ|いえ|違います|違う|ちがいます|間違っています|間違い"),
			fill: set("ね|です|よ"),
			phrases: phrases{"確認します。%s。", "よろしいですか。", "%sを教えてください。", "%sをお話しいただくか、入力してください。最後にシャープを押してください。",
				map[Kind]string{Email: "メールアドレス", Phone: "電話番号", Name: "お名前", Date: "日付", Address: "ご住所"}, dated("Y年N月D日")}})
	speak("ko", "골뱅이,앳|점,닷|하이픈,대시|언더바,밑줄|플러스", "", "",
		"1월|2월|3월|4월|5월|6월|7월|8월|9월|10월|11월|12월", words{
			days: numbered("오늘|내일|모레", 0), weekdays: numbered("일요일|월요일|화요일|수요일|목요일|금요일|토요일", 0),
			yes:  set("네|예|응|맞아요|맞습니다|맞아|그래요|그렇습니다|좋아요|좋습니다|확인|ok"),
			no:   set("아니요|아니오|아니|아뇨|틀렸어요|틀려요|틀렸습니다|아닙니다|아니에요"),
			fill: set("다|잘|감사합니다"),
			phrases: phrases{"확인하겠습니다. %s.", "맞습니까?", "%s 말씀해 주세요.", "%s 말씀하시거나 눌러 주세요. 마지막에 우물 정자를 눌러 주세요.",
				map[Kind]string{Email: "이메일 주소를", Phone: "전화번호를", Name: "성함을", Date: "날짜를", Address: "주소를"}, dated("Y년 N월 D일")}})
}
