package console

import (
	"slices"
	"sync"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// lately is how long an answer counts as new for somebody who did not read it.
const lately = 7 * 24 * time.Hour

// readings remember who opened which answer. They are for a number in the
// navigation: a node that starts again counts the answers of the last days anew.
type readings struct {
	mu sync.Mutex
	at map[reader]time.Time
}

// A reader is somebody with what he read.
type reader struct {
	who exchange.ActorID
	id  exchange.ID
}

func newReadings() *readings { return &readings{at: map[reader]time.Time{}} }

func (r *readings) note(who exchange.ActorID, id exchange.ID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for one, at := range r.at {
		if now.Sub(at) > lately {
			delete(r.at, one)
		}
	}
	r.at[reader{who, id}] = now
}

func (r *readings) has(who exchange.ActorID, id exchange.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.at[reader{who, id}]
	return ok
}

// waits reports whether a request waits for a decision of who looks.
func (v *visit) waits(s *peer.Summary) bool {
	switch {
	case s.Asked > 0:
		return true
	case s.Side != exchange.Supplier:
		return false
	case s.Phase == exchange.Proposed:
		return s.Assigned != v.session.actor // a second colleague decides
	}
	return s.Phase == exchange.Weighing && (s.Assigned == "" || s.Assigned == v.session.actor)
}

// wantsReply reports whether the other party asked for an explanation.
func wantsReply(s *peer.Summary) bool {
	return s.Side == exchange.Asker && s.Phase == exchange.Clarifying
}

// fresh reports whether a request of ours was answered and who looks did not read
// that yet.
func (v *visit) fresh(s *peer.Summary) bool {
	at := s.Answered
	if at.IsZero() {
		at = s.Changed
	}
	return s.Side == exchange.Asker && !s.PassedOn && (s.Phase == exchange.Answered || s.Phase == exchange.Refused) &&
		v.c.now().Sub(at) < lately && !v.c.read.has(v.session.actor, s.ID)
}

// manyNew is where counting what is new stops: more than that is many.
const manyNew = 100

// counted is how much waits behind each entry of the navigation. A page does
// without where that is not known.
func (v *visit) counted() map[string]int {
	if !slices.Contains(homes[v.session.role], "/werkbak") {
		return nil
	}
	work, news := 0, 0
	err := v.c.node.EachSummary(v.r.Context(), peer.Filter{Hat: v.session.hat, Open: true}, func(s *peer.Summary) {
		if v.waits(s) {
			work++
		}
		if wantsReply(s) {
			news++
		}
	})
	if err != nil {
		return nil
	}
	asked := peer.Filter{Side: exchange.Asker, Hat: v.session.hat}
	if err := v.c.node.EachChange(v.r.Context(), asked, v.c.now().Add(-lately), func(s *peer.Summary) bool {
		if v.fresh(s) {
			news++
		}
		return news < manyNew
	}); err != nil {
		return nil
	}
	return map[string]int{"/werkbak": work, "/casussen": news, "/meldingen": news}
}

// A caseRow is one case in the list: nothing says whom it concerns.
type caseRow struct {
	peer.CaseSummary
	Asked, Answered int
	Wants           bool // the other party asked for an explanation
	Fresh           bool // an answer came that who looks did not read
}

// caseRows puts to each case how its requests stand.
func (v *visit) caseRows(cases []peer.CaseSummary) ([]caseRow, error) {
	rows := make([]caseRow, len(cases))
	for i, c := range cases {
		row := &rows[i]
		row.CaseSummary = c
		of := peer.Filter{Side: exchange.Asker, Hat: v.session.hat, Case: c.ID}
		if err := v.c.node.EachSummary(v.r.Context(), of, func(s *peer.Summary) {
			if s.PassedOn || s.Phase == exchange.Withdrawn {
				return
			}
			row.Asked++
			if s.Phase.Ended() {
				row.Answered++
			}
			row.Wants, row.Fresh = row.Wants || wantsReply(s), row.Fresh || v.fresh(s)
		}); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// barred reports whether nothing of an answer may go on to anybody: then the page
// does not offer it.
func (v *visit) barred(x exchange.Exchange) bool {
	if x.Phase != exchange.Answered || len(x.Given()) == 0 {
		return false
	}
	routes, err := v.c.node.Routes(v.r.Context(), v.who(), x.ID)
	if err != nil {
		return true // who may pass nothing on
	}
	for _, r := range routes {
		if r.To == x.Request.To {
			continue
		}
		judged, err := v.c.node.JudgePassing(v.r.Context(), v.who(), x.ID, peer.PassingAsking{To: r.To, Purpose: r.Purpose, Items: r.Items, Told: v.c.now()})
		if err != nil || slices.ContainsFunc(judged, func(j exchange.ItemJudgement) bool { return j.Verdict != exchange.Forbidden }) {
			return false
		}
	}
	return true
}

// phoneOf is the number of the desk of a party, as the register has it.
func (c *Console) phoneOf(id exchange.PartyID) string {
	if reg := c.node.Register(); reg != nil {
		p, _ := reg.Party(id.OIN)
		return p.Contact.Phone
	}
	return ""
}
