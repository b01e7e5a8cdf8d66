package console

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// drawPetitions is the map of what people ask who use a right (verzoeken van
// betrokkenen, art. 15 to 22 AVG).
func (c *Console) drawPetitions() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy/inwoners", officer, listPetitions)
	c.page("GET /privacy/inwoners/nieuw", officer, newPetitionPage)
	c.page("POST /privacy/inwoners/nieuw", officer, newPetition)
	c.page("GET /privacy/inwoners/{id}", officer, petitionPage)
	c.page("GET /privacy/inwoners/{id}/verlengen", officer, extendPage)
	c.page("POST /privacy/inwoners/{id}/verlengen", officer, extend)
	c.page("GET /privacy/inwoners/{id}/besluit", officer, rulePage)
	c.page("POST /privacy/inwoners/{id}/besluit", officer, rule)
	c.page("GET /privacy/inwoners/{id}/inzage", officer, accessPage)
	c.page("POST /privacy/inwoners/{id}/inzage", officer, access)
}

// options are codes with words in the catalogue.
func options[T ~string](v *visit, prefix string, codes ...T) (all []option) {
	for _, c := range codes {
		all = append(all, option{string(c), v.word(prefix + string(c))})
	}
	return all
}

// refused puts a refusal of a door at the field that it names, where the form
// has it under another name.
func (v *visit) refused(f *form, err error, fields map[string]string) error {
	var refusal *exchange.Refusal
	if !errors.As(err, &refusal) && statusOf(err) >= http.StatusInternalServerError {
		return err
	}
	m := v.advice(err)
	if refusal != nil {
		for i := 0; i+1 < len(refusal.Params); i += 2 {
			if refusal.Params[i] == "field" {
				m.Field = fields[refusal.Params[i+1]]
			}
		}
	}
	f.Mistakes = append(f.Mistakes, m)
	return nil
}

// inOrder puts the mistakes in the order in which the page has the fields.
func (f *form) inOrder(fields ...string) {
	slices.SortStableFunc(f.Mistakes, func(a, b mistake) int {
		return cmp.Compare(slices.Index(fields, a.Field), slices.Index(fields, b.Field))
	})
}

// listPetitions lists what people asked: whose it is, the list does not say.
func listPetitions(v *visit) error {
	all, err := v.c.node.Petitions(v.r.Context(), peer.PetitionFilter{Hat: v.session.hat, Within: -1, Closed: true})
	if err != nil {
		return err
	}
	return v.show("petitions", v.word("petitions.title"), all)
}

// A petitionForm is the form of what somebody asks.
type petitionForm struct {
	form
	Kinds, Proofs []option
}

func (v *visit) petitionForm() petitionForm {
	f := petitionForm{
		form: form{Values: v.r.Form}, Kinds: options(v, "petition.right.", exchange.PetitionKinds[:]...),
		Proofs: options(v, "petition.proof.", exchange.IdentityProofs[:]...),
	}
	if f.Value("ontvangen") == "" {
		f.Values.Set("ontvangen", v.today().Format(time.DateOnly))
	}
	return f
}

func newPetitionPage(v *visit) error {
	return v.show("petition-new", v.word("petition.new"), v.petitionForm())
}

// petitionFields are the fields of the forms by what the doors call them.
var petitionFields = map[string]string{
	"kind": "soort", "identity": "bewijs", "received": "ontvangen", "asked": "gevraagd", "why": "waarom", "told": "verteld", "ruling": "uitkomst",
	"ground": "grond", "weighing": "afweging", "without": "zonder", "name": "naam", "born": "geboren", "search": "reden", "until": "tot", "reason": "waarom",
}

