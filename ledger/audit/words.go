package audit

// Words say in one language what a finding is and what it means.
type Words struct{ Title, Meaning string }

// A Text is a finding in words.
type Text struct{ NL, EN Words }

// TextOf is what a code means, for people.
func TextOf(code Code) Text { return texts[code] }

var texts = map[Code]Text{
	FrameOrder: {
		Words{"Een deel van de bundel staat op de verkeerde plaats.", "De bundel is niet door een knooppunt gemaakt, of daarna veranderd."},
		Words{"A part of the bundle stands in the wrong place.", "The bundle was not made by a node, or changed afterwards."},
	},
	HeadForm: {
		Words{"Het begin van de bundel klopt niet.", "Er staat niet volledig wie de bundel gaf, of waarover hij gaat."},
		Words{"The head of the bundle is not valid.", "It does not say completely who gave the bundle, or what it covers."},
	},
	HeadTwice: {
		Words{"De bundel heeft twee keer een begin.", "Delen van twee bundels zijn aan elkaar gezet."},
		Words{"The bundle has two heads.", "Parts of two bundles were put together."},
	},
	EndSignature: {
		Words{"De handtekening van de partij onder de bundel klopt niet.", "De partij is niet gebonden aan wat hier staat."},
		Words{"The party's signature under the bundle is not valid.", "The party is not bound to what stands here."},
	},
	EndDigest: {
		Words{"De partij tekende voor een andere bundel.", "Na het tekenen is iets veranderd, weggelaten of toegevoegd."},
		Words{"The party signed for another bundle.", "After the signing something was changed, left out or added."},
	},
	RegisterInvalid: {
		Words{"Een register in de bundel is niet geldig.", "De registerautoriteit heeft dit niet zo ondertekend."},
		Words{"A register in the bundle is not valid.", "The register authority did not sign it like this."},
	},
	RegisterOrder: {
		Words{"De registers volgen niet op elkaar.", "Een versie staat er twee keer, of na een nieuwere."},
		Words{"The registers do not follow each other.", "A version stands there twice, or after a newer one."},
	},
	RegisterMissing: {
		Words{"Een register dat gold, zit niet in de bundel.", "Wat in die tijd werd getekend, is niet na te gaan."},
		Words{"A register that was in force is not in the bundle.", "What was signed in that time can't be checked."},
	},
	RegisterUnused: {
		Words{"Een register in de bundel is nooit in gebruik genomen.", "Het logboek heeft er geen regel over."},
		Words{"A register in the bundle was never installed.", "The ledger has no entry about it."},
	},
	PartyUnlisted: {
		Words{"De partij staat niet in het register.", "Niemand bevestigt van wie dit logboek is."},
		Words{"The party is not in the register.", "Nobody vouches for whose ledger this is."},
	},
	LedgerKey: {
		Words{"De sleutel van het logboek is niet die van het register.", "Dit kan een ander logboek zijn dan waar partners mee werken."},
		Words{"The key of the ledger is not that of the register.", "This may be another ledger than the one that partners work with."},
	},
	EntryForm: {
		Words{"Een regel van het logboek is niet te lezen.", "De regel is veranderd, of door iets anders geschreven dan een knooppunt."},
		Words{"An entry of the ledger can't be read.", "The entry was changed, or written by something else than a node."},
	},
	EntryGap: {
		Words{"Een regel heeft niet het nummer van zijn plaats.", "Hier is een regel weggelaten, verwisseld of toegevoegd."},
		Words{"An entry does not have the number of its place.", "Here an entry was left out, swapped or added."},
	},
	EntryTime: {
		Words{"De tijd gaat terug.", "Een regel is ouder dan de regel ervoor."},
		Words{"Time goes back.", "An entry is older than the one before it."},
	},
	EntryFuture: {
		Words{"Een regel is van na de bundel.", "Zijn tijd kan niet kloppen."},
		Words{"An entry is from after the bundle.", "Its time can't be right."},
	},
	NoBeginning: {
		Words{"Het logboek begint niet bij het begin.", "De eerste regel, en geen andere, zegt dat het knooppunt is gemaakt."},
		Words{"The ledger does not begin at the beginning.", "The first entry, and no other, says that the node was made."},
	},
	KindUnknown: {
		Words{"Een regel is van een soort die dit programma niet kent.", "Het programma is ouder dan het knooppunt, of de soort bestaat niet."},
		Words{"An entry is of a kind that this program does not know.", "The program is older than the node, or there is no such kind."},
	},
	OwnParty: {
		Words{"Een regel is van een andere organisatie.", "Een logboek is van een partij; dit hoort er niet in."},
		Words{"An entry is of another organisation.", "A ledger is of one party; this does not belong in it."},
	},
	CheckpointMissing: {
		Words{"De ondertekende kop ontbreekt.", "De partij staat niet in voor dit logboek."},
		Words{"The signed checkpoint is missing.", "The party does not stand for this ledger."},
	},
	CheckpointWrong: {
		Words{"De kop is niet ondertekend met de sleutel van dit logboek.", "De partij staat niet in voor dit logboek."},
		Words{"The checkpoint is not signed with the key of this ledger.", "The party does not stand for this ledger."},
	},
	CheckpointSize: {
		Words{"De kop gaat over een ander aantal regels.", "Er zijn regels weggelaten of toegevoegd."},
		Words{"The checkpoint is about another number of entries.", "Entries were left out or added."},
	},
	RootWrong: {
		Words{"De handtekening hoort niet bij deze regels.", "Minstens een regel is veranderd, weggelaten, verwisseld of toegevoegd."},
		Words{"The signature does not belong to these entries.", "At least one entry was changed, left out, swapped or added."},
	},
	CosignatureWrong: {
		Words{"Een medeondertekening van de kop klopt niet.", "Een partner heeft dit logboek niet zo gezien als hier staat."},
		Words{"A cosignature of the checkpoint is not valid.", "A partner did not see this ledger as it stands here."},
	},
	HeldForm: {
		Words{"Een kop van een partner in de bundel is niet te lezen.", "Hij telt niet mee als bewijs."},
		Words{"A checkpoint of a partner in the bundle can't be read.", "It does not count as evidence."},
	},
	GrantMissing: {
		Words{"Het logboek zegt niet dat deze inzage is gegeven.", "De bundel is buiten het knooppunt om gemaakt."},
		Words{"The ledger does not say that this inspection was granted.", "The bundle was made outside the node."},
	},
	GrantDiffers: {
		Words{"In het logboek staat een andere inzage dan in de bundel.", "De bundel bevat meer of minder dan er is toegestaan."},
		Words{"The ledger grants another inspection than the bundle has.", "The bundle holds more or less than was granted."},
	},
	PartKeyMissing: {
		Words{"Een regel die onder de inzage valt, is niet geopend.", "De partij houdt iets achter. Bij een vernietigd dossier is dat geen bevinding; dit is er geen."},
		Words{"An entry that the inspection covers was not opened.", "The party keeps something back. For a destroyed dossier that is no finding; this is none."},
	},
	PartKeySurplus: {
		Words{"Een regel buiten de inzage is geopend.", "De partij gaf meer dan er is toegestaan."},
		Words{"An entry outside the inspection was opened.", "The party gave more than was granted."},
	},
	PartKeyWrong: {
		Words{"De sleutel past niet op deze regel.", "Wat de partij laat zien, staat niet in het logboek."},
		Words{"The key does not fit this entry.", "What the party shows is not what the ledger holds."},
	},
	PartForm: {
		Words{"Het verzegelde deel van een regel klopt niet.", "Het zegt niet op de vaste manier wie wat deed."},
		Words{"The private part of an entry is not valid.", "It does not say in the fixed way who did what."},
	},
	PartRegister: {
		Words{"Een stap is beoordeeld met een ander register dan er gold.", "De wet of de partijen waren op dat moment anders."},
		Words{"A step was judged by another register than was in force.", "The law or the parties were different at that moment."},
	},
	NotDestroyed: {
		Words{"Een dossier dat vernietigd heet, is nog te openen.", "De sleutel bestaat nog; de gegevens zijn niet vernietigd."},
		Words{"A dossier that is said to be destroyed can still be opened.", "The key still exists; the data were not destroyed."},
	},
	MessageMissing: {
		Words{"Een bericht dat onder de inzage valt, ontbreekt.", "De partij houdt een bericht achter waar het logboek van spreekt."},
		Words{"A message that the inspection covers is missing.", "The party keeps back a message that the ledger speaks of."},
	},
	MessageSurplus: {
		Words{"Er zit een bericht bij dat er niet hoort.", "De partij gaf meer dan er is toegestaan."},
		Words{"There is a message that does not belong here.", "The party gave more than was granted."},
	},
	MessageDigest: {
		Words{"Het bericht is niet dat van de regel.", "De partij laat een ander bericht zien dan er ging of kwam."},
		Words{"The message is not that of the entry.", "The party shows another message than the one that went or came."},
	},
	MessageWrong: {
		Words{"Een bericht is niet geldig.", "De handtekening of de vorm klopt niet met de sleutels die toen golden."},
		Words{"A message is not valid.", "Its signature or form does not hold with the keys of the time."},
	},
	MessageDiffers: {
		Words{"Het bericht zegt iets anders dan de regel.", "Afzender, ontvanger, doel, soort of verzoek is anders."},
		Words{"The message says something else than the entry.", "Sender, addressee, purpose, kind or request is another."},
	},
	MessageClock: {
		Words{"De tijd van het bericht past niet bij de regel.", "Het bericht is te vroeg, te laat of verlopen."},
		Words{"The time of the message does not fit the entry.", "The message is too early, too late or expired."},
	},
	MessageTwice: {
		Words{"Hetzelfde bericht staat twee keer in het logboek.", "Een bericht gaat of komt maar een keer."},
		Words{"The same message stands in the ledger twice.", "A message goes or comes only once."},
	},
	ReceiptWrong: {
		Words{"Een ontvangstbewijs bewijst niets.", "Het noemt iets anders, of het bewijs uit het logboek van de partner klopt niet."},
		Words{"A receipt proves nothing.", "It names something else, or its proof from the partner's ledger does not hold."},
	},
	ReceiptOfNone: {
		Words{"Er is een ontvangstbewijs voor een bericht dat volgens dit logboek nooit ging.", "De partij verstuurde iets en liet de regel daarover weg."},
		Words{"There is a receipt for a message that this ledger never issued.", "The party sent something and left out the entry about it."},
	},
	ReceiptClock: {
		Words{"De tijd in het logboek van de partner past niet bij deze.", "Een van beide klokken of regels klopt niet."},
		Words{"The time in the partner's ledger does not fit this one.", "One of the clocks or entries is wrong."},
	},
	OrderBroken: {
		Words{"Deze stap kon toen niet.", "Wat eraan vooraf moest gaan, staat niet in het logboek, of het was al voorbij."},
		Words{"This step was not possible then.", "What must come before is not in the ledger, or it was over already."},
	},
	AnswerMissing: {
		Words{"Er is besloten, en volgens dit logboek ging er geen antwoord.", "Besluit en antwoord worden samen opgeschreven; de regel over het antwoord is weggelaten."},
		Words{"There is a decision, and this ledger issued no answer to it.", "Decision and answer are written down together; the entry about the answer was left out."},
	},
	ExchangeClock: {
		Words{"Het kenmerk van het verzoek is van een andere tijd dan de eerste regel.", "Het verzoek is later of eerder gemaakt dan het logboek zegt."},
		Words{"The identifier of the request is of another time than its first entry.", "The request was made later or earlier than the ledger says."},
	},
	DisclosuresLess: {
		Words{"Een antwoord komt zonder wat erin stond.", "De inzage zou ook de inhoud van antwoorden geven."},
		Words{"An answer comes without what it said.", "The inspection would give the content of answers too."},
	},
	DisclosuresMore: {
		Words{"Een antwoord komt met wat erin stond.", "De partij gaf meer dan er is toegestaan."},
		Words{"An answer comes with what it said.", "The party gave more than was granted."},
	},

	OnwardRefused: {
		Words{"De partij gaf gegevens door tegen een voorwaarde in.", "Het knooppunt van de ontvanger nam ze niet aan."},
		Words{"The party passed data on against a condition.", "The recipient's node did not accept them."},
	},
	Unnoticed: {
		Words{"De partij gaf gegevens door en vertelde dat niet aan wie ze verstrekte.", "De verstrekker weet niet waar zijn gegevens zijn."},
		Words{"The party passed data on and did not tell who supplied them.", "The supplier does not know where his data are."},
	},
	Omitted: {
		Words{"De partij heeft geen regel over een bericht waarvan de ander bewijs heeft.", "Zij liet weg dat zij dit stuurde of ontving."},
		Words{"The party has no entry for a message that the other holds proof of.", "It left out that it sent or received this."},
	},
	PairDiffers: {
		Words{"Twee partijen schrijven over hetzelfde bericht iets anders op.", "Verzoek, doel of partij is bij de een anders dan bij de ander."},
		Words{"Two parties write something else about the same message.", "Request, purpose or party is another at one than at the other."},
	},
	OtherContent: {
		Words{"Wat de een zegt te hebben gestuurd, is niet wat de ander ontving.", "De inhoud is bij een van beide veranderd."},
		Words{"What one says it sent is not what the other received.", "The content was changed at one of them."},
	},
	TimesDiffer: {
		Words{"Een bericht is ontvangen voordat het ging.", "Een van beide klokken of regels klopt niet."},
		Words{"A message was received before it went.", "One of the clocks or entries is wrong."},
	},
	LedgerForked: {
		Words{"Een partner zag een ander logboek.", "De partij heeft haar logboek herschreven, of laat er twee zien."},
		Words{"A partner saw another ledger.", "The party rewrote its ledger, or shows two of them."},
	},
	LedgerShorter: {
		Words{"Een partner zag een langer logboek.", "De partij heeft het einde van haar logboek weggelaten."},
		Words{"A partner saw a longer ledger.", "The party left out the end of its ledger."},
	},
}
