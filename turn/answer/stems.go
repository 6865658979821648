package answer

import (
	"slices"
	"strings"
)

// stems are beginnings of words that announcements are made of, by what they announce. One that people hardly ever say when they answer
// counts twice (!). They know no sentence, and so also those that no list of phrases has.
type stems struct{ kinds []kind }

type kind struct {
	class Class
	stems []stem // those that count twice first
}

type stem struct {
	begins string
	counts int
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
	for i := range s.kinds {
		n := s.kinds[i].weigh(words, unspaced)
		if all += n; n > most {
			class, most = s.kinds[i].class, n
		}
	}
	return class, most, all
}

// weigh counts each stem once, and each word for the one that counts most. A text without spaces is one word, of many.
func (k *kind) weigh(words []string, unspaced bool) (n int) {
	counted := make([]bool, len(k.stems))
	for _, w := range words {
		for i, s := range k.stems {
			if !strings.HasPrefix(w, s.begins) && !(unspaced && strings.Contains(w, s.begins)) {
				continue
			}
			if !counted[i] {
				counted[i] = true
				n += s.counts
			}
			if !unspaced {
				break
			}
		}
	}
	return n
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
			if begins, twice := strings.CutSuffix(w, "!"); twice {
				one.stems = append(one.stems, stem{begins, 2})
			} else {
				one.stems = append(one.stems, stem{w, 1})
			}
		}
		slices.SortStableFunc(one.stems, func(a, b stem) int { return b.counts - a.counts })
		s.kinds = append(s.kinds, one)
	}
	return s
}

