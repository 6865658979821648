package answer

// lexicons by the contract's codes.
var lexicons = map[string]*lexicon{
	"en": {
		machine: list("leave a message|leave your message|leave me a message|leave us a message|leave a short message|leave a brief message|leave a detailed message|leave your name|leave your number|leave a voicemail|after the tone|at the tone|after the beep|at the beep|" +
			"record your message|voicemail|voice mail|voice mailbox|mailbox of|cant come to the phone|cannot come to the phone|cant take your call|cannot take your call|can not take your call|unable to take your call|cant answer|unable to answer|cant get to the phone|" +
			"not available|isnt available|is unavailable|currently unavailable|unavailable to take|away from the phone|away from my phone|away from my desk|out of the office|get back to you|call you back as soon|return your call|ill call you back|you have reached|youve reached|" +
			"has been forwarded|forwarded to|missed your call|sorry we missed|sorry i missed|automated voice messaging|messaging system|finished recording|hang up or press|no one is available|nobody is available|the person you are trying to reach|the person youre trying to reach|the person you are calling"),
		full: list("mailbox is full|mailbox that is full|is full and cannot|cannot accept any|can not accept any|not accepting messages|cannot accept new|memory is full|has not been set up|hasnt been set up|not set up yet"),
		menu: list("press one|press two|press three|press four|press zero|press nine|press 0|press 1|press 2|press 3|press 4|press 5|press 9|press the pound|press pound|press star|dial one|dial zero|dial nine|dial 9|for sales|for support|for billing|for english|main menu|" +
			"following options|following menu|options have changed|menu options|listen carefully|say or press|say yes or|dial by name|dial it now|enter your|enter the|if you know your partys|extension at any time|para español|in a few words|say billing|say sales|say operator|tell me the reason"),
		screening: list("who is calling|whos calling|who is this calling|state your name|say your name|your name and why|your name and the reason|reason for your call|reason for calling|why youre calling|why you are calling|record your name and reason|call assist|call screening|screening service|" +
			"using a screening|google assistant|google call|ill see if this person|see if this person is available|before i try to connect|before i connect|is available to take your call"),
		hold:   list("please hold|your call is important|call is important to us|agents are busy|agents are currently|representatives are|representative will be|next available|in the order|stay on the line|remain on the line|estimated wait|your call will be answered|currently assisting|assisting other|thank you for holding|thank you for your patience|be with you shortly|call may be recorded"),
		nobody: list("not in service|no longer in service|number you have dialed|number you dialed|number you have reached|has been disconnected|been disconnected|cannot be completed|can not be completed|could not be completed|check the number|is not valid|been changed|is switched off|switched off|out of coverage|unallocated|not assigned"),
		human: list("speaking|how can i help|how may i help|how can we help|how may i assist|how can i assist|can i help|may i help|what can i do|whats up|who is this|whos this|whos there|who am i speaking|whos speaking|this is he|this is she|its me|can you hear|yes this is|yeah this is|go ahead|" +
			"im driving|cant talk|not now|call me later|what do you want|hello who|yes hello|sorry who|is that you|good how are you|how are you"),
		hello: list("hello|hi|hey|yes|yeah|yep|yo|hello there|hi there|good morning|good afternoon|good evening|hey there|speaking|yes hello|uh|um|oh|ok|okay"),
	},
	"es": {
		machine: list("deje un mensaje|deje su mensaje|deja un mensaje|deja tu mensaje|dejar un mensaje|después de la señal|despues de la señal|después del tono|tras la señal|buzón de voz|buzon de voz|contestador|no está disponible|no esta disponible|no puedo atender|no podemos atender|en este momento no|" +
			"grabe su mensaje|ha llamado a|le devolveremos|te llamaré|la persona a la que llama"),
		full:      list("buzón está lleno|buzon esta lleno|buzón lleno|no puede recibir más mensajes|no admite más"),
		menu:      list("pulse|presione|marque|oprima|menú principal|menu principal|siguientes opciones|para ventas|para español|diga"),
		screening: list("quién llama|quien llama|diga su nombre|motivo de la llamada|motivo de su llamada|el asistente"),
		hold:      list("permanezca en línea|manténgase en línea|no cuelgue|nuestros agentes|todos nuestros|en breve|su llamada es importante|espere por favor"),
		nobody:    list("no existe|fuera de servicio|número marcado|no corresponde|apagado o fuera de cobertura|no está en servicio"),
		human:     list("en qué puedo|en que puedo|quién es|quien es|de parte de quién|de parte de quien|con quién hablo|le atiende|soy yo|dígame usted|qué desea|no puedo hablar"),
		hello:     list("hola|sí|si|diga|dígame|digame|bueno|aló|alo|buenos días|buenas tardes|buenas noches|buenas|mande|sí dígame|quién es|eh"),
	},
	"de": {
		machine: list("hinterlassen sie|nachricht nach dem|nach dem ton|nach dem signalton|nach dem piep|nach dem signal|mailbox|anrufbeantworter|sprachnachricht|nicht erreichbar|nicht erreichen|nicht zu erreichen|zurzeit nicht|leider nicht da|nicht persönlich|rufe sie zurück|rufe zurück|rufen sie zurück|" +
			"sprechen sie nach|nachricht hinterlassen|eine nachricht|sind derzeit nicht|außerhalb unserer"),
		full:      list("mailbox ist voll|speicher ist voll|keine nachrichten mehr|keine weiteren nachrichten"),
		menu:      list("drücken sie|drücken sie die|wählen sie die|hauptmenü|folgenden möglichkeiten|sagen sie|tasten|bitte drücken|für vertrieb|die eins|die zwei"),
		screening: list("wer ruft an|wer anruft|nennen sie ihren namen|ihren namen und|grund ihres anrufs|grund des anrufs|der assistent"),
		hold:      list("bitte warten|bleiben sie dran|bleiben sie am apparat|alle mitarbeiter|nächste freie|nächster freier|ihr anruf ist uns wichtig|haben sie etwas geduld|warteschleife|einen moment geduld"),
		nobody:    list("kein anschluss|nicht vergeben|rufnummer ist|diese rufnummer|teilnehmer ist nicht|vorübergehend nicht"),
		human:     list("am apparat|wer ist da|wer spricht|wie kann ich|was kann ich|kann ich ihnen helfen|kann ich helfen|worum geht|guten tag wer|ja bitte wer|ich höre"),
		hello:     list("hallo|ja|ja bitte|ja hallo|bitte|guten tag|guten morgen|guten abend|grüß gott|moin|servus|tag|hi|ähm"),
	},
	"fr": {
		machine: list("laissez un message|laissez votre message|laisser un message|laissez moi un message|laissez nous un message|après le bip|après le signal|après le signal sonore|messagerie|répondeur|boîte vocale|pas disponible|indisponible|ne suis pas là|ne peux pas vous répondre|ne pouvons pas répondre|ne peut pas répondre|" +
			"je vous rappelle|vous rappellerai|nous vous rappellerons|vous êtes bien|êtes bien chez|êtes bien sur"),
		full:      list("messagerie est pleine|boîte vocale est pleine|ne peut plus recevoir|est saturée"),
		menu:      list("tapez|appuyez|faites le|composez|menu principal|choix suivants|dites|pour le service"),
		screening: list("qui appelle|dites votre nom|votre nom et|motif de votre appel|raison de votre appel|l assistant|lassistant"),
		hold:      list("ne quittez pas|veuillez patienter|patientez|tous nos conseillers|un conseiller va|votre appel est important|mise en relation|restez en ligne"),
		nobody:    list("pas attribué|numéro que vous avez|n est pas en service|nest pas en service|nest plus attribué|numéro demandé"),
		human:     list("à l appareil|à lappareil|qui est à|c est qui|cest qui|c est de la part|cest de la part|que puis je|puis je vous aider|je vous écoute|jécoute|en quoi puis|comment puis"),
		hello:     list("allô|allo|oui|oui allô|oui allo|bonjour|bonsoir|salut|oui bonjour|ouais|euh"),
	},
	"it": {
		machine: list("lasciate un messaggio|lasci un messaggio|lascia un messaggio|lasciare un messaggio|dopo il segnale|dopo il bip|segreteria|casella vocale|non è disponibile|non sono disponibile|non è raggiungibile|non è al momento|non possiamo rispondere|non posso rispondere|risponde la segreteria|vi richiameremo|ti richiamo|la richiamerò"),
		full:    list("casella è piena|segreteria è piena|non può ricevere"), menu: list("prema|premere|digiti|digitare|premi|menù principale|menu principale|seguenti opzioni|dica|selezioni"),
		screening: list("chi chiama|dica il suo nome|il suo nome e|motivo della chiamata|lassistente"),
		hold:      list("resti in linea|rimanga in linea|attenda|attendere|tutti gli operatori|un operatore|la sua chiamata è importante|la preghiamo di attendere"),
		nobody:    list("numero selezionato|numero da lei|inesistente|non è attivo|non attivo"),
		human:     list("chi parla|con chi parlo|come posso|posso aiutarla|posso aiutare|chi è|mi dica|sono io|in cosa posso"),
		hello:     list("pronto|sì|si|ciao|buongiorno|buonasera|salve|sì pronto|mi dica|eh"),
	},
	"pt": {
		machine: list("deixe uma mensagem|deixe sua mensagem|deixe a sua mensagem|deixe seu recado|deixe o seu recado|deixe um recado|deixar uma mensagem|após o sinal|depois do sinal|após o bip|depois do bip|caixa postal|correio de voz|não está disponível|não posso atender|não podemos atender|no momento não|secretária eletrônica|grave sua mensagem|retornaremos|ligo de volta|chamada está sendo encaminhada"),
		full:    list("caixa postal está cheia|caixa está cheia|caixa de correio está cheia|não pode receber"), menu: list("digite|pressione|tecle|disque|prima|menu principal|seguintes opções|para vendas|fale"),
		screening: list("quem está ligando|quem fala|diga seu nome|diga o seu nome|seu nome e|motivo da ligação|motivo da chamada|o assistente"),
		hold:      list("aguarde|permaneça na linha|continue na linha|todos os nossos|nossos atendentes|sua ligação é importante|não desligue|em instantes"),
		nobody:    list("não existe|número discado|fora de serviço|desligado ou fora|não está em serviço|programado para não receber"),
		human:     list("quem é|quem está falando|com quem|em que posso|como posso ajudar|posso ajudar|sou eu|pode falar|quem gostaria"),
		hello:     list("alô|alo|oi|olá|ola|sim|está|estou|tô|bom dia|boa tarde|boa noite|pronto|pois não|diga|hã"),
	},
	"nl": {
		machine: list("laat een bericht|spreek een bericht|spreek uw bericht|spreek je bericht|bericht achter|bericht achterlaten|na de piep|na de toon|na de pieptoon|na het signaal|voicemail|antwoordapparaat|niet bereikbaar|niet aanwezig|niet opnemen|bel u terug|bel je terug|kan nu niet|op dit moment niet|bent verbonden met"),
		full:    list("voicemail is vol|mailbox is vol|kan geen berichten"), menu: list("toets|druk op|kies|hoofdmenu|volgende opties|keuzemenu|kies een|zeg"),
		screening: list("wie belt|wie er belt|zeg uw naam|uw naam en|reden van uw|de assistent"),
		hold:      list("blijf aan de lijn|een ogenblik geduld|al onze medewerkers|medewerkers zijn|eerstvolgende|uw gesprek is belangrijk|u wordt zo|wacht op"),
		nobody:    list("niet in gebruik|nummer dat u|dit nummer is|buiten gebruik|niet aangesloten"),
		human:     list("met wie|spreekt u mee|wie is dit|waarmee kan|wat kan ik|kan ik u helpen|kan ik helpen|zeg het maar|wie spreek"),
		hello:     list("hallo|ja|hoi|goedemorgen|goedemiddag|goedenavond|goeiemorgen|dag|ja hallo|met|eh"),
	},
	"id": {
		machine: list("tinggalkan pesan|silakan tinggalkan|setelah nada|setelah bunyi|kotak suara|pesan suara|tidak dapat menerima|tidak bisa menerima|tidak tersedia|sedang tidak|tidak dapat dihubungi|mesin penjawab|akan menghubungi"),
		full:    list("kotak suara penuh|penuh"), menu: list("tekan|pilih|menu utama|pilihan berikut|untuk layanan|sebutkan"),
		screening: list("siapa yang menelepon|sebutkan nama|nama anda dan|alasan menelepon|asisten"),
		hold:      list("mohon tunggu|harap tunggu|tetap di|semua petugas|petugas kami|panggilan anda penting"),
		nobody:    list("nomor yang anda|tidak terdaftar|tidak aktif|di luar jangkauan|salah nomor"),
		human:     list("dengan siapa|siapa ini|ada yang bisa|bisa saya bantu|ini siapa|dari mana|iya saya|saya sendiri"),
		hello:     list("halo|ya|iya|hai|selamat pagi|selamat siang|selamat sore|selamat malam|assalamualaikum|ya halo|eh"),
	},
	"hi": {
		machine: list("संदेश छोड़ें|मैसेज छोड़ें|संदेश रिकॉर्ड|बीप के बाद|टोन के बाद|वॉइसमेल|वॉयसमेल|उपलब्ध नहीं|उत्तर नहीं दे|जवाब नहीं दे|बाद में कॉल"),
		full:    list("मेलबॉक्स भर|भर गया"), menu: list("दबाएं|दबाएँ|दबाइए|मुख्य मेनू|विकल्प|के लिए एक|के लिए 1"),
		screening: list("कौन बोल रहा|अपना नाम बताएं|नाम और कारण|कॉल करने का कारण|असिस्टेंट"),
		hold:      list("कृपया प्रतीक्षा|लाइन पर बने|सभी प्रतिनिधि|आपकी कॉल महत्वपूर्ण|कृपया होल्ड|प्रतीक्षा करें"),
		nobody:    list("मौजूद नहीं|स्विच ऑफ|पहुंच से बाहर|कवरेज क्षेत्र से बाहर|नंबर गलत|सेवा में नहीं"),
		human:     list("कौन|आप कौन|क्या मदद|कैसे मदद|बोल रहा हूं|बोल रहा हूँ|बोल रही हूं|बोल रही हूँ|बताइए|क्या काम"),
		hello:     list("हैलो|हेलो|हलो|जी|हां|हाँ|हाँ जी|हां जी|नमस्ते|नमस्कार|जी हाँ|कौन|बोलिए|अरे"),
	},
	"ja": {
		machine: list("メッセージをお残し|メッセージを残|メッセージをどうぞ|発信音の後|発信音のあと|ピーという|留守番電話|留守電|電話に出ることができません|出られません|電話に出られ|おつなぎできません|おかけになった電話は|録音"),
		full:    list("いっぱい|満杯|録音できません"), menu: list("押してください|番号を押|を押して|ボタンを|メニュー|番号をお選び|シャープ"),
		screening: list("お名前とご用件|お名前をおっしゃ|ご用件をお話し|どちら様でしょうか録音|アシスタント"),
		hold:      list("お待ちください|少々お待ち|混み合って|順番に|おつなぎします|そのままお待ち"),
		nobody:    list("現在使われて|使われておりません|電源が入っていない|電波の届かない|番号をお確かめ"),
		human:     list("どちら様|どなた|ご用件は|承ります|担当の|私です|でございます|お電話ありがとう"),
		hello:     list("もしもし|はい|はいもしもし|おはようございます|こんにちは|ええ|はーい|どうも|えー"), unspaced: true,
	},
	"ko": {
		machine: list("메시지를 남겨|메시지 남겨|음성 메시지|음성메시지|삐 소리|삐소리|음성 사서함|음성사서함|전화를 받을 수 없|받을 수 없어|부재중|소리샘|연결이 되지 않아"),
		full:    list("가득 찼|저장 공간이"), menu: list("번을 눌러|눌러 주|누르세요|눌러주|번 버튼|메뉴|선택해 주|우물정"),
		screening: list("누구신지|성함과 용건|이름과 용건|어시스턴트"),
		hold:      list("잠시만 기다려|기다려 주십시오|상담원이 모두|통화 중입니다 잠시|연결 중|상담원을 연결"),
		nobody:    list("없는 번호|결번|전원이 꺼져|확인하시고|서비스 지역"),
		human:     list("누구세요|누구시죠|어디세요|무엇을 도와|도와드릴까|말씀하세요|접니다|전데요"),
		hello:     list("여보세요|네|예|안녕하세요|네 여보세요|응|어|네네"), unspaced: true,
	},
}
