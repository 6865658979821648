package answer

import (
	"strings"
)

// stems are beginnings of words that announcements are made of, by what they announce. One that people hardly ever say when they answer
// counts twice (!). They know no sentence, and so also those that no list of phrases has.
type stems struct{ kinds []kind }

type kind struct {
	class  Class
	single []string
	double []string
}

const (
	announced = 3 // and it is an announcement
	hinted    = 2 // and it may become one
)

// weigh gives what a plain text announces most, how much it does, and how much it announces in all.
func (s *stems) weigh(text string, unspaced bool) (class Class, most, all int) {
	if s == nil {
		return "", 0, 0
	}
	words := strings.Fields(text)
	if unspaced {
		words = []string{strings.Join(words, "")}
	}
	there := func(stem string) bool {
		for _, w := range words {
			if strings.HasPrefix(w, stem) || unspaced && strings.Contains(w, stem) {
				return true
			}
		}
		return false
	}
	for _, k := range s.kinds {
		n := 0
		for _, w := range k.single {
			if there(w) {
				n++
			}
		}
		for _, w := range k.double {
			if there(w) {
				n += 2
			}
		}
		all += n
		if n > most {
			class, most = k.class, n
		}
	}
	return class, most, all
}

// announces makes stems of lists with spaces between.
func announces(voicemail, menu, hold, nobody, full, screening string) *stems {
	s := &stems{}
	for _, k := range [...]struct {
		class Class
		words string
	}{{MailboxFull, full}, {SIT, nobody}, {Voicemail, voicemail}, {IVR, menu}, {Hold, hold}, {CallScreening, screening}} {
		one := kind{class: k.class}
		for _, w := range strings.Fields(k.words) {
			if stem, twice := strings.CutSuffix(w, "!"); twice {
				one.double = append(one.double, stem)
			} else {
				one.single = append(one.single, stem)
			}
		}
		s.kinds = append(s.kinds, one)
	}
	return s
}