var announcements = map[string]*stems{
	"en": announces(
		"beep! voicemail! answerphone! mailbox! voicebox! tone signal messag record leave reached unavailable available machine closed unable subscriber! cant cannot sorry away busy text later absent greeting answering missed holiday vacation abroad leaving home memo",
		"press! extension! menu! option! choose! select! keypad! digits! following dial enter operator otherwise pound automated! hash! star recorded monitored language birth",
		"queue! operators agents! representatives! advisors! hold wait line connected connecting connect patience! shortly! busy busier caller next soon position estimated",
		"disconnected! dialed! dialled! exist! circuits! unallocated! allocated! invalid! number again check unavailable service hang reached cannot completed network difficulties! technical failed connected dialing! dialling! temporarily try",
		"full! space! room capacity! memory! voicemail mailbox record messages more answering machine inbox! storage!",
		"screening! behalf! assistant virtual! automated name reason! purpose! calling about record person see connect announce!"),
	"es": announces(
		"pitido! buzón! buzon! contestador! señal! bip! tono! mensaje recado graba grabe! deje deja responde contestar atender suene ausente cerrado disponible vacaciones grabadora! máquina! casa",
		"pulse! marque! presione! oprima! teclee! opción! opciones! menú! extensión! seleccione! desea automático! automatizado! asistente almohadilla! numeral! asterisco! dígitos! grabada! calidad introduzca! ingrese! contrato extensiones!",
		"operadores! agentes! espere! ocupados cola! línea linea momento atenderemos! manténgase! permanezca! breve siguiente turno! posición! tiempo",
		"existe! número numero marcado! asignado! servicio corresponde! inexistente! compruebe! red dificultades! técnicas técnicos conectar! completar! llamada incorrecto! temporalmente",
		"lleno! llena! espacio! capacidad! buzón mensajes memoria! contestador almacenamiento! más",
		"asistente! nombre motivo! llamada virtual! persona filtra! filtro! identifíquese! conectar comunicar grabe razón"),
	"de": announces(
		"piep! signalton! ton! signal! mailbox! anrufbeantworter! sprachbox! nachricht teilnehmer! hinterlass! drauf verfügbar erreichbar erreichen abwesend geschlossen gerade zurzeit derzeit ans urlaub feierabend! verpasst zurück hause rückruf aufsprechen! aufnahme!",
		"drücken! wählen! taste! menü! durchwahl! eins zwei kontostand optionen! rautetaste! raute! sterntaste! stellige achtstellige! geben bestätigen vertragsnummer! kundennummer kontonummer! automatisch aufgezeichnet! qualität eingeben! eingabe! sprachassistent! geburtsdatum!",
		"mitarbeiter! warteschleife! warten! gedulden! geduld! gespräch leitung moment verbunden belegt besetzt augenblick platz nächste",
		"rufnummer! vergeben! nummer gewählte! gewählt geschaltet! anschluss ungültig! prüfen netz technisch störung verbindung hergestellt! verbunden unterbrochen gesprächspartner",
		"voll! speicherplatz! speicher! mailbox nachrichten anrufbeantworter band!",
		"assistent! namen grund! anruf anrufs! anliegen! person filter! gefiltert! durchstellen! durchgestellt! nennen! nennt warum verfügbar"),
	"fr": announces(
		"bip! signal! messagerie! répondeur! boîte vocal correspondant! injoignable! message laisser laissez! répondre absent fermé disponible joignable moment enregistrez! vacances congés répond rappellerons! rappellerai! rappelle",
		"appuyez! tapez! touche! menu! composez! choisissez! options! faites! poste dièse! étoile saisissez! saisir! numéro client automatique! enregistré! qualité confirmez! contrat",
		"lignes! patienter! patientez! conseillers! attente! occupées occupés opérateurs! quittez! minutes prochain suivant position temps estimé",
		"attribué! existe! numéro composé! service demandez! demandé! vérifier! vérifiez! réseau techniques technique aboutir! acheminé! acheminer! établie! difficultés! erroné! temporairement",
		"pleine! plein! saturée! espace! boîte messages mémoire! répondeur messagerie stockage!",
		"assistant! nom motif! raison! appel virtuel! personne filtre! filtré! filtrage! pourquoi identifiez! présenter mettre indiquez! enregistrez disponible"),
	"it": announces(
		"bip! segnale! tono! segreteria! casella! messaggio! utente! raggiungibile! rispondere lasci lasciare! lasciate! lascia! disponibile assente chiusi chiuso momento registrare! registri! vacanza vacanze ferie casa richiamerò! richiameremo! assenti",
		"premere! prema! premi! digiti! digitare! tasto! menù! opzioni! selezioni! saldo operatore cancelletto! asterisco! inserisca! inserire! codice cliente automatico! automatica registrata! qualità cifre! contratto lingua",
		"operatori! attendere! attenda! linea occupati coda! pazienza! preghiamo! rimanere! breve prossimo posizione tempo",
		"inesistente! esiste! numero attivo! selezionato! chiamato composto! verificare! rete difficoltà! tecnico tecnici collegare! completare! chiamata errato! controllare! corretto! controlli!",
		"piena! pieno! spazio! casella messaggi memoria! vocale richiamare archiviazione!",
		"assistente! nome motivo! chiamata virtuale! persona filtra! filtro! perché ragione! registri collegare disponibile"),
	"pt": announces(
		"bip! sinal! tom! secretária! correio! caixa recado! mensagem! grave! gravar deixe! atende disponível ausente fechado momento cliente falar férias viagem viajando retorno retornarei! retornaremos! casa",
		"digite! tecle! pressione! disque! opção! opções! menu! ramal! escolha! saldo cerquilha! sustenido! quadrado! cardinal! asterisco! informe! introduza! insira! cpf! automático! automática gravada! qualidade protocolo dígitos! contrato",
		"atendentes! operadores! aguarde! linha ocupados fila! instantes! momento espera próximo posição tempo",
		"existe! número chamado discado! serviço inexistente! verifique! programado! rede dificuldades! técnicas técnico completar! completada! concluir! chamada incorreto! temporariamente",
		"cheia! cheio! espaço! capacidade! caixa mensagens memória! secretária gravação armazenamento!",
		"assistente! nome motivo! ligação virtual! pessoa filtra! filtro! triagem! porquê razão! grave conectar disponível"),
	"nl": announces(
		"piep! toon! signaal! voicemail! antwoordapparaat! boodschap! bericht! achterlaten! achter opnemen beschikbaar bereikbaar abonnee! spreek gesloten afwezig inspreken! vakantie thuis terug gemist ingesproken!",
		"toets! druk! kies! menu! keuze! opties! toestel! saldo één hekje! sterretje! automatisch opgenomen! kwaliteit voer klantnummer! rekeningnummer! cijfers! cijferige! taal",
		"medewerkers! wachtrij! wachten! geduld! lijnen! lijn bezet moment ogenblik doorverbonden! volgende plaats positie",
		"bestaat! nummer gekozen! gebruik aangesloten! controleer! telefoonnummer netwerk! storing technische verbinding gebeld! opnieuw onjuist!",
		"vol! ruimte! geheugen! berichten voicemail mailbox antwoordapparaat opslag!",
		"assistent! naam reden! gesprek virtuele! persoon filter! gescreend! screent! waarom doorverbinden beschikbaar"),
	"id": announces(
		"bip! nada! pesan! tinggalkan! kotak rekam! suara pelanggan! menjawab mengangkat tersedia bunyi bicara setelah tutup liburan cuti rumah kembali",
		"tekan! menu! pilihan! pilih! ekstensi! saldo nol untuk pagar! bintang otomatis! direkam! kualitas masukkan! digit! bahasa pelanggan",
		"petugas! antrean! antrian! sibuk tunggu! menunggu! mohon saluran sambungan berikutnya urutan! posisi",
		"terdaftar! nomor tuju! aktif! periksa! salah hubungi jaringan gangguan teknis tersambung! terhubung! kesalahan! coba beberapa",
		"penuh! ruang! kapasitas! pesan kotak memori! mesin penyimpanan!",
		"asisten! nama alasan! panggilan virtual! orang penyaring! disaring! menyaring! mengapa kenapa sebutkan! menyambungkan tersedia"),
	"hi": announces(
		"बीप! टोन! संदेश! मैसेज! वॉइसमेल! वॉयसमेल! रिकॉर्ड! छोड़! उठा जवाब उत्तर उपलब्ध व्यस्त छुट्टी घर वापस",
		"दबाएँ! दबाएं! दबाइए! मेनू! विकल्प! चुनें! बैलेंस हैश! स्टार स्वचालित! गुणवत्ता दर्ज! अंक भाषा खाता",
		"प्रतीक्षा! अधिकारी प्रतिनिधि! व्यस्त लाइन इंतज़ार! कतार! होल्ड! अगला क्रम! स्थान",
		"मौजूद! डायल! नंबर मान्य! अमान्य! जांच! सेवा नेटवर्क तकनीकी कनेक्ट संपर्क! गलत दोबारा",
		"भरा! भर जगह! मेलबॉक्स संदेश मेमोरी! स्टोरेज! वॉइसमेल",
		"असिस्टेंट! सहायक! नाम कारण! कॉल व्यक्ति स्क्रीनिंग! वजह बताएं!"),
	"ja": announces(
		"発信音! ピー! 留守番電話! 留守電! メッセージ! 録音! 伝言! 出られ! 出ることができ! 不在! 営業時間 終了 ただいま 残し 外出 折り返し! 休業! 定休日!",
		"押して! メニュー! 番号 選択! お選び! オペレーター ダイヤル! 照会 シャープ! 音声ガイダンス! 自動音声! 音声案内! 米印! 桁! 入力! 品質 録音させて! お客様番号! ご希望 1番 2番 ボタン!",
		"お待ち! 混み合! 混雑! 順番! おつなぎ! 少々 そのまま 次の ただいま 席",
		"使われて! 電話番号 確かめ! 確認 おかけになった 存在しない! 届かない! 回線 ネットワーク 通信 つながりません! 障害 おかけ直し!",
		"いっぱい! 満杯! 容量! これ以上 録音 メモリ! 留守番電話 保存",
		"アシスタント! お名前 ご用件 用件 スクリーニング! 理由 おっしゃって! お伝え おたずね 確認"),
	"ko": announces(
		"삐! 메시지! 메세지! 소리샘! 사서함! 녹음! 음성 연결 받지 받을 남겨! 남기! 부재중! 영업시간! 외출! 휴가 휴무! 집에 다시",
		"눌러! 누르! 메뉴! 버튼! 선택! 내선! 조회 별표! 우물정! 우물! 자동응답! 자리 입력! 고객번호! 품질 녹음됩니다! 언어 1번 2번 일번 이번",
		"상담원 상담사 기다려! 대기! 통화 중입니다 잠시 연결 순서대로! 다음 순서 차례",
		"없는 번호 결번! 거신! 확인 서비스 정지! 통신망 네트워크 장애 연결할수없! 잘못! 일시적",
		"가득! 꽉! 용량! 공간! 더이상 메시지 메모리! 저장! 녹음할수없",
		"어시스턴트! 성함 이름 용건! 이유 스크리닝! 말씀해 전화하신! 왜 연결"),
}
