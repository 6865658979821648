package conversation

// handover is what is said around a warm transfer, in the agent's language.
type handover struct {
	hello       string   // to whom is called, before the briefing
	somebody    string   // in place of a briefing
	ask         string   // after it
	accepted    string   // they take the call
	declined    string   // they do not
	connected   string   // to both
	unavailable string   // to a caller whose call ends because nobody takes it over
	yes, no     []string // words that say so
}

func handoverOf(language string) handover {
	return inLanguage(handovers, language)
}

var handovers = map[string]handover{
	"en": {"Hello, this is the automatic assistant with a call for you.", "A caller would like to speak with you.", "Can you take the call? Say yes or press 1, or say no or press 2.",
		"Thank you, I am connecting you.", "All right, I will tell them. Goodbye.", "Thank you for waiting. You are connected now.", "I am sorry, nobody can take your call right now. Please try again later. Goodbye.",
		[]string{"yes", "yes please", "yeah", "sure", "of course", "okay", "put them through", "connect me", "i'll take it", "go ahead"}, []string{"no", "not now", "no thank you", "i can't", "i am busy", "wrong number", "decline"}},
	"es": {"Hola, le habla el asistente automático con una llamada para usted.", "Hay una persona que quiere hablar con usted.", "¿Puede atender la llamada? Diga sí o pulse 1, o diga no o pulse 2.",
		"Gracias, le paso la llamada.", "De acuerdo, se lo diré. Adiós.", "Gracias por esperar. Ya están conectados.", "Lo siento, ahora mismo nadie puede atenderle. Por favor, inténtelo más tarde. Adiós.",
		[]string{"sí", "claro", "por supuesto", "vale", "páseme", "adelante", "de acuerdo"}, []string{"no", "ahora no", "no puedo", "estoy ocupado", "estoy ocupada", "número equivocado"}},
	"de": {"Guten Tag, hier ist der automatische Assistent mit einem Anruf für Sie.", "Jemand möchte mit Ihnen sprechen.", "Können Sie das Gespräch übernehmen? Sagen Sie ja oder drücken Sie die 1, oder sagen Sie nein oder drücken Sie die 2.",
		"Danke, ich verbinde.", "In Ordnung, ich richte es aus. Auf Wiederhören.", "Danke fürs Warten. Sie sind jetzt verbunden.", "Es tut mir leid, gerade kann niemand Ihren Anruf annehmen. Bitte versuchen Sie es später noch einmal. Auf Wiederhören.",
		[]string{"ja", "ja gerne", "ja bitte", "gerne", "natürlich", "klar", "okay", "stellen sie durch", "verbinden sie"}, []string{"nein", "jetzt nicht", "gerade nicht", "ich kann nicht", "geht nicht", "falsch verbunden"}},
	"hi": {"नमस्ते, मैं स्वचालित सहायक हूँ, आपके लिए एक कॉल है।", "एक व्यक्ति आपसे बात करना चाहते हैं।", "क्या आप कॉल ले सकते हैं? हाँ कहें या 1 दबाएँ, या नहीं कहें या 2 दबाएँ।",
		"धन्यवाद, मैं जोड़ रहा हूँ।", "ठीक है, मैं उन्हें बता दूँगा। नमस्ते।", "प्रतीक्षा के लिए धन्यवाद। अब आप जुड़ गए हैं।", "क्षमा करें, अभी कोई आपकी कॉल नहीं ले सकता। कृपया बाद में कोशिश करें। नमस्ते।",
		[]string{"हाँ", "हां", "जी", "जी हाँ", "ठीक है", "ज़रूर", "जोड़ दीजिए"}, []string{"नहीं", "अभी नहीं", "जी नहीं", "मैं व्यस्त हूँ"}},
	"pt": {"Olá, aqui é o assistente automático com uma chamada para você.", "Uma pessoa gostaria de falar com você.", "Pode atender a chamada? Diga sim ou tecle 1, ou diga não ou tecle 2.",
		"Obrigado, estou conectando.", "Está bem, vou avisar. Até logo.", "Obrigado por esperar. Vocês estão conectados agora.", "Desculpe, ninguém pode atender agora. Por favor, tente mais tarde. Até logo.",
		[]string{"sim", "claro", "pode passar", "pode ser", "está bem", "com certeza"}, []string{"não", "agora não", "não posso", "estou ocupado", "estou ocupada", "número errado"}},
	"fr": {"Bonjour, ici l'assistant automatique avec un appel pour vous.", "Une personne souhaite vous parler.", "Pouvez-vous prendre l'appel ? Dites oui ou tapez 1, ou dites non ou tapez 2.",
		"Merci, je vous mets en relation.", "D'accord, je le lui dirai. Au revoir.", "Merci d'avoir patienté. Vous êtes en relation.", "Je suis désolé, personne ne peut prendre votre appel. Veuillez réessayer plus tard. Au revoir.",
		[]string{"oui", "bien sûr", "d'accord", "passez-le-moi", "allez-y", "volontiers"}, []string{"non", "pas maintenant", "je ne peux pas", "je suis occupé", "je suis occupée", "mauvais numéro"}},
	"nl": {"Hallo, dit is de automatische assistent met een gesprek voor u.", "Iemand wil u graag spreken.", "Kunt u het gesprek aannemen? Zeg ja of toets 1, of zeg nee of toets 2.",
		"Dank u, ik verbind u door.", "Goed, ik geef het door. Tot ziens.", "Dank u voor het wachten. U bent nu verbonden.", "Het spijt me, niemand kan uw gesprek nu aannemen. Probeert u het later nog eens. Tot ziens.",
		[]string{"ja", "ja hoor", "natuurlijk", "graag", "prima", "oké", "verbind maar door"}, []string{"nee", "nu niet", "ik kan niet", "ik ben bezig", "verkeerd verbonden"}},
	"id": {"Halo, ini asisten otomatis dengan panggilan untuk Anda.", "Seseorang ingin berbicara dengan Anda.", "Bisakah Anda menerima panggilan ini? Katakan ya atau tekan 1, atau katakan tidak atau tekan 2.",
		"Terima kasih, saya sambungkan.", "Baik, saya akan menyampaikannya. Sampai jumpa.", "Terima kasih sudah menunggu. Anda sudah tersambung.", "Maaf, saat ini tidak ada yang dapat menerima panggilan Anda. Silakan coba lagi nanti. Sampai jumpa.",
		[]string{"ya", "iya", "boleh", "tentu", "baik", "sambungkan"}, []string{"tidak", "tidak sekarang", "tidak bisa", "saya sibuk", "salah sambung"}},
	"it": {"Salve, sono l'assistente automatico con una chiamata per lei.", "Una persona vorrebbe parlare con lei.", "Può prendere la chiamata? Dica sì o prema 1, oppure dica no o prema 2.",
		"Grazie, la metto in contatto.", "Va bene, riferirò. Arrivederci.", "Grazie per l'attesa. Ora siete in linea.", "Mi dispiace, al momento nessuno può rispondere. Riprovi più tardi. Arrivederci.",
		[]string{"sì", "certo", "va bene", "me lo passi", "me la passi", "volentieri"}, []string{"no", "non ora", "non posso", "sono occupato", "sono occupata", "numero sbagliato"}},
	"ja": {"もしもし、自動アシスタントです。お電話が入っています。", "お話ししたいという方がお待ちです。", "お電話に出られますか。はいと言うか1を、いいえと言うか2を押してください。",
		"ありがとうございます。おつなぎします。", "承知しました。お伝えします。失礼いたします。", "お待たせいたしました。おつなぎしました。", "申し訳ありません。ただいま電話に出られる者がおりません。後ほどおかけ直しください。失礼いたします。",
		[]string{"はい", "ええ", "お願いします", "つないで", "大丈夫です"}, []string{"いいえ", "今は", "無理", "できません", "間違い"}},
	"ko": {"안녕하세요, 자동 상담 도우미입니다. 전화가 와 있습니다.", "통화를 원하시는 분이 기다리고 계십니다.", "전화를 받으시겠어요? 네라고 말씀하시거나 1번을, 아니요라고 말씀하시거나 2번을 눌러 주세요.",
		"감사합니다. 연결해 드리겠습니다.", "알겠습니다. 전해 드리겠습니다. 안녕히 계세요.", "기다려 주셔서 감사합니다. 연결되었습니다.", "죄송합니다. 지금은 전화를 받을 수 있는 사람이 없습니다. 나중에 다시 전화해 주세요. 안녕히 계세요.",
		[]string{"네", "예", "좋아요", "연결해", "그럼요"}, []string{"아니요", "아니오", "지금은", "안 돼요", "바빠요", "잘못"}},
}