var announcements = map[string]*stems{
	"en": announces(
		"beep! voicemail! answerphone! mailbox! voicebox! tone signal messag record recording leave reached unavailable available machine closed unable subscriber! cant cannot sorry away busy text later absent greeting",
		"press! extension! menu! option! choose! select! keypad! digits! following dial enter operator otherwise pound",
		"queue! operators agents! representatives! advisors! hold wait waiting line connected connecting connect patience! shortly! busy busier caller",
		"disconnected! dialed! dialled! exist! circuits! unallocated! allocated! invalid! number again check unavailable service hang reached cannot completed",
		"full! space! room capacity! memory! voicemail mailbox record messages more",
		"screening! behalf! assistant virtual! automated name reason! purpose! calling about record"),
	"es": announces(
		"pitido! buzón! buzon! contestador! señal! bip! tono! mensaje recado graba grabe! deje deja responde contestar atender suene ausente cerrado disponible",
		"pulse! marque! presione! oprima! teclee! opción! opciones! menú! extensión! seleccione! desea",
		"operadores! agentes! espere! ocupados cola! línea linea momento atenderemos! manténgase! permanezca! breve",
		"existe! número numero marcado! asignado! servicio corresponde! inexistente! compruebe!",
		"lleno! llena! espacio! capacidad! buzón mensajes",
		"asistente! nombre motivo! llamada virtual!"),
	"de": announces(
		"piep! signalton! ton! signal! mailbox! anrufbeantworter! sprachbox! nachricht teilnehmer! hinterlass! hinterlassen! drauf verfügbar erreichbar erreichen abwesend geschlossen gerade zurzeit derzeit ans",
		"drücken! wählen! taste! tasten! menü! durchwahl! eins zwei kontostand optionen!",
		"mitarbeiter! warteschleife! warten! gedulden! geduld! gespräch leitung leitungen moment verbunden belegt besetzt augenblick",
		"rufnummer! vergeben! nummer gewählte! gewählt geschaltet! anschluss ungültig! prüfen",
		"voll! speicherplatz! speicher! mailbox nachrichten",
		"assistent! namen grund! anruf anrufs! anliegen!"),
	"fr": announces(
		"bip! signal! messagerie! répondeur! boîte vocal correspondant! injoignable! message messages laisser laissez! répondre absent fermé fermés disponible joignable moment enregistrez!",
		"appuyez! tapez! touche! menu! composez! choisissez! options! faites! poste",
		"lignes! patienter! patientez! conseillers! attente! occupées occupés opérateurs! quittez! minutes prochain",
		"attribué! existe! numéro composé! service demandez! demandé! vérifier! vérifiez!",
		"pleine! plein! saturée! espace! boîte messages",
		"assistant! nom motif! raison! appel virtuel!"),
	"it": announces(
		"bip! segnale! tono! segreteria! casella! messaggio! utente! raggiungibile! rispondere lasci lasciare! lasciate! lascia! disponibile assente chiusi chiuso momento registrare! registri!",
		"premere! prema! premi! digiti! digitare! tasto! menù! opzioni! selezioni! saldo operatore",
		"operatori! attendere! attenda! linea occupati coda! pazienza! preghiamo! rimanere! breve",
		"inesistente! esiste! numero attivo! selezionato! chiamato composto! verificare!",
		"piena! pieno! spazio! casella messaggi",
		"assistente! nome motivo! chiamata virtuale!"),
	"pt": announces(
		"bip! sinal! tom! secretária! correio! caixa recado! mensagem! grave! gravar deixe! atende atender disponível ausente fechado momento cliente falar",
		"digite! tecle! pressione! disque! opção! opções! menu! ramal! escolha! saldo",
		"atendentes! operadores! aguarde! linha ocupados fila! instantes! momento espera",
		"existe! número chamado discado! serviço inexistente! verifique! programado!",
		"cheia! cheio! espaço! capacidade! caixa mensagens",
		"assistente! nome motivo! ligação virtual!"),
	"nl": announces(
		"piep! pieptoon! toon! signaal! voicemail! antwoordapparaat! boodschap! bericht! achterlaten! achter opnemen beschikbaar bereikbaar abonnee! spreek gesloten afwezig inspreken!",
		"toets! druk! kies! menu! keuze! opties! toestel! saldo één",
		"medewerkers! wachtrij! wachten! geduld! lijnen! lijn bezet moment ogenblik doorverbonden!",
		"bestaat! nummer gekozen! gebruik aangesloten! controleer!",
		"vol! ruimte! geheugen! berichten voicemail",
		"assistent! naam reden! gesprek virtuele!"),
	"id": announces(
		"bip! nada! pesan! tinggalkan! kotak rekam! suara pelanggan! menjawab mengangkat tersedia bunyi bicara setelah tutup",
		"tekan! menu! pilihan! pilih! ekstensi! saldo nol untuk",
		"petugas! antrean! antrian! sibuk tunggu! menunggu! mohon saluran sambungan",
		"terdaftar! nomor tuju! aktif! periksa! salah hubungi",
		"penuh! ruang! kapasitas! pesan kotak",
		"asisten! nama alasan! panggilan virtual!"),
	"hi": announces(
		"बीप! टोन! संदेश! मैसेज! वॉइसमेल! वॉयसमेल! रिकॉर्ड! छोड़! छोड़ें! उठा जवाब उत्तर उपलब्ध व्यस्त",
		"दबाएँ! दबाएं! दबाइए! मेनू! विकल्प! चुनें! बैलेंस",
		"प्रतीक्षा! अधिकारी प्रतिनिधि! व्यस्त लाइन इंतज़ार! कतार! होल्ड!",
		"मौजूद! डायल! नंबर मान्य! अमान्य! जांच! सेवा",
		"भरा! भर जगह! मेलबॉक्स संदेश",
		"असिस्टेंट! सहायक! नाम कारण! कॉल"),
	"ja": announces(
		"発信音! ピー! 留守番電話! 留守電! メッセージ! 録音! 伝言! 出られ! 出ることができ! 不在! 営業時間 終了 ただいま 残し",
		"押して! メニュー! 番号 選択! お選び! オペレーター ダイヤル! 照会 シャープ! 音声ガイダンス!",
		"お待ち! 混み合! 混雑! 順番! おつなぎ! 少々 そのまま",
		"使われて! 電話番号 確かめ! 確認 おかけになった 存在しない! 届かない!",
		"いっぱい! 満杯! 容量! これ以上 録音",
		"アシスタント! お名前 ご用件 用件"),
	"ko": announces(
		"삐! 메시지! 메세지! 소리샘! 사서함! 녹음! 음성 연결 받지 받을 남겨! 남기! 부재중! 영업시간!",
		"눌러! 누르! 메뉴! 버튼! 선택! 내선! 조회 별표! 우물정!",
		"상담원 상담사 기다려! 대기! 통화 중입니다 잠시 연결 순서대로!",
		"없는 번호 결번! 거신! 확인 서비스 정지!",
		"가득! 꽉! 용량! 공간! 더이상 메시지",
		"어시스턴트! 성함 이름 용건! 이유"),
}