// newPetition takes in what somebody asks.
func newPetition(v *visit) error {
	f := v.petitionForm()
	p := exchange.Petition{
		Kind: exchange.PetitionKind(v.field("soort")), Identity: exchange.IdentityProof(v.field("bewijs")), Asked: v.text("gevraagd"), Person: v.sought(&f.form),
	}
	var ok bool
	if p.Received, ok = v.day("ontvangen"); !ok {
		f.wrong("ontvangen", v.word("decide.day"))
	}
	for _, m := range [][2]string{{"soort", "petition.kind.missing"}, {"gevraagd", "petition.asked.missing"}, {"bewijs", "petition.proof.missing"}} {
		if v.field(m[0]) == "" {
			f.wrong(m[0], v.word(m[1]))
		}
	}
	f.inOrder("soort", "ontvangen", "gevraagd", "bsn", "naam", "geboren", "bewijs")
	if len(f.Mistakes) == 0 {
		opened, err := v.c.node.OpenPetition(v.r.Context(), v.who(), p)
		if err == nil {
			v.say("petition.opened")
			return v.redirect("/privacy/inwoners/" + string(opened.ID))
		}
		if err := v.refused(&f.form, err, petitionFields); err != nil {
			return err
		}
	}
	return v.show("petition-new", v.word("petition.new"), f)
}

// sought is whom a form is about: by number, by name and date of birth, or both.
func (v *visit) sought(f *form) (s exchange.Sought) {
	s.Name, s.Born = v.text("naam"), v.text("geboren")
	if v.field("bsn") == "" {
		if s.Name.Zero() || s.Born.Zero() {
			f.wrong("bsn", v.word("petition.person.missing"))
		}
		return s
	}
	var err error
	if s.BSN, err = exchange.ParseBSN(v.field("bsn")); err != nil {
		f.wrong("bsn", v.word("case.bsn.wrong"))
	}
	return s
}

// A petitionView is one petition as the privacy officer reads it.
type petitionView struct {
	exchange.Petition
	Summary peer.PetitionSummary
	Ground  exchange.GroundOfRefusal
}

// petitionPage shows what somebody asked. That she looked is in the ledger.
func petitionPage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	p, err := v.c.node.ViewPetition(v.r.Context(), v.who(), id)
	if err != nil {
		return err
	}
	view := petitionView{Petition: p, Summary: v.c.node.SummaryOfPetition(p)}
	view.Ground, _ = exchange.GroundOf(p.Ruling.Ground)
	return v.show("petition", v.word("petition.title"), view)
}

// petition is what may be shown of the petition of the path without opening it.
func (v *visit) petition() (peer.PetitionSummary, error) {
	id, err := v.id()
	if err != nil {
		return peer.PetitionSummary{}, err
	}
	all, err := v.c.node.Petitions(v.r.Context(), peer.PetitionFilter{Hat: v.session.hat, Within: -1, Closed: true})
	if err != nil {
		return peer.PetitionSummary{}, err
	}
	at := slices.IndexFunc(all, func(s peer.PetitionSummary) bool { return s.ID == id })
	if at < 0 {
		return peer.PetitionSummary{}, errNoPage
	}
	return all[at], nil
}

// An extendForm is the form of two months more.
type extendForm struct {
	form
	peer.PetitionSummary
}

func (v *visit) extendForm() (f extendForm, err error) {
	f.form = form{Values: v.r.Form}
	f.PetitionSummary, err = v.petition()
	if f.Value("verteld") == "" {
		f.Values.Set("verteld", v.today().Format(time.DateOnly))
	}
	return f, err
}

func extendPage(v *visit) error {
	f, err := v.extendForm()
	if err != nil {
		return err
	}
	return v.show("petition-extend", v.word("petition.extend"), f)
}

// extend takes two months more.
func extend(v *visit) error {
	f, err := v.extendForm()
	if err != nil {
		return err
	}
	told, ok := v.day("verteld")
	if !ok {
		f.wrong("verteld", v.word("decide.day"))
	}
	if v.text("waarom").Blank() {
		f.wrong("waarom", v.word("petition.extend.why.missing"))
	}
	f.inOrder("waarom", "verteld")
	if len(f.Mistakes) == 0 {
		_, err := v.c.node.ExtendPetition(v.r.Context(), v.who(), f.ID, v.text("waarom"), told)
		if err == nil {
			v.say("petition.extended")
			return v.redirect("/privacy/inwoners/" + string(f.ID))
		}
		if err := v.refused(&f.form, err, petitionFields); err != nil {
			return err
		}
	}
	return v.show("petition-extend", v.word("petition.extend"), f)
}

// A ruleForm is the form of a decision on a petition.
type ruleForm struct {
	form
	peer.PetitionSummary
	Outcomes, Grounds, Parts []option
}

func (v *visit) ruleForm() (f ruleForm, err error) {
	f.form = form{Values: v.r.Form}
	if f.PetitionSummary, err = v.petition(); err != nil {
		return f, err
	}
	f.Outcomes = options(v, "petition.outcome.", exchange.RulingOutcomes[:]...)
	for _, g := range exchange.RefusalGrounds {
		if len(g.Kinds) == 0 || slices.Contains(g.Kinds, f.Kind) {
			f.Grounds = append(f.Grounds, option{string(g.Code), in(v.lang, g.Name) + " (" + articleIn(v.lang, g.Article) + ")"})
		}
	}
	if f.Kind == exchange.AccessPetition {
		f.Parts = options(v, "petition.part.", exchange.Withholdable[:]...)
	}
	return f, nil
}

func rulePage(v *visit) error {
	f, err := v.ruleForm()
	if err != nil {
		return err
	}
	return v.show("petition-rule", v.word("petition.rule"), f)
}

// rule decides a petition.
func rule(v *visit) error {
	f, err := v.ruleForm()
	if err != nil {
		return err
	}
	r := exchange.Ruling{
		Outcome: exchange.RulingOutcome(v.field("uitkomst")), Ground: exchange.RefusalGround(v.field("grond")), Weighing: v.text("afweging"),
	}
	for _, part := range v.r.Form["zonder"] {
		r.Without = append(r.Without, exchange.Part(part))
	}
	switch {
	case r.Outcome == "":
		f.wrong("uitkomst", v.word("petition.outcome.missing"))
	case r.Outcome == exchange.Granted && r.Ground != "":
		f.wrong("grond", v.word("petition.ground.none"))
	case r.Outcome == exchange.Granted && len(r.Without) > 0:
		f.wrong("zonder", v.word("petition.without.none"))
	case r.Outcome != exchange.Granted:
		if r.Ground == "" {
			f.wrong("grond", v.word("petition.ground.missing"))
		}
		if r.Weighing.Blank() {
			f.wrong("afweging", v.word("petition.weighing.missing"))
		}
	}
	if len(f.Mistakes) == 0 {
		_, err := v.c.node.DecidePetition(v.r.Context(), v.who(), f.ID, r)
		if err == nil {
			v.say("petition.ruled")
			return v.redirect("/privacy/inwoners/" + string(f.ID))
		}
		if err := v.refused(&f.form, err, petitionFields); err != nil {
			return err
		}
	}
	return v.show("petition-rule", v.word("petition.rule"), f)
}

// An accessView is the report on access (inzageoverzicht): what it is, and what
// it says once it was made.
type accessView struct {
	peer.PetitionSummary
	Draft  bool
	Report *peer.Report
}

func accessPage(v *visit) error {
	s, err := v.petition()
	if err != nil {
		return err
	}
	if s.Kind != exchange.AccessPetition {
		return errNoPage
	}
	return v.show("petition-access", v.word("petition.access.title"), accessView{PetitionSummary: s, Draft: s.Outcome == ""})
}

// access makes the report, which is written down, and hands it over or shows it.
func access(v *visit) error {
	s, err := v.petition()
	if err != nil {
		return err
	}
	draft := s.Outcome == ""
	report, err := v.c.node.ReportAccess(v.r.Context(), v.who(), s.ID, draft)
	if err != nil {
		return err
	}
	if v.field("actie") == "scherm" {
		return v.show("petition-report", v.word("petition.access.title"), accessView{PetitionSummary: s, Draft: draft, Report: &report})
	}
	name := "inzage-" + ref(s.ID) + ".pdf"
	if draft {
		name = "concept-" + name
	}
	v.w.Header().Set("Content-Type", "application/pdf")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	v.w.Header().Set("Content-Length", strconv.Itoa(len(report.PDF)))
	_, err = v.w.Write(report.PDF)
	return err
}
